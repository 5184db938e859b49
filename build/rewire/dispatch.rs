//! Calls by name with JSON arguments, for tests that go over every operation.

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Item, parse_quote};

use super::types_of::{body_type, built, named, optional, required_argument};
use crate::build::policy::{Policies, Policy};

/// The implementation of `testing::Dispatch`, from the builders of the operations.
pub fn dispatch(policies: &Policies, builders: &[Item]) -> Option<Item> {
    let arms: Vec<TokenStream> = policies
        .values()
        .map(|policy| {
            let name = policy.id.to_upper_camel_case();
            let builder = builders.iter().find_map(|item| match item {
                Item::Struct(builder) if builder.ident == name => Some(builder),
                _ => None,
            })?;
            Some(arm(policy, builder))
        })
        .collect::<Option<_>>()?;
    Some(parse_quote! {
        #[cfg(feature = "testing")]
        impl crate::testing::Dispatch for Client {
            fn operations(&self) -> Vec<crate::testing::OperationInfo> {
                let all = operations::ALL.iter();
                all.map(|operation| crate::testing::OperationInfo::of(operation)).collect()
            }

            fn dispatch<'a>(
                &'a self,
                operation: &str,
                arguments: &'a ::serde_json::Value,
            ) -> Option<crate::testing::DispatchFuture<'a>> {
                use crate::testing::{argument, required};
                match operation {
                    #(#arms)*
                    _ => None,
                }
            }
        }
    })
}

fn arm(policy: &Policy, builder: &syn::ItemStruct) -> TokenStream {
    let id = &policy.id;
    let call = format_ident!("{id}");
    let required = required_argument(builder);
    let given = required.iter().map(|required| {
        let (name, ty) = (required.name.to_string(), &required.ty);
        quote! { required::<#ty>(arguments, #name)? }
    });
    let setters = named(&builder.fields)
        .into_iter()
        .filter_map(|(setter, ty)| {
            if setter == "client"
                || required
                    .as_ref()
                    .is_some_and(|required| required.name == setter)
            {
                return None;
            }
            let name = setter.to_string();
            let value = built(&ty)?;
            let value = body_type(&optional(&value).unwrap_or(value))?;
            Some(quote! {
                if let Some(value) = argument::<#value>(arguments, #name)? {
                    call = call.#setter(value);
                }
            })
        });
    quote! {
        #id => Some(Box::pin(async move {
            #[allow(unused_mut)]
            let mut call = self.#call(#(#given),*);
            #(#setters)*
            crate::testing::show(&call);
            let answer = call.send().await?;
            crate::testing::show(&answer);
            answer.into_json()
        })),
    }
}
