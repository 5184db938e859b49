//! Completes what progenitor generated, so that a client has the crate's own types, errors and
//! calls.
//!
//! Of progenitor's output only declarations are read and kept: the types, and for each operation a
//! builder of its arguments. No function body of it is looked at, and nothing of its transport
//! remains.

mod builders;
mod deserialize;
mod fields;
mod operations;
mod schemas;
mod send;
mod types;

use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{File, ImplItemFn, Item, parse_quote};

use self::fields::structs;
use super::document::Document;
use super::policy::Policy;
use super::prepare::Prepared;

pub fn client(
    document: &Document,
    base_path: &str,
    policies: &[Policy<'_>],
    prepared: &Prepared,
    generated: File,
) -> Result<File, String> {
    let mut items = generated.items;
    let module = |name, items: &mut Vec<Item>| {
        let missing = || document.fault(format!("progenitor generated no module `{name}`"));
        fields::take_module(name, items).ok_or_else(missing)
    };
    let mut types = module("types", &mut items)?;
    let mut builders = module("builder", &mut items)?;
    let mut type_builders = module("builder", &mut types)?;

    types::adapt(prepared, &mut types, &mut type_builders);
    let secrets = secrets(&types) + secrets(&builders);
    if secrets != prepared.secrets {
        let documented = prepared.secrets;
        return Err(document.fault(format!(
            "{documented} fields are documented as secrets, {secrets} became `Secret`"
        )));
    }
    let calls = send::calls(document, base_path, policies, &mut builders)?;
    let items = types.iter_mut().chain(&mut type_builders);
    items
        .chain(&mut builders)
        .for_each(|item| CompileOnDemand.visit_item_mut(item));

    let table = operations::table(&document.root, policies, base_path);
    let tables = schemas::module(&document.root);
    let enums = prepared.enums.iter().map(|open_enum| open_enum.tokens());
    let schemas = structs(&types).map(|item| &item.ident);
    let info = &document.root["info"];
    let text = |key: &str| info[key].as_str().unwrap_or_default();
    let doc = format!("{}\n\n{}", text("title"), text("description"));
    Ok(parse_quote! {
        #table

        #tables

        /// Open sets of values: the documented ones as variants, others kept as they came.
        pub mod enums {
            #(#enums)*
        }

        #[doc = #doc]
        #[derive(Clone, Debug)]
        pub struct Client {
            pub(crate) context: crate::pipeline::CallContext,
        }

        impl Client {
            pub(crate) fn new(context: crate::pipeline::CallContext) -> Self {
                Self { context }
            }
        }

        #(#calls)*

        /// The JSON schema of every type, by name.
        #[cfg(feature = "schemars")]
        pub(crate) fn json_schemas() -> Vec<(&'static str, fn() -> ::schemars::Schema)> {
            vec![#((stringify!(#schemas), || ::schemars::schema_for!(types::#schemas))),*]
        }

        /// The types of requests and responses.
        pub mod types {
            use super::enums;

            #(#types)*

            /// Builders of the types.
            pub mod builder { #(#type_builders)* }
        }

        /// The arguments of the calls.
        pub mod builder {
            use super::types;
            use crate::Error;
            use crate::pipeline;

            #(#builders)*
        }
    })
}

/// How many fields are secret by their type.
fn secrets(items: &[Item]) -> usize {
    let fields = structs(items).flat_map(|item| &item.fields);
    let types = fields.map(|field| &field.ty);
    types
        .filter(|ty| quote!(#ty).to_string().contains("crate :: Secret"))
        .count()
}

/// Marks the functions of types and builders `#[inline]`.
///
/// Otherwise the library would compile each function that is not generic, with all that it reads
/// and writes: every call of a document, and a builder for each response. A program makes a few of
/// the calls, and builds no response.
struct CompileOnDemand;

impl VisitMut for CompileOnDemand {
    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        function.attrs.push(parse_quote!(#[inline]));
    }
}
