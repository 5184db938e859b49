//! Open enums: the documented values as variants, and every other value kept as it came.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::{Value, json};

use super::names;

/// A set of documented strings that may grow.
pub struct OpenEnum {
    pub name: String,
    pub values: Vec<String>,
    pub description: String,
}

impl OpenEnum {
    /// The format of strings of this enum in the copy that progenitor reads.
    pub fn format(&self) -> String {
        format!("open-enum-{}", self.name)
    }

    /// The schema in that copy, and the type that it becomes.
    pub fn replacement(&self) -> (Value, String) {
        let schema = json!({"type": "string", "format": self.format()});
        (schema, format!("super::enums::{}", self.name))
    }

    pub fn tokens(&self) -> TokenStream {
        let name = format_ident!("{}", self.name);
        let description = &self.description;
        let values = &self.values;
        let docs = values.iter().map(|value| format!("`{value}`"));
        let variants: Vec<_> = values
            .iter()
            .map(|value| format_ident!("{}", names::variant(value)))
            .collect();
        quote! {
            #[doc = #description]
            ///
            /// A value that the documentation does not know is kept in `Other`.
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            #[non_exhaustive]
            pub enum #name {
                #( #[doc = #docs] #variants, )*
                /// Any other value, as it was sent.
                Other(::std::string::String),
            }

            impl #name {
                /// The values that the documentation knows.
                pub const KNOWN: &'static [&'static str] = &[#(#values),*];

                /// The value as it is sent.
                pub fn as_str(&self) -> &str {
                    match self {
                        #( Self::#variants => #values, )*
                        Self::Other(value) => value,
                    }
                }
            }

            impl ::std::fmt::Display for #name {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.write_str(self.as_str())
                }
            }

            impl ::std::convert::From<&str> for #name {
                fn from(value: &str) -> Self {
                    match value {
                        #( #values => Self::#variants, )*
                        other => Self::Other(other.to_owned()),
                    }
                }
            }

            impl ::std::convert::From<::std::string::String> for #name {
                fn from(value: ::std::string::String) -> Self {
                    Self::from(value.as_str())
                }
            }

            #[cfg(feature = "schemars")]
            impl ::schemars::JsonSchema for #name {
                fn schema_name() -> ::std::borrow::Cow<'static, str> {
                    stringify!(#name).into()
                }

                fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                    ::schemars::json_schema!({"type": "string", "examples": Self::KNOWN})
                }
            }

            impl ::serde::Serialize for #name {
                fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.as_str())
                }
            }

            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    <::std::string::String as ::serde::Deserialize>::deserialize(deserializer).map(Self::from)
                }
            }
        }
    }
}
