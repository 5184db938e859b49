//! walletcrew
