//! Foreign types become ours, and the documentation of the types is made readable.

use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, parse_quote};

use crate::build::names;
use crate::build::prepare::Prepared;

/// Foreign response, error and JSON types become ours.
pub struct Foreign;

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
pub struct Types<'a> {
    prepared: &'a Prepared,
    owner: String,
}

impl<'a> Types<'a> {
    pub fn new(prepared: &'a Prepared) -> Self {
        Self {
            prepared,
            owner: String::new(),
        }
    }
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
        let serialises = item.attrs.iter().any(|attribute| {
            attribute.path().is_ident("derive")
                && quote!(#attribute).to_string().contains("Serialize")
        });
        if serialises {
            let derive =
                parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]);
            item.attrs.push(derive);
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
                    let same =
                        names::type_name(owner) == self.owner && *name == names::member(property);
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
