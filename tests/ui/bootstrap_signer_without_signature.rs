//! A custom scheme must write a signature.

use vestibule::wunder::BootstrapSignature;

struct Unsigned;

impl BootstrapSignature for Unsigned {}

fn main() {}
