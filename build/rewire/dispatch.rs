//! Calls by name with JSON arguments, for tests that go over every operation.

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{GenericArgument, Item, PathArguments, Type, parse_quote};

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
            fn described(&self) -> Vec<crate::testing::Described> {
                let all = operations::ALL.iter();
                all.map(|operation| crate::testing::Described::of(operation)).collect()
            }

            fn dispatch<'a>(
                &'a self,
                operation: &str,
                arguments: &'a ::serde_json::Value,
            ) -> Option<crate::testing::Dispatched<'a>> {
                use crate::testing::argument;
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
    let setters = builder.fields.iter().filter_map(|field| {
        let setter = field.ident.as_ref().filter(|name| *name != "client")?;
        let name = setter.to_string();
        let value = argument_type(&field.ty)?;
        Some(quote! {
            if let Some(value) = argument::<#value>(arguments, #name)? {
                call = call.#setter(value);
            }
        })
    });
    quote! {
        #id => Some(Box::pin(async move {
            #[allow(unused_mut)]
            let mut call = self.#call();
            #(#setters)*
            call.send().await?.into_json()
        })),
    }
}

/// The type of the value in `Result<T, String>` or `Result<Option<T>, String>`.
fn argument_type(ty: &Type) -> Option<TokenStream> {
    let value = first_argument(ty)?;
    let value = match last_segment(&value)?.as_str() {
        "Option" => first_argument(&value)?,
        _ => value,
    };
    // A body is collected by the builder of its type.
    let text = quote!(#value).to_string().replace("builder ::", "");
    text.parse().ok()
}

fn last_segment(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

fn first_argument(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    })
}
