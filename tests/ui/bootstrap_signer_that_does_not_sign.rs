//! A scheme of one's own has to write a signature.

use vestibule::wunder::BootstrapSignature;

struct Unsigned;

impl BootstrapSignature for Unsigned {}

fn main() {}
