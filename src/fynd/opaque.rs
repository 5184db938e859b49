//! `Debug` of states: the name alone, for they hold secrets and what users entered.

macro_rules! opaque {
    ($($type:ident),+ $(,)?) => {
        $(impl ::std::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!("fynd::", stringify!($type)))
            }
        })+
    };
}

pub(super) use opaque;
