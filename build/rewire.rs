//! Turns progenitor's code towards our own road, error and response types.
//!
//! What stays is what progenitor is good at: the types, their builders, and one builder per
//! operation that collects its arguments. The end of every `send` is replaced: it hands a
//! `Request` to the road, so that nothing of a foreign error or of a URL can reach a caller.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, File, ImplItem, Item, Stmt, parse_quote};

use super::document::Document;
use super::policy::{self, Policies, Policy};
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
    for item in generated.items {
        match item {
            Item::Mod(mut module) if module.ident == "types" => {
                Types {
                    prepared,
                    owner: String::new(),
                }
                .visit_item_mod_mut(&mut module);
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
                    rewired += builder(document, policies, item)?;
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

/// Rewrites the `send` of one builder; answers how many were found.
fn builder(document: &Document, policies: &Policies, item: &mut Item) -> Result<usize, String> {
    let Item::Impl(implementation) = item else {
        return Ok(0);
    };
    let mut found = 0;
    for item in &mut implementation.items {
        let ImplItem::Fn(method) = item else { continue };
        if method.sig.ident != "send" {
            continue;
        }
        let policy = policy_of(policies, &method.block)
            .ok_or_else(|| document.fault("", "", "a generated call names no operation"))?;
        let fault = |what: &str| document.fault(&policy.path, &policy.method, what);
        let start = method
            .block
            .stmts
            .iter()
            .position(|statement| format_arguments(statement).is_some())
            .ok_or_else(|| fault("the generated call builds no path"))?;
        let path = path(&method.block.stmts[start])
            .ok_or_else(|| fault("the generated path was not understood"))?;
        let request = request(&method.block.stmts[start..], policy, path)
            .ok_or_else(|| fault("the generated request was not understood"))?;
        let output = &method.sig.output;
        let output = quote!(#output).to_string().replace(' ', "");
        let finish = if output.contains("ResponseValue<()>") {
            format_ident!("call_empty")
        } else if output.contains("ByteStream") {
            return Err(fault("an answer must be JSON or empty"));
        } else {
            format_ident!("call")
        };
        let constant = policy.constant();
        method.block.stmts.truncate(start);
        InvalidRequest(&constant).visit_block_mut(&mut method.block);
        let tail: Expr = parse_quote!(client.bound.#finish(#request).await);
        method.block.stmts.push(Stmt::Expr(tail, None));
        let doc = format!(
            "Sends `{} {}`.\n\n# Errors\n\nSee [`Error`](crate::Error).",
            policy.method, policy.path
        );
        method.attrs = vec![parse_quote!(#[doc = #doc])];
        found += 1;
    }
    Ok(found)
}

fn policy_of<'a>(policies: &'a Policies, block: &syn::Block) -> Option<&'a Policy> {
    struct Find(Option<String>);
    impl VisitMut for Find {
        fn visit_expr_struct_mut(&mut self, node: &mut syn::ExprStruct) {
            if node.path.is_ident("OperationInfo")
                && let Some(Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(id),
                    ..
                })) = node.fields.first().map(|field| &field.expr)
            {
                self.0 = Some(id.value());
            }
        }
    }
    let mut find = Find(None);
    find.visit_block_mut(&mut block.clone());
    policies.get(&find.0?)
}

/// The arguments of `let url = format!(…)`.
fn format_arguments(statement: &Stmt) -> Option<TokenStream> {
    let Stmt::Local(local) = statement else {
        return None;
    };
    match &*local.init.as_ref()?.expr {
        Expr::Macro(call) if call.mac.path.is_ident("format") => Some(call.mac.tokens.clone()),
        _ => None,
    }
}

/// The path below the base URL, each value checked and encoded as one segment.
fn path(statement: &Stmt) -> Option<TokenStream> {
    use syn::parse::Parser;
    let arguments = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated
        .parse2(format_arguments(statement)?)
        .ok()?;
    let mut arguments = arguments.into_iter();
    let Expr::Lit(syn::ExprLit {
        lit: syn::Lit::Str(template),
        ..
    }) = arguments.next()?
    else {
        return None;
    };
    let template = template.value();
    let template = template.strip_prefix("{}")?;
    arguments.next()?;
    let values: Vec<_> = arguments
        .map(|argument| segment_value(&argument))
        .collect::<Option<_>>()?;
    if values.is_empty() {
        return Some(quote!(#template));
    }
    Some(quote!(format!(#template, #(#values),*)))
}

/// From `encode_path(&code.to_string())` to a checked segment that may be a secret.
fn segment_value(argument: &Expr) -> Option<TokenStream> {
    let Expr::Call(call) = argument else {
        return None;
    };
    let Expr::Reference(reference) = call.args.first()? else {
        return None;
    };
    let Expr::MethodCall(to_string) = &*reference.expr else {
        return None;
    };
    let Expr::Path(value) = &*to_string.receiver else {
        return None;
    };
    let name = value.path.get_ident()?.to_string();
    Some(quote!(pipeline::segment(#name, &#value)?))
}

/// Our request from the chain of calls on reqwest's builder.
fn request(statements: &[Stmt], policy: &Policy, path: TokenStream) -> Option<TokenStream> {
    let chain = statements.iter().find_map(|statement| match statement {
        Stmt::Local(local) => match &*local.init.as_ref()?.expr {
            Expr::Try(attempt) => match &*attempt.expr {
                Expr::MethodCall(call) if call.method == "build" => Some(&*call.receiver),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })?;
    let mut steps = Vec::new();
    let mut next = chain;
    while let Expr::MethodCall(call) = next {
        let argument = call.args.first();
        match call.method.to_string().as_str() {
            "json" => steps.push(quote!(.json(#argument)?)),
            "query" => {
                let Expr::Reference(reference) = argument? else {
                    return None;
                };
                let Expr::Call(parameter) = &*reference.expr else {
                    return None;
                };
                let (name, value) = (&parameter.args[0], &parameter.args[1]);
                steps.push(quote!(.query(#name, #value)));
            }
            "header" | "headers" | "get" | "put" | "post" | "delete" | "patch" | "head"
            | "options" => {}
            _ => return None,
        }
        next = &call.receiver;
    }
    steps.reverse();
    let constant = policy.constant();
    Some(quote!(pipeline::Request::new(&super::operations::#constant, #path) #(#steps)*))
}

/// `Error::InvalidRequest` becomes our error, which names the operation.
struct InvalidRequest<'a>(&'a syn::Ident);

impl VisitMut for InvalidRequest<'_> {
    fn visit_expr_mut(&mut self, node: &mut Expr) {
        let constant = self.0;
        if matches!(node, Expr::Path(path) if ends_with(&path.path, &["Error", "InvalidRequest"])) {
            *node = parse_quote!(|message| super::operations::#constant.invalid(message));
            return;
        }
        visit_mut::visit_expr_mut(self, node);
    }
}

fn ends_with(path: &syn::Path, names: &[&str]) -> bool {
    path.segments.len() >= names.len()
        && path
            .segments
            .iter()
            .rev()
            .zip(names.iter().rev())
            .all(|(segment, name)| segment.ident == name)
}

/// Foreign response, error and JSON types become ours.
struct Foreign;

impl VisitMut for Foreign {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        let text = quote!(#path).to_string().replace(' ', "");
        if path.is_ident("Error") || text == "Error<()>" {
            *path = parse_quote!(Error);
        } else if let Some(last) = path.segments.last()
            && last.ident == "ResponseValue"
        {
            let arguments = last.arguments.clone();
            *path = parse_quote!(crate::Response);
            if let Some(last) = path.segments.last_mut() {
                last.arguments = arguments;
            }
        } else if text.starts_with("::serde_json::Map")
            || (text.contains("HashMap<") && text.contains("String,crate::AnyJson"))
        {
            let rest: Vec<_> = path
                .segments
                .iter()
                .skip_while(|segment| {
                    !matches!(segment.ident.to_string().as_str(), "Map" | "HashMap")
                })
                .skip(1)
                .cloned()
                .collect();
            *path = parse_quote!(crate::JsonObject);
            path.segments.extend(rest);
        } else if text == "::serde_json::Value" {
            *path = parse_quote!(crate::AnyJson);
        }
    }
}

/// The types: shorter documentation, room to grow, our JSON types.
struct Types<'a> {
    prepared: &'a Prepared,
    owner: String,
}

impl VisitMut for Types<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        Foreign.visit_path_mut(path);
    }

    fn visit_item_struct_mut(&mut self, item: &mut syn::ItemStruct) {
        self.owner = item.ident.to_string();
        if item.fields.iter().all(|field| field.ident.is_some()) && is_public(&item.vis) {
            item.attrs.push(parse_quote!(#[non_exhaustive]));
        }
        visit_mut::visit_item_struct_mut(self, item);
    }

    /// Further members are never missing: a builder starts with none of them.
    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        let missing = matches!(&field.expr, Expr::Call(call)
            if matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Err")));
        if missing && matches!(&field.member, syn::Member::Named(name) if name == "extra") {
            field.expr = parse_quote!(Ok(Default::default()));
        }
        visit_mut::visit_field_value_mut(self, field);
    }

    fn visit_field_mut(&mut self, field: &mut syn::Field) {
        let documented = field
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("doc"));
        if let Some(name) = field.ident.as_ref().filter(|_| !documented) {
            let doc = self
                .prepared
                .field_docs
                .iter()
                .find_map(|((owner, property), doc)| {
                    let same = heck::ToUpperCamelCase::to_upper_camel_case(owner.as_str())
                        == self.owner
                        && heck::ToSnakeCase::to_snake_case(property.as_str()).as_str()
                            == name.to_string();
                    same.then_some(doc)
                });
            if let Some(doc) = doc {
                field.attrs.insert(0, parse_quote!(#[doc = #doc]));
            } else if name == "extra" {
                let doc = "Members that the documentation does not name, as they came.";
                field.attrs.insert(0, parse_quote!(#[doc = #doc]));
            }
        }
        visit_mut::visit_field_mut(self, field);
    }

    fn visit_attributes_mut(&mut self, attributes: &mut Vec<syn::Attribute>) {
        let mut in_schema = false;
        attributes.retain_mut(|attribute| {
            if !attribute.path().is_ident("doc") {
                return true;
            }
            let syn::Meta::NameValue(pair) = &attribute.meta else {
                return true;
            };
            let Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) = &pair.value
            else {
                return true;
            };
            let text = text.value();
            if let Some((before, _)) = text.split_once("<details>") {
                let before = before.trim_end().to_owned();
                *attribute = parse_quote!(#[doc = #before]);
                in_schema = !text.contains("</details>");
                return !before.trim().is_empty();
            }
            if in_schema {
                in_schema = !text.contains("</details>");
                return false;
            }
            true
        });
    }
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}
