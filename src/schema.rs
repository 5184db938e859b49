//! JSON schemas of all request and response types (feature `schemars`).
//!
//! ```
//! let all = vestibule::schema::all();
//! assert!(all.iter().all(|named| named.schema().as_object().is_some()));
//! ```

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::error::System;
use crate::json::{AnyJson, JsonObject};
use crate::secret::Secret;

/// The schema of a request or response type.
#[derive(Clone, Copy, Debug)]
pub struct NamedSchema {
    system: System,
    name: &'static str,
    make: fn() -> Schema,
}

impl NamedSchema {
    /// The system of the type.
    pub fn system(&self) -> System {
        self.system
    }

    /// The name of the type.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Generates the JSON schema (draft 2020-12), with the documentation of the members.
    pub fn schema(&self) -> Schema {
        (self.make)()
    }
}

/// The types of one document, as the generated code lists them.
type Listed = Vec<(&'static str, fn() -> Schema)>;

/// A system and the types of one of its documents.
type Document = (System, fn() -> Listed);

/// Lists the types of all enabled systems. Wunder's two documents share some names.
pub fn all() -> Vec<NamedSchema> {
    let documents: &[Document] = &[
        #[cfg(feature = "wunder")]
        (System::Wunder, crate::generated::wunder_auth::json_schemas),
        #[cfg(feature = "wunder")]
        (System::Wunder, crate::generated::wunder_user::json_schemas),
        #[cfg(feature = "walletcrew")]
        (
            System::WalletCrew,
            crate::generated::walletcrew::json_schemas,
        ),
        #[cfg(feature = "goodcity")]
        (System::GoodCity, crate::generated::goodcity::json_schemas),
        #[cfg(feature = "fynd")]
        (System::Fynd, crate::generated::fynd::json_schemas),
    ];
    let named = |(system, list): &Document| {
        let system = *system;
        let listed = list().into_iter();
        listed.map(move |(name, make)| NamedSchema { system, name, make })
    };
    documents.iter().flat_map(named).collect()
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "password"})
    }
}

impl JsonSchema for JsonObject {
    fn schema_name() -> Cow<'static, str> {
        "JsonObject".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": true})
    }
}

impl JsonSchema for AnyJson {
    fn schema_name() -> Cow<'static, str> {
        "AnyJson".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}
