//! Calls, types and builders are compiled where they are used.
//!
//! Without `#[inline]` the library compiles each function that is not generic, with all that it
//! reads and writes: every call of a document, and a builder for each answer. A program makes a few
//! of the calls, and builds no answer.

use syn::visit_mut::VisitMut;
use syn::{ImplItemFn, Item, parse_quote};

/// Leaves the functions of `item` to the crate that uses them.
pub fn compile_on_demand(item: &mut Item) {
    Inline.visit_item_mut(item);
}

struct Inline;

impl VisitMut for Inline {
    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        function.attrs.push(parse_quote!(#[inline]));
    }
}
