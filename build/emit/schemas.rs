//! The schemas as tables, by which a response is read that differs from its description.

use heck::ToShoutySnakeCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

/// The module with a table for each schema of the document.
pub fn module(root: &Value) -> TokenStream {
    let schemas = root["components"]["schemas"].as_object();
    let statics = schemas.into_iter().flatten().map(|(name, schema)| {
        let (constant, table) = (constant(name), table(schema));
        let doc = format!("`{name}`");
        quote! {
            #[doc = #doc]
            pub(crate) static #constant: Schema = #table;
        }
    });
    quote! {
        /// The schemas of the document.
        pub(crate) mod schemas {
            use crate::decode::{Member, WhenUnreadable, Schema, Token};

            #(#statics)*
        }
    }
}

/// The table of the schema that a reference names.
pub fn reference(schema: &Value) -> TokenStream {
    let name = schema["$ref"].as_str().unwrap_or_default();
    let constant = constant(name.rsplit('/').next().unwrap_or_default());
    quote!(&schemas::#constant)
}

fn constant(name: &str) -> syn::Ident {
    format_ident!("{}", name.to_shouty_snake_case())
}

/// A reference to the table of a schema that is described where it is used, or elsewhere.
fn inner(schema: &Value) -> TokenStream {
    let named = [schema, &schema["allOf"][0]].into_iter();
    let mut named = named.filter(|schema| schema["$ref"].is_string());
    match named.next() {
        Some(named) => {
            let target = reference(named);
            quote!({ use super::schemas; #target })
        }
        None => {
            let table = table(schema);
            quote!(&#table)
        }
    }
}

fn table(schema: &Value) -> TokenStream {
    let token = match schema["x-token"].as_str() {
        Some(token) => Some(token),
        None => (schema["format"] == "password").then_some("opaque"),
    };
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), format) => match (token, format) {
            (Some("bearer"), _) => quote!(Schema::Token(Token::Bearer)),
            (Some("jwt"), _) => quote!(Schema::Token(Token::Jwt)),
            (Some(_), _) => quote!(Schema::Token(Token::Opaque)),
            (None, Some("date-time")) => quote!(Schema::Time),
            (None, Some("date")) => quote!(Schema::Date),
            (None, _) => quote!(Schema::Text),
        },
        (Some("integer"), Some("int32")) => quote!(Schema::Integer { bits: 32 }),
        (Some("integer"), _) => quote!(Schema::Integer { bits: 64 }),
        (Some("number"), _) => quote!(Schema::Number),
        (Some("boolean"), _) => quote!(Schema::Boolean),
        (Some("array"), _) => {
            let items = inner(&schema["items"]);
            quote!(Schema::Array(#items))
        }
        (Some("object"), _) => match schema["properties"].as_object() {
            Some(properties) => {
                let required = schema["required"].as_array();
                let members = properties.iter().map(|(name, property)| {
                    let mut required = required.into_iter().flatten();
                    member(name, property, required.any(|other| other == name))
                });
                quote!(Schema::Object(&[#(#members),*]))
            }
            None => {
                let values = inner(&schema["additionalProperties"]);
                quote!(Schema::Map(#values))
            }
        },
        _ => quote!(Schema::Any),
    }
}

fn member(name: &str, property: &Value, is_required: bool) -> TokenStream {
    let is_needed = is_required || property["x-needed"] == true;
    let decides = match (property["x-decides"] == true, property["x-safe"].as_bool()) {
        (false, _) => quote!(None),
        (true, Some(true)) => quote!(Some(WhenUnreadable::True)),
        (true, Some(false)) => quote!(Some(WhenUnreadable::False)),
        (true, None) => quote!(Some(WhenUnreadable::Absent)),
    };
    let is_nullable = property["nullable"] == true;
    let table = inner(property);
    quote!(Member {
        name: #name,
        schema: #table,
        is_needed: #is_needed,
        is_nullable: #is_nullable,
        decides: #decides,
    })
}
