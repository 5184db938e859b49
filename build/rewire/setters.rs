//! Setters that take what a caller has, and constructors that ask for what is required.

use std::collections::BTreeMap;

use quote::quote;
use syn::{ImplItem, Item, ItemStruct, Type, parse_quote};

use super::types_of::{built, named, optional};
use crate::build::names;

/// Documentation by type and member.
pub type MemberDocs = BTreeMap<(String, String), String>;

/// The documentation of the members of all structs among `items`.
pub fn member_docs(items: &[Item]) -> MemberDocs {
    let mut docs = MemberDocs::new();
    for item in structs(items) {
        for field in &item.fields {
            let Some(name) = &field.ident else { continue };
            let text = doc_of(&field.attrs);
            docs.insert((item.ident.to_string(), name.to_string()), text);
        }
    }
    docs
}

/// Rewrites the setters of the builders among `items`.
pub fn friendly_setters(items: &mut [Item], docs: &MemberDocs) {
    let fields: BTreeMap<String, BTreeMap<String, Type>> = structs(items)
        .map(|item| {
            let types = named(&item.fields).into_iter();
            let types = types.filter_map(|(name, ty)| Some((name.to_string(), built(&ty)?)));
            (item.ident.to_string(), types.collect())
        })
        .collect();
    for item in items {
        let Item::Impl(group) = item else { continue };
        // A member may be called `from` or `default` without its setter being that of a trait.
        if group.trait_.is_some() {
            continue;
        }
        let Type::Path(owner) = &*group.self_ty else {
            continue;
        };
        let Some(owner) = owner.path.segments.last() else {
            continue;
        };
        let owner = owner.ident.to_string();
        for item in &mut group.items {
            let ImplItem::Fn(setter) = item else { continue };
            let name = setter.sig.ident.to_string();
            let Some(ty) = fields.get(&owner).and_then(|fields| fields.get(&name)) else {
                continue;
            };
            if let Some(value) = optional(ty) {
                let field = &setter.sig.ident;
                *setter = parse_quote! {
                    pub fn #field<Kind>(mut self, value: impl crate::IntoMember<#value, Kind>) -> Self {
                        self.#field = Ok(value.into_member());
                        self
                    }
                };
            }
            if let Some(doc) = docs
                .get(&(owner.clone(), name))
                .filter(|doc| !doc.is_empty())
            {
                setter
                    .attrs
                    .retain(|attribute| !attribute.path().is_ident("doc"));
                setter.attrs.insert(0, parse_quote!(#[doc = #doc]));
            }
        }
    }
}

/// `X::new(value)`, which starts the builder, for every type with one required member. Several in
/// a row could be given in the wrong order, so they keep their setters.
pub fn constructors(items: &[Item]) -> Vec<Item> {
    let constructor = |item: &ItemStruct| -> Option<Item> {
        let fields = named(&item.fields).into_iter();
        let mut required = fields.filter(|(name, ty)| name != "extra" && optional(ty).is_none());
        let (name, ty) = required.next()?;
        if required.next().is_some() {
            return None;
        }
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
    };
    structs(items).filter_map(constructor).collect()
}

/// Types without required members have a default; typify forgets it where further members are kept.
pub fn derive_defaults(items: &mut [Item]) {
    let known: Vec<String> = items
        .iter()
        .filter_map(|item| match item {
            Item::Impl(group) => {
                let (path, ty) = (group.trait_.as_ref().map(|(path, _)| path)?, &group.self_ty);
                (path.segments.last()?.ident == "Default").then(|| quote!(#ty).to_string())
            }
            _ => None,
        })
        .collect();
    for item in items {
        let Item::Struct(item) = item else { continue };
        let fields = named(&item.fields);
        let all_optional = fields
            .iter()
            .all(|(name, ty)| name == "extra" || optional(ty).is_some());
        let derives = item.attrs.iter().any(|attribute| {
            attribute.path().is_ident("derive")
                && quote!(#attribute).to_string().contains("Default")
        });
        let known = known.contains(&item.ident.to_string());
        if !fields.is_empty() && all_optional && !derives && !known {
            item.attrs.push(parse_quote!(#[derive(Default)]));
        }
    }
}

fn structs(items: &[Item]) -> impl Iterator<Item = &ItemStruct> {
    items.iter().filter_map(|item| match item {
        Item::Struct(item) => Some(item),
        _ => None,
    })
}

fn doc_of(attributes: &[syn::Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// The documentation of the arguments of operations, for their builders.
pub fn argument_docs(arguments: &BTreeMap<(String, String), String>) -> MemberDocs {
    arguments
        .iter()
        .map(|((operation, name), doc)| {
            let key = (names::type_name(operation), names::argument(name));
            (key, doc.clone())
        })
        .collect()
}
