//! A challenge is completed once.

use vestibule::walletcrew::Challenge;

fn spare(challenge: &Challenge) -> Challenge {
    challenge.clone()
}

fn main() {}
