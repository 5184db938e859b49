//! Which writes a stored record descends from: tells a record that another instance wrote after ours
//! from one that a store has brought back, and from one that was written over such a record.

use std::iter;

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
pub(super) struct Lineage {
    /// The number of writes since the session was created.
    #[serde(default)]
    count: u64,
    /// The ids of the newest writes. The first is that of the record itself.
    #[serde(default)]
    writes: Box<[WriteId]>,
    /// The newest refresh tokens that were exchanged for others, as shortened fingerprints.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    spent: Box<[u64]>,
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
    /// Whether nothing is known, as of a record that was written before records had a lineage.
    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The id of the record itself.
    pub(super) fn id(&self) -> Option<WriteId> {
        self.writes.first().copied()
    }

    pub(super) fn contains(&self, id: WriteId) -> bool {
        self.writes.contains(&id)
    }

    /// The lineage of a record that is written over this one. `spent` is the refresh token that was
    /// exchanged for the one in the new record.
    pub(super) fn child(&self, id: WriteId, spent: Option<&TokenFingerprint>) -> Self {
        let earlier = self.writes.iter().copied().take(REMEMBERED_WRITES - 1);
        let writes = iter::once(id).chain(earlier).collect();
        let spent = spent.map(TokenFingerprint::shortened);
        let spent = spent.filter(|spent| !self.spent.contains(spent));
        let spent = spent.into_iter().chain(self.spent.iter().copied());
        Self {
            count: self.count.saturating_add(1),
            writes,
            spent: spent.take(REMEMBERED_TOKENS).collect(),
        }
    }

    /// Adds the newest write of another branch to the ancestors, because the next write replaces both.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.count = self.count.max(other.count);
        let Some(id) = other.id().filter(|id| !self.contains(*id)) else {
            return;
        };
        let (own, earlier) = self.writes.split_at(1.min(self.writes.len()));
        let writes = own.iter().chain([&id]).chain(earlier).copied();
        self.writes = writes.take(REMEMBERED_WRITES).collect();
    }

    /// Whether this refresh token was exchanged for another one.
    pub(super) fn has_spent(&self, token: Option<&TokenFingerprint>) -> bool {
        token.is_some_and(|token| self.spent.contains(&token.shortened()))
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
            newer.count.saturating_sub(older.count) >= newer.writes.len() as u64
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
