//! The faults that a store can have.

macro_rules! faults {
    ($($fault:ident),* $(,)?) => {
        /// A fault of a store.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { $($fault),* }

        pub const FAULTS: &[Fault] = &[$(Fault::$fault),*];
    };
}

faults![
    LoadsAnotherVersion,
    LoadsNonexistentRecords,
    TreatsEmptyAsMissing,
    KeepsTextOnly,
    CutsLongRecords,
    ConfusesKeys,
    CreatesOverRecords,
    ChecksThenCreates,
    SwapsKeepTheBody,
    SwapsAnyVersion,
    SwapsNewerVersions,
    SwapsWithoutRecord,
    ChecksThenSwaps,
    KeepsDeletedRecords,
    DeletesWithErrors,
    VersionsStandStill,
    VersionsRestart,
    RecordsStay,
    RecordsExpireEarly,
    SwapsKeepTheTime,
    ExpiredRecordsBlock,
    ZeroNeverExpires,
    LongTimesPanic,
    LeasesStay,
    LeasesExpireEarly,
    ExtendsNothing,
    ExtendsExpiredLeases,
    ExtendsForAll,
    ReleasesForAll,
    ReleasesNothing,
    ReleasesWithErrors,
    LeasesForAll,
    ChecksThenLeases,
    LeasesNeedRecords,
    LeasesTouchRecords,
    FencesRestart,
    DeletionsForgetFences,
    DeletionsEndLeases,
    IgnoresFences,
    RefusesFences,
    RequiresFences,
    RequiresRunningLeases,
    FencesExcuseVersions,
    LooksAtVersionsFirst,
    AcceptsNewerFences,
    AcceptsFencesBeforeLeases,
    AcceptsFencesOfOtherKeys,
];
