//! Which writes a stored record descends from: tells a record that another instance wrote after ours
//! from one that a store has brought back, and from one that was written over such a record.

use serde::{Deserialize, Serialize};

use super::credential::TokenFingerprint;
use crate::store::Version;

/// How many writes a record names, its own included. More than a fail-over usually loses.
const REMEMBERED_WRITES: usize = 8;

/// How many spent refresh tokens a record names.
const REMEMBERED_TOKENS: usize = 3;

/// The id of one write: 64 random bits.
type WriteId = u64;

/// The writes that led to a record, and the refresh tokens that were spent on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredLineage", into = "StoredLineage")]
pub(super) struct Lineage {
    /// The number of writes since the session was created.
    count: u32,
    /// How many of the numbers are ids of writes.
    writes: u8,
    /// The ids of the newest writes, of which the first is that of the record itself, and then the newest
    /// refresh tokens that were exchanged for others, as shortened fingerprints. Every session has a
    /// lineage, so it is one allocation.
    numbers: Box<[u64]>,
}

/// The form in which a record has a lineage.
#[derive(Serialize, Deserialize)]
struct StoredLineage {
    /// The number of writes since the session was created, if the record does not name them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(default)]
    writes: Vec<WriteId>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    spent: Vec<u64>,
}

impl From<StoredLineage> for Lineage {
    fn from(stored: StoredLineage) -> Self {
        let StoredLineage {
            count,
            writes,
            spent,
        } = stored;
        Self::new(count.unwrap_or_default(), &writes, &spent)
    }
}

impl From<Lineage> for StoredLineage {
    fn from(lineage: Lineage) -> Self {
        let (writes, spent) = (lineage.writes(), lineage.spent());
        Self {
            count: (lineage.count as usize != writes.len()).then_some(lineage.count),
            writes: writes.to_vec(),
            spent: spent.to_vec(),
        }
    }
}

/// What a record in the store is to the record that an instance knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Same,
    /// It was written over ours.
    Newer,
    /// Ours was written over it: the store has gone back.
    Older,
    /// Both were written over a third one: the store had gone back in between.
    Fork,
}

impl Lineage {
    /// Keeps the newest ids. A `count` below their number is raised to it.
    fn new(count: u32, writes: &[WriteId], spent: &[u64]) -> Self {
        let writes = &writes[..writes.len().min(REMEMBERED_WRITES)];
        let spent = &spent[..spent.len().min(REMEMBERED_TOKENS)];
        let known = u8::try_from(writes.len()).unwrap_or(u8::MAX);
        Self {
            count: count.max(known.into()),
            writes: known,
            numbers: [writes, spent].concat().into(),
        }
    }

    fn writes(&self) -> &[WriteId] {
        &self.numbers[..self.writes.into()]
    }

    fn spent(&self) -> &[u64] {
        &self.numbers[self.writes.into()..]
    }

    /// Whether nothing is known, as of a record that was written before records had a lineage.
    pub(super) fn is_empty(&self) -> bool {
        self.writes == 0
    }

    /// The id of the record itself.
    pub(super) fn id(&self) -> Option<WriteId> {
        self.writes().first().copied()
    }

    pub(super) fn contains(&self, id: WriteId) -> bool {
        self.writes().contains(&id)
    }

    /// The lineage of a record that is written over this one. `spent` is the refresh token that was
    /// exchanged for the one in the new record.
    pub(super) fn child(&self, id: WriteId, spent: Option<&TokenFingerprint>) -> Self {
        let mut writes = vec![id];
        writes.extend(self.writes());
        let spent = spent.map(TokenFingerprint::shortened);
        let spent = spent.filter(|spent| !self.spent().contains(spent));
        let spent: Vec<_> = spent
            .into_iter()
            .chain(self.spent().iter().copied())
            .collect();
        Self::new(self.count.saturating_add(1), &writes, &spent)
    }

    /// Adds the newest write of another branch to the ancestors, because the next write replaces both.
    pub(super) fn absorb(&mut self, other: &Self) {
        let mut writes = self.writes().to_vec();
        if let Some(id) = other.id().filter(|id| !self.contains(*id)) {
            writes.insert(1.min(writes.len()), id);
        }
        *self = Self::new(self.count.max(other.count), &writes, self.spent());
    }

    /// Whether this refresh token was exchanged for another one.
    pub(super) fn has_spent(&self, token: Option<&TokenFingerprint>) -> bool {
        token.is_some_and(|token| self.spent().contains(&token.shortened()))
    }

    /// What the record `found` is to ours. Where the lineages do not tell, the versions do, which
    /// increase unless the store has gone back.
    pub(super) fn relation(&self, ours: Version, found: &Self, version: Version) -> Relation {
        let (Some(our_id), Some(found_id)) = (self.id(), found.id()) else {
            return match version.cmp(&ours) {
                std::cmp::Ordering::Equal => Relation::Same,
                std::cmp::Ordering::Greater => Relation::Newer,
                std::cmp::Ordering::Less => Relation::Older,
            };
        };
        if our_id == found_id {
            return Relation::Same;
        }
        if found.contains(our_id) {
            return Relation::Newer;
        }
        if self.contains(found_id) {
            return Relation::Older;
        }
        let is_beyond_memory = |newer: &Self, older: &Self| {
            newer.count.saturating_sub(older.count) >= newer.writes.into()
        };
        if version > ours && is_beyond_memory(found, self) {
            Relation::Newer
        } else if version < ours && is_beyond_memory(self, found) {
            Relation::Older
        } else {
            Relation::Fork
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lineage, Relation};
    use crate::store::Version;

    fn chain(ids: impl IntoIterator<Item = u64>) -> Lineage {
        let first = Lineage::default();
        ids.into_iter().fold(first, |line, id| line.child(id, None))
    }

    fn relation(ours: &Lineage, found: &Lineage) -> Relation {
        ours.relation(Version(5), found, Version(5))
    }

    #[test]
    fn a_record_is_the_same_newer_older_or_of_another_branch() {
        let known = chain([1, 2, 3]);
        assert_eq!(relation(&known, &known), Relation::Same);
        assert_eq!(relation(&known, &chain([1, 2, 3, 4])), Relation::Newer);
        assert_eq!(relation(&known, &chain([1, 2])), Relation::Older);
        assert_eq!(relation(&known, &chain([1, 2, 7])), Relation::Fork);
        assert_eq!(relation(&known, &chain([1, 7, 8, 9])), Relation::Fork);
    }

    #[test]
    fn versions_decide_what_a_lineage_is_too_short_to_tell() {
        let (short, long) = (chain(1..4), chain(1..40));
        let older = Version(1);
        let newer = Version(2);
        assert_eq!(short.relation(older, &long, newer), Relation::Newer);
        assert_eq!(long.relation(newer, &short, older), Relation::Older);
        assert_eq!(long.relation(older, &short, newer), Relation::Fork);
        let before_lineages = Lineage::default();
        assert_eq!(
            before_lineages.relation(older, &short, newer),
            Relation::Newer
        );
        assert_eq!(
            short.relation(newer, &before_lineages, older),
            Relation::Older
        );
    }

    #[test]
    fn a_write_over_another_branch_is_newer_than_both() {
        let (ours, theirs) = (chain([1, 2, 3]), chain([1, 2, 7]));
        let mut merged = theirs.clone();
        merged.absorb(&ours);
        let next = merged.child(9, None);
        assert_eq!(relation(&ours, &next), Relation::Newer);
        assert_eq!(relation(&theirs, &next), Relation::Newer);
    }
}
