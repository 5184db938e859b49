//! `Deserialize` of a type that keeps unknown members.
//!
//! serde's `flatten` first buffers all members that it does not know. The code that is emitted here
//! reads each member once and copies only the names of unknown ones.

use quote::format_ident;
use syn::{Item, ItemStruct, parse_quote};

/// The implementation for a type that has `extra` and no required member.
pub fn deserialize(item: &ItemStruct) -> Item {
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
            fn deserialize<__D: ::serde::Deserializer<'de>>(deserializer: __D) -> Result<Self, __D::Error> {
                struct __Visitor;
                impl<'de> ::serde::de::Visitor<'de> for __Visitor {
                    type Value = #owner;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(#expected)
                    }

                    fn visit_map<__A: ::serde::de::MapAccess<'de>>(
                        self,
                        mut members: __A,
                    ) -> Result<#owner, __A::Error> {
                        #(let mut #slot: Option<#ty> = None;)*
                        let mut extra = crate::JsonObject::new();
                        while let Some(name) = members.next_key::<crate::decode::Name<'de>>()? {
                            match name.as_str() {
                                #(#name => crate::decode::once(&mut #slot, #name, &mut members)?,)*
                                _ => crate::decode::keep(&mut extra, &name, &mut members)?,
                            }
                        }
                        Ok(#owner { #(#field: #slot.flatten(),)* extra })
                    }
                }
                deserializer.deserialize_map(__Visitor)
            }
        }
    }
}

fn is_extra(field: &syn::Field) -> bool {
    field.ident.as_ref().is_some_and(|name| name == "extra")
}

/// The name of a member as it is in JSON.
fn wire_name(field: &syn::Field) -> String {
    let mut name = field.ident.as_ref().map(ToString::to_string);
    let attributes = field.attrs.iter();
    for attribute in attributes.filter(|attribute| attribute.path().is_ident("serde")) {
        // Other settings have a value too, or none.
        let _ = attribute.parse_nested_meta(|meta| {
            let value = meta.value().and_then(|value| value.parse::<syn::LitStr>());
            if let (true, Ok(value)) = (meta.path.is_ident("rename"), value) {
                name = Some(value.value());
            }
            Ok(())
        });
    }
    name.unwrap_or_default()
}
