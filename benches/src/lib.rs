//! What the benches share: a server in a process of its own, counting by valgrind, rounds by the
//! clock, and the table that they write.

pub mod customer;
pub mod protections;
pub mod rounds;
pub mod server;
pub mod subjects;
pub mod table;
pub mod valgrind;

/// Progenitor's own client of the User API.
#[allow(warnings, clippy::all)]
pub mod progenitor {
    include!(concat!(env!("OUT_DIR"), "/wunder_user.rs"));
}
