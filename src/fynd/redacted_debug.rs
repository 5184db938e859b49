//! `Debug` of states that hold secrets and user input: the name of the type only.

macro_rules! redacted_debug {
    ($($type:ident),+ $(,)?) => {
        $(impl ::std::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!("fynd::", stringify!($type)))
            }
        })+
    };
}

pub(super) use redacted_debug;
