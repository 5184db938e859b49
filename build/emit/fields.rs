//! Reads the declarations that progenitor generated.

use syn::{Fields, GenericArgument, Ident, Item, ItemStruct, PathArguments, Type};

/// Takes the items of a module out of `items`.
pub fn take_module(name: &str, items: &mut Vec<Item>) -> Option<Vec<Item>> {
    let is_it = |item: &Item| matches!(item, Item::Mod(module) if module.ident == name);
    let at = items.iter().position(is_it)?;
    match items.remove(at) {
        Item::Mod(module) => module.content.map(|(_, items)| items),
        _ => None,
    }
}

pub fn structs(items: &[Item]) -> impl Iterator<Item = &ItemStruct> {
    items.iter().filter_map(|item| match item {
        Item::Struct(item) => Some(item),
        _ => None,
    })
}

/// The name and type of each field.
pub fn named(fields: &Fields) -> Vec<(&Ident, &Type)> {
    let fields = fields.iter();
    fields
        .filter_map(|field| Some((field.ident.as_ref()?, &field.ty)))
        .collect()
}

/// The last name in a type's path, such as `Option`.
pub fn last_name(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}

/// The type in an `Option`, if it is one.
pub fn optional(ty: &Type) -> Option<&Type> {
    argument_of("Option", ty)
}

/// What a field of a builder holds: `T` of `Result<T, String>`.
pub fn built(ty: &Type) -> Option<&Type> {
    argument_of("Result", ty)
}

/// The first type in the angle brackets of a type of this name.
fn argument_of<'a>(name: &str, ty: &'a Type) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.next().filter(|_| last.ident == name)
}

/// The field that must be given, if there is just one: several in a row could be given in the wrong
/// order.
pub fn only_required<'a>(
    fields: impl Iterator<Item = (&'a Ident, &'a Type)>,
) -> Option<(&'a Ident, &'a Type)> {
    let mut required = fields.filter(|(_, ty)| optional(ty).is_none());
    let first = required.next()?;
    required.next().is_none().then_some(first)
}
