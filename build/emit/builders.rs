//! Setters that take what a caller has, for the builders of types and of operations.

use std::collections::BTreeMap;

use syn::{Attribute, Ident, ImplItem, Item, ItemStruct, parse_quote};

use super::fields::{built, last_name, named, optional, structs};

/// Documentation by type and member.
pub type Docs = BTreeMap<(String, String), Attribute>;

/// Documents the setters of the builders in `items`. Those of optional members also take an
/// `Option`.
pub fn adapt_setters(items: &mut [Item], docs: &Docs) {
    let builders: BTreeMap<_, _> = structs(items)
        .map(|item| (item.ident.to_string(), item.clone()))
        .collect();
    for item in items {
        let Item::Impl(group) = item else { continue };
        // A member may be called `from` or `default` without its setter being that of a trait.
        if group.trait_.is_some() {
            continue;
        }
        let owner = last_name(&group.self_ty).map(ToString::to_string);
        let owner = owner.unwrap_or_default();
        let Some(builder) = builders.get(&owner) else {
            continue;
        };
        for item in &mut group.items {
            let ImplItem::Fn(setter) = item else { continue };
            let mut fields = named(&builder.fields).into_iter();
            let field = fields.find(|(name, _)| **name == setter.sig.ident);
            let Some((name, ty)) = field else { continue };
            if let Some(value) = built(ty).and_then(optional) {
                *setter = parse_quote! {
                    pub fn #name<Kind>(mut self, value: impl crate::IntoMember<#value, Kind>) -> Self {
                        self.#name = Ok(value.into_member());
                        self
                    }
                };
            }
            if let Some(doc) = docs.get(&(owner.clone(), name.to_string())) {
                set_doc(&mut setter.attrs, doc.clone());
            }
        }
    }
}

/// Lets the builder of a call go without its body.
pub fn make_body_optional(items: &mut [Item], owner: &Ident) {
    let mut initial = Vec::new();
    for item in items.iter_mut() {
        let Item::Struct(builder) = item else {
            continue;
        };
        if builder.ident != *owner {
            continue;
        }
        for field in &mut builder.fields {
            let (Some(name), Some(value)) = (&field.ident, built(&field.ty)) else {
                continue;
            };
            if name == "body" {
                field.ty = parse_quote!(Result<Option<#value>, String>);
            }
            let missing = format!("{name} was not initialized");
            let value: syn::FieldValue = match built(&field.ty).and_then(optional) {
                Some(_) => parse_quote!(#name: Ok(None)),
                None => parse_quote!(#name: Err(#missing.to_string())),
            };
            initial.push(value);
        }
    }
    for item in items {
        let Item::Impl(group) = item else { continue };
        if group.trait_.is_some() || last_name(&group.self_ty) != Some(owner) {
            continue;
        }
        for item in &mut group.items {
            if let ImplItem::Fn(method) = item
                && method.sig.ident == "new"
            {
                method.block = parse_quote!({ Self { client, #(#initial),* } });
            }
        }
    }
}

/// `Default` for the builder of a type: what must be given is missing, but further members.
pub fn default(builder: &ItemStruct) -> Item {
    let owner = &builder.ident;
    let fields = named(&builder.fields).into_iter();
    let values = fields.map(|(name, ty)| -> syn::FieldValue {
        let missing = format!("no value supplied for {name}");
        match built(ty).and_then(optional) {
            None if name != "extra" => parse_quote!(#name: Err(#missing.to_string())),
            _ => parse_quote!(#name: Ok(Default::default())),
        }
    });
    parse_quote! {
        impl ::std::default::Default for #owner {
            fn default() -> Self {
                Self { #(#values),* }
            }
        }
    }
}

/// Whether an item is the implementation of `Default` for a type.
pub fn is_default(item: &Item) -> bool {
    let Item::Impl(group) = item else {
        return false;
    };
    let implemented = group.trait_.as_ref();
    let last = implemented.and_then(|(path, ..)| path.segments.last());
    last.is_some_and(|last| last.ident == "Default")
}

pub fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

/// Replaces the documentation among `attributes`.
pub fn set_doc(attributes: &mut Vec<Attribute>, doc: Attribute) {
    attributes.retain(|attribute| !is_doc(attribute));
    attributes.insert(0, doc);
}
