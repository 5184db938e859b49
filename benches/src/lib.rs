//! Shared code of the benches: a server in a separate process, counting by valgrind, wall-clock
//! rounds, and the printed table.

pub mod profile;
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
