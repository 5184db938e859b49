//! The policy table and the documentation of the calls.

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use crate::build::policy::{Need, Policy};

/// The module with the policy table.
pub fn table(root: &Value, policies: &[Policy<'_>], base_path: &str) -> TokenStream {
    let rules = root["x-misconfigured"].as_array().into_iter();
    let rules = rules.flatten().map(misconfigured);
    let mut policies: Vec<_> = policies.iter().collect();
    policies.sort_by_key(|policy| policy.operation.id());
    let statics = policies.iter().map(|policy| static_of(policy));
    let constants = policies.iter().map(|policy| policy.constant());
    quote! {
        /// What the pipeline needs to know about each operation, from the document.
        pub(crate) mod operations {
            #(#statics)*

            /// The refusals that only the operator can mend.
            pub(crate) static MISCONFIGURED: &[crate::pipeline::MisconfigurationRule] = &[#(#rules),*];

            /// All operations of the document.
            pub(crate) static ALL: &[&crate::pipeline::Operation] = &[#(&#constants),*];

            /// The start of every path, with the settings of the client in braces.
            pub(crate) const BASE_PATH: &str = #base_path;
        }
    }
}

fn misconfigured(rule: &Value) -> TokenStream {
    let text = |key: &str| rule[key].as_str().unwrap_or_default();
    let class = format_ident!("{}", text("class").to_upper_camel_case());
    let (member, word, published) = (text("member"), text("word"), !text("x-source").is_empty());
    let status = rule["status"].as_u64().unwrap_or_default();
    let class = quote!(crate::pipeline::Misconfiguration::#class);
    let rule = quote!(crate::pipeline::MisconfigurationRule);
    quote!(#rule::new(#class, #status, #member, #word, #published))
}

fn static_of(policy: &Policy<'_>) -> TokenStream {
    let (constant, operation) = (policy.constant(), &policy.operation);
    let (id, path) = (operation.id(), operation.path);
    let method = format_ident!("{}", operation.method.to_uppercase());
    let [session, application, signature] = [policy.session, policy.application, policy.signature]
        .map(|need| format_ident!("{need:?}"));
    let not = if policy.idempotent { "" } else { "Not" };
    let idempotency = format_ident!("{not}Idempotent");
    let (signed_fields, bare_text) = (&policy.signed_fields, policy.bare_text);
    let (sends_message, carries_code) = (policy.sends_message, policy.carries_code);
    let bare_member = match policy.bare_member {
        Some(member) => quote!(Some(#member)),
        None => quote!(None),
    };
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
            bare_text: #bare_text,
            bare_member: #bare_member,
            accept: ::http::HeaderValue::from_static(#accept),
            misconfigured: MISCONFIGURED,
        };
    }
}

/// The documentation of a call.
pub fn documentation(policy: &Policy<'_>) -> String {
    let operation = &policy.operation;
    let (summary, description) = (operation.text("summary"), operation.text("description"));
    let mut text = format!("{summary}\n\n{description}\n\n`{}`\n", operation.line());
    if operation.object.contains_key("x-assumption") {
        text += &format!("\n**Assumption:** {}\n", operation.text("x-assumption"));
    }
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
    text
}
