//! `Debug` without fields, for types that hold secrets or what users entered.

/// Implements `Debug` as the name alone, such as `wunder::Client`.
macro_rules! opaque_debug {
    ($system:literal: $($type:ident),+ $(,)?) => {
        $(impl ::std::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!($system, "::", stringify!($type)))
            }
        })+
    };
}

pub(crate) use opaque_debug;
