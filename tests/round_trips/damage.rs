//! Damage to a body by a broken connection or an intermediary.

use proptest::prelude::*;
use proptest::sample::Index;

/// A change of one byte, or a truncation.
#[derive(Clone, Debug)]
pub enum Damage {
    Cut(Index),
    Change(Index, u8),
    Insert(Index, u8),
    Remove(Index),
}

pub fn damage() -> impl Strategy<Value = Damage> {
    let position = any::<Index>;
    prop_oneof![
        position().prop_map(Damage::Cut),
        (position(), any::<u8>()).prop_map(|(position, byte)| Damage::Change(position, byte)),
        (position(), any::<u8>()).prop_map(|(position, byte)| Damage::Insert(position, byte)),
        position().prop_map(Damage::Remove),
    ]
}

impl Damage {
    pub fn done_to(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let length = bytes.len();
        match self {
            Self::Cut(position) => bytes.truncate(position.index(length)),
            Self::Change(position, byte) => bytes[position.index(length)] = *byte,
            Self::Insert(position, byte) => bytes.insert(position.index(length), *byte),
            Self::Remove(position) => {
                bytes.remove(position.index(length));
            }
        }
        bytes
    }
}
