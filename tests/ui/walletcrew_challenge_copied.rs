//! A challenge is answered by whoever has it, once.

use vestibule::walletcrew::Challenge;

fn spare(challenge: &Challenge) -> Challenge {
    challenge.clone()
}

fn main() {}
