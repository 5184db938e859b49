//! Reading the types that progenitor generated.

use quote::quote;
use syn::{Fields, GenericArgument, PathArguments, Type};

/// The last name in a type's path, such as `Option`.
pub fn last_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => {
            let last = path.path.segments.last();
            last.map(|segment| segment.ident.to_string())
        }
        _ => None,
    }
}

/// The first type in the angle brackets of a type.
pub fn first_argument(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    })
}

/// The type in an `Option`, if it is one.
pub fn optional(ty: &Type) -> Option<Type> {
    (last_name(ty)? == "Option").then(|| first_argument(ty))?
}

/// What a field of a builder holds: `T` of `Result<T, String>`.
pub fn built(ty: &Type) -> Option<Type> {
    (last_name(ty)? == "Result").then(|| first_argument(ty))?
}

/// The name and type of each field.
pub fn named(fields: &Fields) -> Vec<(syn::Ident, Type)> {
    let named = fields.iter();
    named
        .filter_map(|field| Some((field.ident.clone()?, field.ty.clone())))
        .collect()
}

/// A path or query argument that an operation cannot do without.
pub struct Required {
    pub name: syn::Ident,
    pub ty: Type,
}

/// The required path or query argument of an operation, from its builder, if it has just one:
/// several in a row could be given in the wrong order, so they keep their setters.
pub fn required_argument(builder: &syn::ItemStruct) -> Option<Required> {
    let fields = named(&builder.fields).into_iter();
    let mut required = fields
        .filter(|(name, _)| name != "client" && name != "body")
        .filter_map(|(name, ty)| {
            let ty = built(&ty)?;
            optional(&ty).is_none().then_some(Required { name, ty })
        });
    let first = required.next()?;
    required.next().is_none().then_some(first)
}

/// The type of a body: what its builder builds.
pub fn body_type(ty: &Type) -> Option<Type> {
    let text = quote!(#ty).to_string().replace("builder ::", "");
    syn::parse_str(&text).ok()
}
