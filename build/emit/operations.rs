//! The policy table and the documentation of the calls.

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::schemas;
use crate::build::policy::{Need, Policy};
use crate::build::prepare::provenance;

/// The module with the policy table.
pub fn table(root: &Value, policies: &[Policy<'_>], base_path: &str) -> TokenStream {
    let rules = root["x-misconfigured"].as_array().into_iter();
    let rules = rules.flatten().map(misconfigured);
    let session_ends = root["x-session-ends"].as_array().into_iter();
    let session_ends = session_ends.flatten().map(session_end);
    let mut policies: Vec<_> = policies.iter().collect();
    policies.sort_by_key(|policy| policy.operation.id());
    let statics = policies.iter().map(|policy| static_of(policy));
    let constants = policies.iter().map(|policy| policy.constant());
    let path_prefix = path_prefix(root);
    let error_codes = error_codes(root);
    quote! {
        /// What the pipeline needs to know about each operation, from the document.
        pub(crate) mod operations {
            use super::schemas;

            #(#statics)*

            /// The refusals that only the operator can mend.
            pub(crate) static MISCONFIGURED: &[crate::pipeline::MisconfigurationRule] = &[#(#rules),*];

            /// The words that end a session.
            pub(crate) static SESSION_ENDS: &[crate::pipeline::SessionEnd] = &[#(#session_ends),*];

            /// All operations of the document.
            pub(crate) static ALL: &[&crate::pipeline::Operation] = &[#(&#constants),*];

            /// The start of every path, with the settings of the client in braces.
            pub(crate) const BASE_PATH: &str = #base_path;

            #path_prefix

            #error_codes
        }
    }
}

/// The start of every path that the vendor's page leaves out, if the document names it.
fn path_prefix(root: &Value) -> Option<TokenStream> {
    let path = root["x-path-prefix"]["path"].as_str()?;
    Some(quote! {
        /// The start of every path that the vendor's page leaves out.
        pub(crate) const PATH_PREFIX: &str = #path;
    })
}

/// What the vendor publishes about error codes, if the document says it.
fn error_codes(root: &Value) -> Option<TokenStream> {
    let codes = root["x-error-codes"]["codes"].as_object()?;
    let codes = codes.iter().map(|(code, about)| {
        let means = about["means"].as_str().unwrap_or_default();
        let missing = about["missing"].as_array().into_iter().flatten();
        let missing = missing.filter_map(Value::as_str);
        quote! {
            crate::pipeline::PublishedCode { code: #code, means: #means, missing: &[#(#missing),*] }
        }
    });
    Some(quote! {
        /// What the vendor publishes about error codes.
        pub(crate) static ERROR_CODES: &[crate::pipeline::PublishedCode] = &[#(#codes),*];
    })
}

fn misconfigured(rule: &Value) -> TokenStream {
    let text = |key: &str| rule[key].as_str().unwrap_or_default();
    let class = format_ident!("{}", text("class").to_upper_camel_case());
    let (word, published) = (error_word(rule), !text("x-source").is_empty());
    quote! {
        crate::pipeline::MisconfigurationRule {
            class: crate::pipeline::Misconfiguration::#class,
            word: #word,
            published: #published,
        }
    }
}

fn session_end(row: &Value) -> TokenStream {
    let (word, again_after) = (error_word(row), number(row, "again_after"));
    quote!(crate::pipeline::SessionEnd { word: #word, again_after: #again_after })
}

fn error_word(row: &Value) -> TokenStream {
    let [operation, member, text] =
        ["operation", "member", "word"].map(|key| row[key].as_str().unwrap_or_default());
    let status = number(row, "status");
    quote! {
        crate::pipeline::ErrorWord {
            operation: #operation,
            status: #status,
            member: #member,
            text: #text,
        }
    }
}

fn number(row: &Value, key: &str) -> u64 {
    row[key].as_u64().unwrap_or_default()
}

fn static_of(policy: &Policy<'_>) -> TokenStream {
    let (constant, operation) = (policy.constant(), &policy.operation);
    let (id, path) = (operation.id(), operation.path);
    let method = format_ident!("{}", operation.method.to_uppercase());
    let [session, application, signature] = [policy.session, policy.application, policy.signature]
        .map(|need| format_ident!("{need:?}"));
    let not = if policy.idempotent { "" } else { "Not" };
    let idempotency = format_ident!("{not}Idempotent");
    let signed_fields = &policy.signed_fields;
    let (sends_message, carries_code) = (policy.sends_message, policy.carries_code);
    let response = match policy.success {
        Some(schema) => schemas::reference(schema),
        None => quote!(&crate::decode::Schema::Any),
    };
    let bare_string = match (policy.bare_member, policy.bare_text) {
        (Some(member), _) => quote!(Member(#member)),
        (None, true) => quote!(Value),
        (None, false) => quote!(No),
    };
    let success_members = &policy.success_members;
    let (accept, doc) = (&policy.accept, format!("`{}`", operation.line()));
    quote! {
        #[doc = #doc]
        pub(crate) static #constant: crate::pipeline::Operation = crate::pipeline::Operation {
            id: #id,
            method: ::http::Method::#method,
            path: ::std::borrow::Cow::Borrowed(#path),
            session: crate::pipeline::Need::#session,
            application: crate::pipeline::Need::#application,
            signature: crate::pipeline::Need::#signature,
            signed_fields: &[#(#signed_fields),*],
            idempotency: crate::pipeline::Idempotency::#idempotency,
            sends_message: #sends_message,
            carries_code: #carries_code,
            response: #response,
            bare_string: crate::decode::BareString::#bare_string,
            success_members: &[#(#success_members),*],
            accept: ::http::HeaderValue::from_static(#accept),
            misconfigured: MISCONFIGURED,
            session_ends: SESSION_ENDS,
        };
    }
}

/// The documentation of a call.
pub fn documentation(policy: &Policy<'_>) -> String {
    let operation = &policy.operation;
    let (summary, description) = (operation.text("summary"), operation.text("description"));
    let provenance = provenance(|key| operation.object.get(key)?.as_str());
    let line = operation.line();
    let mut text = format!("{summary}\n\n{description}\n\n`{line}`{provenance}\n");
    let credentials: Vec<_> = [
        (policy.application, "the application"),
        (policy.session, "a session"),
        (policy.signature, "a signature, made for each attempt"),
    ]
    .into_iter()
    .filter_map(|(need, name)| match need {
        Need::Never => None,
        Need::Optional => Some(format!("{name} (optional)")),
        Need::Required => Some(name.to_owned()),
    })
    .collect();
    text += "\n# Credential\n\n";
    text += &match credentials.is_empty() {
        true => "None.\n".to_owned(),
        false => format!("Attached by the client: {}.\n", credentials.join("; ")),
    };
    text += "\n# Retries\n\n";
    text += match policy.idempotent {
        true => "Idempotent: retried after transient failures.\n",
        false => "Not idempotent: retried only if the server certainly did not process it.\n",
    };
    if policy.sends_message {
        text += "\nThe server sends a message to the user.\n";
    }
    text += "\n# Responses\n\n";
    for (status, response) in operation.responses() {
        let words = response["description"].as_str().unwrap_or_default();
        let words: Vec<_> = words.split_whitespace().collect();
        text += &format!("- `{status}`: {}\n", words.join(" "));
    }
    if !policy.success_members.is_empty() {
        let members = policy.success_members.join("` or `");
        text += &format!("\nA 2xx whose `{members}` is there and not `true` is an error.\n");
    }
    text
}
