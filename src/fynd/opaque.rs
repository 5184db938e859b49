//! `Debug` of Fynd's states, without fields.

macro_rules! opaque {
    ($($type:ident),+ $(,)?) => {
        $crate::opaque_debug::opaque_debug!("fynd": $($type),+);
    };
}

pub(super) use opaque;
