//! Adapts the types and their builders: the crate's own JSON types, shorter documentation, room to
//! grow, defaults and constructors.

use std::mem;

use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Item, ItemStruct, parse_quote};

use super::builders::{self, Docs, adapt_setters, is_doc};
use super::deserialize::deserialize;
use super::fields::{named, only_required, optional, structs};
use crate::build::prepare::Prepared;

pub fn adapt(prepared: &Prepared, types: &mut Vec<Item>, type_builders: &mut Vec<Item>) {
    for item in types.iter_mut().chain(type_builders.iter_mut()) {
        JsonTypes.visit_item_mut(item);
    }
    types.retain(|item| !builders::is_default(item));
    let mut docs = Docs::new();
    let mut added = Vec::new();
    for item in types.iter_mut() {
        let Item::Struct(item) = item else { continue };
        added.extend(adapt_struct(item));
        document_members(prepared, item, &mut docs);
        added.extend(constructor(item));
    }
    types.extend(added);

    adapt_setters(type_builders, &docs);
    type_builders.retain(|item| !builders::is_default(item));
    let defaults: Vec<_> = structs(type_builders).map(builders::default).collect();
    type_builders.extend(defaults);
}

/// Foreign JSON types become the crate's own.
struct JsonTypes;

impl VisitMut for JsonTypes {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        visit_mut::visit_path_mut(self, path);
        match quote!(#path).to_string().replace(' ', "").as_str() {
            "::serde_json::Value" => *path = parse_quote!(crate::AnyJson),
            "::serde_json::Map<::std::string::String,crate::AnyJson>"
            | "::std::collections::HashMap<::std::string::String,crate::AnyJson>" => {
                *path = parse_quote!(crate::JsonObject);
            }
            _ => {}
        }
    }
}

/// Sets what a type derives; returns its `Deserialize` where that is not derived.
fn adapt_struct(item: &mut ItemStruct) -> Option<Item> {
    keep_description(&mut item.attrs);
    item.attrs
        .push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
    if item.fields.iter().any(|field| field.ident.is_none()) {
        return None;
    }
    let fields = named(&item.fields);
    let (extra, members): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| *name == "extra");
    let all_optional = members.iter().all(|(_, ty)| optional(ty).is_some());
    let json_object = parse_quote!(crate::JsonObject);
    let keeps_extra = extra.iter().any(|(_, ty)| **ty == json_object);
    item.attrs
        .retain(|attribute| !attribute.path().is_ident("derive"));
    let mut derived = vec![quote!(Clone), quote!(Debug), quote!(PartialEq)];
    derived.push(quote!(::serde::Serialize));
    if all_optional {
        derived.push(quote!(Default));
    }
    let own_deserialize = keeps_extra && all_optional;
    if !own_deserialize {
        derived.push(quote!(::serde::Deserialize));
    }
    item.attrs.insert(0, parse_quote!(#[derive(#(#derived),*)]));
    item.attrs.push(parse_quote!(#[non_exhaustive]));
    own_deserialize.then(|| deserialize(item))
}

/// Documents the members of a type, and notes the documentation for their setters.
fn document_members(prepared: &Prepared, item: &mut ItemStruct, docs: &mut Docs) {
    for field in &mut item.fields {
        let Some(name) = &field.ident else { continue };
        keep_description(&mut field.attrs);
        let key = (item.ident.to_string(), name.to_string());
        let documented = field.attrs.iter().find(|attribute| is_doc(attribute));
        let doc = match (documented, prepared.member_docs.get(&key)) {
            (Some(doc), _) => doc.clone(),
            (None, Some(text)) => parse_quote!(#[doc = #text]),
            (None, None) if name == "extra" => {
                parse_quote!(#[doc = "Members that the documentation does not name, as they came."])
            }
            (None, None) => continue,
        };
        builders::set_doc(&mut field.attrs, doc.clone());
        docs.insert(key, doc);
    }
}

/// `X::new(value)`, which starts the builder, for a type with one required member.
fn constructor(item: &ItemStruct) -> Option<Item> {
    let fields = named(&item.fields).into_iter();
    let (name, ty) = only_required(fields.filter(|(name, _)| *name != "extra"))?;
    let owner = &item.ident;
    let doc = format!("Starts a [`{owner}`] with the member that it must have.");
    Some(parse_quote! {
        impl #owner {
            #[doc = #doc]
            pub fn new(#name: impl ::std::convert::Into<#ty>) -> builder::#owner {
                builder::#owner::default().#name(#name.into())
            }
        }
    })
}

/// Removes what typify adds to a description: the schema, in full.
fn keep_description(attributes: &mut Vec<Attribute>) {
    let mut first = true;
    attributes.retain(|attribute| !is_doc(attribute) || mem::take(&mut first));
}
