//! A stateful mock of WalletCrew.
/// A mock.
#[derive(Debug)]
pub struct WalletCrew;
