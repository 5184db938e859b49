//! How a type that keeps further members is read.
//!
//! serde's own way, `flatten`, first copies every member that it does not know aside. What is
//! written here looks at each member once, and copies no name that is known.

use quote::format_ident;
use syn::punctuated::Punctuated;
use syn::{Item, ItemStruct, Token, parse_quote};

use super::types_of::{named, optional};

/// `Deserialize` for the types among `items` that have an `extra` and no member that must be there,
/// in place of the derived one.
pub fn read_members(items: &mut Vec<Item>) {
    let mut written = Vec::new();
    for item in items.iter_mut() {
        let Item::Struct(item) = item else { continue };
        if keeps_members(item) && without_derived(item) {
            written.push(deserialize(item));
        }
    }
    items.extend(written);
}

fn keeps_members(item: &ItemStruct) -> bool {
    let fields = named(&item.fields);
    let (extra, others): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| name == "extra");
    let json_object: syn::Type = parse_quote!(crate::JsonObject);
    let keeps = extra.iter().any(|(_, ty)| *ty == json_object);
    keeps && others.iter().all(|(_, ty)| optional(ty).is_some())
}

/// Takes the derived one away, if it is there.
fn without_derived(item: &mut ItemStruct) -> bool {
    let mut found = false;
    for attribute in &mut item.attrs {
        if !attribute.path().is_ident("derive") {
            continue;
        }
        let parse = Punctuated::<syn::Path, Token![,]>::parse_terminated;
        let Ok(derived) = attribute.parse_args_with(parse) else {
            continue;
        };
        let all = derived.len();
        let is_deserialize = |path: &syn::Path| {
            let last = path.segments.last();
            last.is_some_and(|last| last.ident == "Deserialize")
        };
        let kept: Vec<_> = derived
            .into_iter()
            .filter(|path| !is_deserialize(path))
            .collect();
        if kept.len() < all {
            found = true;
            *attribute = parse_quote!(#[derive(#(#kept),*)]);
        }
    }
    found
}

fn deserialize(item: &ItemStruct) -> Item {
    let owner = &item.ident;
    let expected = format!("the members of {owner}");
    let fields = || item.fields.iter().filter(|field| !is_extra(field));
    let field: Vec<_> = fields().map(|field| &field.ident).collect();
    let ty: Vec<_> = fields().map(|field| &field.ty).collect();
    let name: Vec<_> = fields().map(wire_name).collect();
    let slot: Vec<_> = (0..field.len())
        .map(|number| format_ident!("member_{number}"))
        .collect();
    parse_quote! {
        impl<'de> ::serde::Deserialize<'de> for #owner {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;
                impl<'de> ::serde::de::Visitor<'de> for Members {
                    type Value = #owner;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(#expected)
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(
                        self,
                        mut members: A,
                    ) -> Result<#owner, A::Error> {
                        #(let mut #slot: Option<#ty> = None;)*
                        let mut extra = crate::JsonObject::new();
                        while let Some(name) = members.next_key::<crate::decode::Name<'de>>()? {
                            match name.as_str() {
                                #(#name => crate::decode::once(&mut #slot, #name, &mut members)?,)*
                                _ => {
                                    extra.insert(name.into(), members.next_value()?);
                                }
                            }
                        }
                        Ok(#owner { #(#field: #slot.flatten(),)* extra })
                    }
                }
                deserializer.deserialize_map(Members)
            }
        }
    }
}

fn is_extra(field: &syn::Field) -> bool {
    field.ident.as_ref().is_some_and(|name| name == "extra")
}

/// The name of a member as it stands in JSON.
fn wire_name(field: &syn::Field) -> String {
    let mut name = field.ident.as_ref().map(ToString::to_string);
    for attribute in &field.attrs {
        if !attribute.path().is_ident("serde") {
            continue;
        }
        // The other settings have values too, or none.
        let _ = attribute.parse_nested_meta(|meta| {
            let value = meta.value().and_then(|value| value.parse::<syn::LitStr>());
            if let (true, Ok(value)) = (meta.path.is_ident("rename"), value) {
                name = Some(value.value());
            }
            Ok(())
        });
    }
    name.unwrap_or_default().trim_start_matches("r#").to_owned()
}
