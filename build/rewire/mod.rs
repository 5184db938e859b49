//! Turns progenitor's code towards our own road, error and response types.
//!
//! What stays is what progenitor is good at: the types, their builders, and one builder per
//! operation that collects its arguments. The end of every `send` is replaced: it hands a
//! `Request` to the road, so that nothing of a foreign error or of a URL can reach a caller.

mod decoding;
mod dispatch;
mod on_demand;
mod send;
mod setters;
mod types;
mod types_of;

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{File, ImplItem, Item, parse_quote};

use self::on_demand::compile_on_demand;
use self::send::rewire_send;
use self::types::{Foreign, Types};
use self::types_of::required_argument;
use super::document::Document;
use super::policy::{self, Policies};
use super::prepare::Prepared;

pub fn rewire(
    document: &Document,
    generated: File,
    policies: &Policies,
    prepared: &Prepared,
) -> Result<File, String> {
    let mut rest = generated.items;
    let mut types = take_module(document, &mut rest, "types")?;
    rewire_types(document, prepared, &mut types)?;
    let mut builders = take_module(document, &mut rest, "builder")?;
    rewire_builders(document, policies, prepared, &mut builders)?;
    types.iter_mut().for_each(compile_on_demand);
    builders.iter_mut().for_each(compile_on_demand);

    let mut items = front(document, policies, prepared)?;
    for item in rest {
        match item {
            // The constructors of the operation builders, grouped by tag.
            Item::Impl(group) if is_client(&group.self_ty) && group.trait_.is_some() => {
                items.extend(calls(document, policies, &builders, group));
            }
            _ => {}
        }
    }
    let dispatcher = dispatch::dispatch(policies, &builders)
        .ok_or_else(|| document.fault("", "", "an operation has no builder"))?;
    items.push(dispatcher);
    items.push(schemas(&types));
    items.push(parse_quote! {
        /// The types of requests and answers.
        pub mod types { #(#types)* }
    });
    items.push(parse_quote! {
        /// The arguments of the calls.
        pub mod builder { #(#builders)* }
    });
    Ok(File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items,
    })
}

/// The JSON schema of every type, by name.
fn schemas(types: &[Item]) -> Item {
    let names = types.iter().filter_map(|item| match item {
        Item::Struct(item) => Some(&item.ident),
        _ => None,
    });
    let schemas =
        names.map(|name| quote!((stringify!(#name), || ::schemars::schema_for!(types::#name))));
    parse_quote! {
        #[cfg(feature = "schemars")]
        pub(crate) fn schemas() -> Vec<(&'static str, fn() -> ::schemars::Schema)> {
            vec![#(#schemas),*]
        }
    }
}

fn take_module(
    document: &Document,
    items: &mut Vec<Item>,
    name: &str,
) -> Result<Vec<Item>, String> {
    let at = items
        .iter()
        .position(|item| matches!(item, Item::Mod(module) if module.ident == name));
    match at.map(|at| items.remove(at)) {
        Some(Item::Mod(module)) => Ok(module.content.map(|(_, items)| items).unwrap_or_default()),
        _ => Err(document.fault("", "", format!("no module `{name}` was generated"))),
    }
}

fn rewire_types(
    document: &Document,
    prepared: &Prepared,
    types: &mut Vec<Item>,
) -> Result<(), String> {
    let mut visitor = Types::new(prepared);
    types
        .iter_mut()
        .for_each(|item| visitor.visit_item_mut(item));
    setters::derive_defaults(types);
    let mut builders = take_module(document, types, "builder")?;
    setters::friendly_setters(&mut builders, &setters::member_docs(types));
    types.extend(setters::constructors(types));
    decoding::read_members(types);
    types.insert(
        0,
        parse_quote!(
            use super::enums;
        ),
    );
    types.push(parse_quote! {
        /// Builders of the types.
        pub mod builder { #(#builders)* }
    });
    Ok(())
}

fn rewire_builders(
    document: &Document,
    policies: &Policies,
    prepared: &Prepared,
    builders: &mut Vec<Item>,
) -> Result<(), String> {
    let mut rewired = 0;
    builders.retain(|item| !matches!(item, Item::Use(_)));
    for item in builders.iter_mut() {
        describe_builder(policies, item);
        rewired += rewire_send(document, policies, prepared, item)?;
        Foreign.visit_item_mut(item);
    }
    if rewired != policies.len() {
        let what = format!("{rewired} of {} operations were rewired", policies.len());
        return Err(document.fault("", "", what));
    }
    let docs = setters::argument_docs(&prepared.argument_docs);
    setters::friendly_setters(builders, &docs);
    let uses: [Item; 3] = [
        parse_quote!(
            use super::types;
        ),
        parse_quote!(
            use crate::Error;
        ),
        parse_quote!(
            use crate::pipeline;
        ),
    ];
    builders.splice(0..0, uses);
    Ok(())
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
            pub(crate) context: crate::pipeline::CallContext,
        }

        impl Client {
            pub(crate) fn new(context: crate::pipeline::CallContext) -> Self {
                Self { context }
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

/// The name and the description of the tag that a group of calls belongs to.
fn group_doc(
    document: &Document,
    policies: &Policies,
    group: &syn::ItemImpl,
) -> Option<syn::Attribute> {
    let tag = group.items.iter().find_map(|item| match item {
        ImplItem::Fn(method) => Some(&policies.get(&method.sig.ident.to_string())?.tag),
        _ => None,
    })?;
    let tags = document.root["tags"].as_array().into_iter().flatten();
    let described = tags.filter(|described| described["name"] == tag.as_str());
    let description = described
        .filter_map(|tag| tag["description"].as_str())
        .next();
    let doc = format!("**{tag}.** {}", description.unwrap_or_default());
    Some(parse_quote!(#[doc = #doc]))
}

/// Turns the trait of one tag into plain methods that ask for what is required, with
/// documentation from the document.
fn calls(
    document: &Document,
    policies: &Policies,
    builders: &[Item],
    mut group: syn::ItemImpl,
) -> Option<Item> {
    group.trait_ = None;
    group.attrs = vec![group_doc(document, policies, &group)?];
    group.items = group
        .items
        .iter()
        .filter_map(|item| {
            let ImplItem::Fn(method) = item else {
                return None;
            };
            let id = &method.sig.ident;
            let policy = policies.get(&id.to_string())?;
            let builder = id.to_string().to_upper_camel_case();
            let builder = builders.iter().find_map(|item| match item {
                Item::Struct(found) if found.ident == builder => Some(found),
                _ => None,
            })?;
            let required = required_argument(builder);
            let name: Vec<_> = required.iter().map(|required| &required.name).collect();
            let ty = required.iter().map(|required| &required.ty);
            let (doc, builder) = (policy.documentation(), &builder.ident);
            Some(parse_quote! {
                #[doc = #doc]
                pub fn #id(
                    &self,
                    #(#name: impl ::std::convert::Into<#ty>)*
                ) -> builder::#builder<'_> {
                    builder::#builder::new(self)#(.#name(#name.into()))*
                }
            })
        })
        .collect();
    (!group.items.is_empty()).then_some(Item::Impl(group))
}
