//! The calls: a method of the client for each operation, and the `send` of its builder, which hands
//! a request to the pipeline.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{Attribute, Ident, ImplItem, Item, ItemStruct, parse_quote};

use super::builders::{Docs, adapt_setters, make_body_optional, set_doc};
use super::fields::{built, named, only_required};
use super::operations;
use crate::build::document::Document;
use crate::build::names;
use crate::build::policy::Policy;
use crate::build::prepare::documentation;

/// Completes the builders of the operations; returns the methods of the client, by tag.
pub fn calls(
    document: &Document,
    base_path: &str,
    policies: &[Policy<'_>],
    builders: &mut Vec<Item>,
) -> Result<Vec<Item>, String> {
    let is_send =
        |item: &ImplItem| matches!(item, ImplItem::Fn(method) if method.sig.ident == "send");
    builders.retain_mut(|item| {
        if let Item::Impl(group) = item {
            group.items.retain(|item| !is_send(item));
        }
        !matches!(item, Item::Use(_))
    });
    let mut methods: BTreeMap<&str, Vec<ImplItem>> = BTreeMap::new();
    let mut sends = Vec::new();
    let mut docs = Docs::new();
    for policy in policies {
        let operation = &policy.operation;
        let name = names::type_name(operation.id());
        if policy.body_is_optional {
            make_body_optional(builders, &format_ident!("{name}"));
        }
        let builder = builders.iter_mut().find_map(|item| match item {
            Item::Struct(item) if item.ident == name => Some(item),
            _ => None,
        });
        let builder = builder.ok_or_else(|| operation.fault("progenitor generated no builder"))?;
        describe(builder, operation.id());
        let tag = operation.object["tags"][0].as_str().unwrap_or_default();
        methods
            .entry(tag)
            .or_default()
            .push(method(policy, builder));
        sends.push(send(policy, base_path, builder));
        for parameter in operation.arguments() {
            let argument = names::argument(parameter["name"].as_str().unwrap_or_default());
            let doc = documentation(parameter, document.resolve(&parameter["schema"]));
            if !doc.is_empty() {
                docs.insert((name.clone(), argument), parse_quote!(#[doc = #doc]));
            }
        }
    }
    adapt_setters(builders, &docs);
    builders.extend(sends);
    let groups = methods.into_iter().map(|(tag, methods)| {
        let doc = tag_doc(document, tag);
        parse_quote! {
            #doc
            impl Client { #(#methods)* }
        }
    });
    Ok(groups.collect())
}

/// Says which call a builder belongs to.
fn describe(builder: &mut ItemStruct, id: &str) {
    let doc = format!("The arguments of [`{id}`](super::Client::{id}).");
    set_doc(&mut builder.attrs, parse_quote!(#[doc = #doc]));
    let must_use = parse_quote!(#[must_use = "nothing is sent before `send`"]);
    builder.attrs.insert(1, must_use);
}

/// The name and the description of a tag.
fn tag_doc(document: &Document, tag: &str) -> Attribute {
    let tags = document.root["tags"].as_array().into_iter().flatten();
    let described = tags.filter(|described| described["name"] == tag);
    let description = described.filter_map(|tag| tag["description"].as_str());
    let doc = format!("**{tag}.** {}", description.collect::<String>());
    parse_quote!(#[doc = #doc])
}

/// The method that starts a call and asks for what is required.
fn method(policy: &Policy<'_>, builder: &ItemStruct) -> ImplItem {
    let id = format_ident!("{}", policy.operation.id());
    let (doc, builder_name) = (operations::documentation(policy), &builder.ident);
    let fields = named(&builder.fields).into_iter();
    let arguments = fields.filter(|(name, _)| *name != "body");
    let required = only_required(arguments.filter_map(|(name, ty)| Some((name, built(ty)?))));
    let (name, ty): (Vec<_>, Vec<_>) = required.into_iter().unzip();
    parse_quote! {
        #[doc = #doc]
        pub fn #id(
            &self,
            #(#name: impl ::std::convert::Into<#ty>)*
        ) -> builder::#builder_name<'_> {
            builder::#builder_name::new(self)#(.#name(#name.into()))*
        }
    }
}

/// The `send` of a builder.
fn send(policy: &Policy<'_>, base_path: &str, builder: &ItemStruct) -> Item {
    let operation = &policy.operation;
    let constant = policy.constant();
    let fields = named(&builder.fields).into_iter();
    let arguments = fields.filter(|(_, ty)| built(ty).is_some());
    let arguments: Vec<&Ident> = arguments.map(|(name, _)| name).collect();
    let names = arguments.iter().map(ToString::to_string);
    let build = arguments.iter().map(|argument| {
        let body = policy.body.filter(|_| *argument == "body").map(type_of);
        body.map(|body| match policy.body_is_optional {
            true => quote!(.and_then(|body| {
                let body = body.map(types::#body::try_from).transpose();
                body.map_err(|error| error.to_string())
            })),
            false => quote!(.and_then(|body| {
                types::#body::try_from(body).map_err(|error| error.to_string())
            })),
        })
    });
    let path = path(policy, base_path);
    let parts = arguments.iter().map(|argument| part(policy, argument));
    let (response, call) = match policy.success {
        Some(schema) => {
            let ty = type_of(schema);
            (quote!(types::#ty), quote!(call))
        }
        None => (quote!(()), quote!(call_empty)),
    };
    let line = operation.line();
    let doc = format!("Sends `{line}`.\n\n# Errors\n\nSee [`Error`](crate::Error).");
    let name = &builder.ident;
    parse_quote! {
        impl #name<'_> {
            #[doc = #doc]
            pub async fn send(self) -> Result<crate::Response<#response>, Error> {
                let Self { client, #(#arguments),* } = self;
                #(let #arguments = #arguments #build.map_err(|message| {
                    client.context.invalid(&super::operations::#constant, #names, message)
                })?;)*
                let request = pipeline::Request::new(&super::operations::#constant, #path) #(#parts)*;
                client.context.#call(request).await
            }
        }
    }
}

/// The path below the base URL, each value checked and encoded as one segment.
fn path(policy: &Policy<'_>, base_path: &str) -> TokenStream {
    let constant = policy.constant();
    let (mut template, mut values) = (String::new(), Vec::new());
    let mut rest = &policy.operation.path[base_path.len()..];
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or_default();
        let name = names::argument(name);
        let value = format_ident!("{name}");
        values.push(quote!(
            client.context.segment(&super::operations::#constant, #name, &#value)?
        ));
        template += before;
        template += "{}";
        rest = after;
    }
    template += rest;
    match values.is_empty() {
        true => quote!(#template),
        false => quote!(format!(#template, #(#values),*)),
    }
}

/// The call on the request that adds an argument to it; nothing for a part of the path.
fn part(policy: &Policy<'_>, argument: &Ident) -> Option<TokenStream> {
    if argument == "body" {
        return Some(match policy.body_is_optional {
            true => quote!(.optional_json(&body)),
            false => quote!(.json(&body)),
        });
    }
    let operation = &policy.operation;
    let (name, parameter) = operation.arguments().find_map(|parameter| {
        let name = parameter["name"].as_str()?;
        (*argument == names::argument(name)).then_some((name, parameter))
    })?;
    if parameter["in"] != "query" {
        return None;
    }
    let schema = operation.document.resolve(&parameter["schema"]);
    let (lowest, highest) = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
    if lowest.is_none() && highest.is_none() {
        return Some(quote!(.query(#name, &#argument)));
    }
    let (lowest, highest) = (lowest.unwrap_or(i64::MIN), highest.unwrap_or(i64::MAX));
    Some(quote!(.query_within(#name, &#argument, #lowest, #highest)))
}

/// The type that a reference names.
fn type_of(schema: &Value) -> Ident {
    let name = schema["$ref"].as_str().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    format_ident!("{}", names::type_name(name))
}
