//! Turns progenitor's code towards our own road, error and response types.
//!
//! What stays is what progenitor is good at: the types, their builders, and one builder per
//! operation that collects its arguments. The end of every `send` is replaced: it hands a
//! `Request` to the road, so that nothing of a foreign error or of a URL can reach a caller.

mod dispatch;
mod send;
mod types;

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{File, ImplItem, Item, parse_quote};

use self::send::rewire_send;
use self::types::{Foreign, Types};
use super::document::Document;
use super::policy::{self, Policies};
use super::prepare::Prepared;

pub fn rewire(
    document: &Document,
    generated: File,
    policies: &Policies,
    prepared: &Prepared,
) -> Result<File, String> {
    let mut file = File {
        items: Vec::new(),
        ..generated.clone()
    };
    file.items.extend(front(document, policies, prepared)?);
    let mut rewired = 0;
    let mut dispatcher = None;
    for item in generated.items {
        match item {
            Item::Mod(mut module) if module.ident == "types" => {
                Types::new(prepared).visit_item_mod_mut(&mut module);
                if let Some((_, items)) = &mut module.content {
                    items.insert(
                        0,
                        parse_quote!(
                            use super::enums;
                        ),
                    );
                }
                file.items.push(Item::Mod(module));
            }
            Item::Mod(mut module) if module.ident == "builder" => {
                let items = module.content.as_mut().map(|(_, items)| items);
                for item in items.into_iter().flatten() {
                    describe_builder(policies, item);
                    rewired += rewire_send(document, policies, item)?;
                }
                Foreign.visit_item_mod_mut(&mut module);
                if let Some((_, items)) = &mut module.content {
                    items.retain(|item| !matches!(item, Item::Use(_)));
                    items.insert(
                        0,
                        parse_quote!(
                            use super::types;
                        ),
                    );
                    items.insert(
                        1,
                        parse_quote!(
                            use crate::Error;
                        ),
                    );
                    items.insert(
                        2,
                        parse_quote!(
                            use crate::pipeline;
                        ),
                    );
                }
                let builders = module.content.iter().flat_map(|(_, items)| items.clone());
                dispatcher = dispatch::dispatch(policies, &builders.collect::<Vec<_>>());
                file.items.push(Item::Mod(module));
            }
            // The constructors of the operation builders, grouped by tag.
            Item::Impl(group) if is_client(&group.self_ty) && group.trait_.is_some() => {
                if let Some(group) = constructors(policies, group) {
                    file.items.push(group);
                }
            }
            _ => {}
        }
    }
    if rewired != policies.len() {
        let what = format!("{rewired} of {} operations were rewired", policies.len());
        return Err(document.fault("", "", what));
    }
    let dispatcher =
        dispatcher.ok_or_else(|| document.fault("", "", "an operation has no builder"))?;
    file.items.push(dispatcher);
    Ok(file)
}

/// How many places of the generated code hold a secret by its type.
pub fn count_secrets(file: &File) -> usize {
    let mut count = 0;
    for item in &file.items {
        let Item::Mod(module) = item else { continue };
        let items = module.content.iter().flat_map(|(_, items)| items);
        for item in items {
            let Item::Struct(item) = item else { continue };
            let in_builder = module.ident == "builder";
            if module.ident != "types" && !in_builder {
                continue;
            }
            count += item
                .fields
                .iter()
                .filter(|field| {
                    let ty = &field.ty;
                    quote!(#ty)
                        .to_string()
                        .replace(' ', "")
                        .contains("crate::Secret")
                })
                .count();
        }
    }
    count
}

/// What stands before the generated items: the client, the policy table and the open enums.
fn front(
    document: &Document,
    policies: &Policies,
    prepared: &Prepared,
) -> Result<Vec<Item>, String> {
    let operations = policy::table(policies, &document.base_path);
    let enums = prepared.enums.iter().map(|open_enum| open_enum.tokens());
    let info = &document.root["info"];
    let doc = format!(
        "{}\n\n{}",
        info["title"].as_str().unwrap_or_default(),
        info["description"].as_str().unwrap_or_default()
    );
    let tokens: TokenStream = quote! {
        #operations

        /// Open sets of values: the documented ones as variants, others kept as they came.
        pub mod enums {
            #(#enums)*
        }

        #[doc = #doc]
        #[derive(Clone, Debug)]
        pub struct Client {
            pub(crate) bound: crate::pipeline::Bound,
        }

        impl Client {
            pub(crate) fn new(bound: crate::pipeline::Bound) -> Self {
                Self { bound }
            }
        }
    };
    syn::parse2::<File>(tokens)
        .map(|file| file.items)
        .map_err(|error| document.fault("", "", error))
}

fn is_client(ty: &syn::Type) -> bool {
    matches!(ty, syn::Type::Path(path) if path.path.is_ident("Client"))
}

/// Says which call a builder belongs to.
fn describe_builder(policies: &Policies, item: &mut Item) {
    let Item::Struct(builder) = item else { return };
    let name = builder.ident.to_string();
    let call = policies.keys().find(|id| id.to_upper_camel_case() == name);
    if let Some(call) = call {
        let doc = format!("The arguments of [`{call}`](super::Client::{call}).");
        builder
            .attrs
            .retain(|attribute| !attribute.path().is_ident("doc"));
        builder.attrs.insert(0, parse_quote!(#[doc = #doc]));
        builder.attrs.insert(
            1,
            parse_quote!(#[must_use = "nothing is sent before `send`"]),
        );
    }
}

/// Turns the trait of one tag into plain methods with documentation from the document.
fn constructors(policies: &Policies, mut group: syn::ItemImpl) -> Option<Item> {
    group.trait_ = None;
    group.items.retain(|item| {
        matches!(item, ImplItem::Fn(method) if policies.contains_key(&method.sig.ident.to_string()))
    });
    for item in &mut group.items {
        let ImplItem::Fn(method) = item else { continue };
        let doc = policies[&method.sig.ident.to_string()].documentation();
        method.vis = parse_quote!(pub);
        method.attrs = vec![parse_quote!(#[doc = #doc])];
    }
    (!group.items.is_empty()).then_some(Item::Impl(group))
}
