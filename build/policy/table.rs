//! The policy table and the documentation of the calls, as code.

use heck::ToShoutySnakeCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{Need, Policies, Policy};

impl Need {
    fn tokens(self) -> TokenStream {
        match self {
            Self::Never => quote! { crate::pipeline::Need::Never },
            Self::Optional => quote! { crate::pipeline::Need::Optional },
            Self::Required => quote! { crate::pipeline::Need::Required },
        }
    }
}

impl Policy {
    /// The name of the static that holds this policy.
    pub fn constant(&self) -> syn::Ident {
        format_ident!("{}", self.id.to_shouty_snake_case())
    }

    fn tokens(&self) -> TokenStream {
        let constant = self.constant();
        let (id, method, path) = (&self.id, format_ident!("{}", self.method), &self.path);
        let (session, application, signature) = (
            self.session.tokens(),
            self.application.tokens(),
            self.signature.tokens(),
        );
        let signed_fields = &self.signed_fields;
        let repeat = if self.repeat_safe {
            quote! { crate::pipeline::Idempotency::Idempotent }
        } else {
            quote! { crate::pipeline::Idempotency::NotIdempotent }
        };
        let (sends_message, carries_code, bare_text) =
            (self.sends_message, self.carries_code, self.bare_text);
        let bare_member = match &self.bare_member {
            Some(member) => quote! { Some(#member) },
            None => quote! { None },
        };
        let doc = format!("`{} {}`", self.method, self.path);
        quote! {
            #[doc = #doc]
            pub(crate) static #constant: crate::pipeline::Operation = crate::pipeline::Operation {
                id: #id,
                method: ::http::Method::#method,
                path: ::std::borrow::Cow::Borrowed(#path),
                session: #session,
                application: #application,
                signature: #signature,
                signed_fields: &[#(#signed_fields),*],
                idempotency: #repeat,
                sends_message: #sends_message,
                carries_code: #carries_code,
                bare_text: #bare_text,
                bare_member: #bare_member,
            };
        }
    }

    /// The documentation of the call.
    pub fn documentation(&self) -> String {
        let mut text = format!(
            "{}\n\n{}\n\n`{} {}`\n",
            self.summary, self.description, self.method, self.path
        );
        if let Some(assumption) = &self.assumption {
            text.push_str(&format!("\n**Assumption:** {assumption}\n"));
        }
        text.push_str("\n# Credential\n\n");
        let mut credentials = Vec::new();
        for (need, name) in [
            (self.application, "the application"),
            (self.session, "a session"),
            (self.signature, "a signature, made for each attempt"),
        ] {
            match need {
                Need::Never => {}
                Need::Optional => credentials.push(format!("{name} (optional)")),
                Need::Required => credentials.push(name.to_owned()),
            }
        }
        if credentials.is_empty() {
            text.push_str("None.\n");
        } else {
            text.push_str(&format!(
                "Attached by the client: {}.\n",
                credentials.join("; ")
            ));
        }
        text.push_str("\n# Repeating\n\n");
        text.push_str(if self.repeat_safe {
            "Safe: repeated by the client after faults that may pass.\n"
        } else {
            "Once: repeated by the client only if the server certainly did not process it.\n"
        });
        if self.sends_message {
            text.push_str("\nThe server sends a message to the user.\n");
        }
        text.push_str("\n# Answers\n\n");
        for (status, description) in &self.statuses {
            let description = description.split_whitespace().collect::<Vec<_>>().join(" ");
            text.push_str(&format!("- `{status}`: {description}\n"));
        }
        text
    }
}

/// The module with the policy table.
pub fn table(policies: &Policies, base_path: &str) -> TokenStream {
    let statics = policies.values().map(Policy::tokens);
    let constants = policies.values().map(Policy::constant);
    quote! {
        /// What the road must know about each operation, from the document.
        pub(crate) mod operations {
            #(#statics)*

            /// Every operation of the document.
            pub(crate) static ALL: &[&crate::pipeline::Operation] = &[#(&#constants),*];

            /// The start of every path, with the settings of the client in braces.
            pub(crate) const BASE_PATH: &str = #base_path;
        }
    }
}
