//! What a broken connection or a foreign hand does to a body.

use proptest::prelude::*;
use proptest::sample::Index;

/// One change to one byte, or the end of a body lost.
#[derive(Clone, Debug)]
pub enum Damage {
    Cut(Index),
    Change(Index, u8),
    Insert(Index, u8),
    Remove(Index),
}

pub fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<Index>;
    prop_oneof![
        place().prop_map(Damage::Cut),
        (place(), any::<u8>()).prop_map(|(place, byte)| Damage::Change(place, byte)),
        (place(), any::<u8>()).prop_map(|(place, byte)| Damage::Insert(place, byte)),
        place().prop_map(Damage::Remove),
    ]
}

impl Damage {
    pub fn done_to(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let length = bytes.len();
        match self {
            Self::Cut(place) => bytes.truncate(place.index(length)),
            Self::Change(place, byte) => bytes[place.index(length)] = *byte,
            Self::Insert(place, byte) => bytes.insert(place.index(length), *byte),
            Self::Remove(place) => {
                bytes.remove(place.index(length));
            }
        }
        bytes
    }
}
