//! A stateful mock of GoodCity.
/// A mock.
#[derive(Debug)]
pub struct GoodCity;
