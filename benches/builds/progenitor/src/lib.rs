//! Clients that progenitor has generated.
#![allow(warnings)]

pub mod wunder_auth {
    include!(concat!(env!("OUT_DIR"), "/wunder-auth"));
}
pub mod wunder_user {
    include!(concat!(env!("OUT_DIR"), "/wunder-user"));
}
#[cfg(feature = "all-systems")]
pub mod walletcrew {
    include!(concat!(env!("OUT_DIR"), "/walletcrew"));
}
#[cfg(feature = "all-systems")]
pub mod goodcity {
    include!(concat!(env!("OUT_DIR"), "/goodcity"));
}
#[cfg(feature = "all-systems")]
pub mod fynd {
    include!(concat!(env!("OUT_DIR"), "/fynd"));
}
