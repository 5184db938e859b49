//! A stateful mock of Fynd.
/// A mock.
#[derive(Debug)]
pub struct Fynd;
