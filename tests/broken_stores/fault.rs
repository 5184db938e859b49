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
    LoadsGhosts,
    TakesEmptyForNothing,
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
    RecordsGoEarly,
    SwapsKeepTheTime,
    ExpiredRecordsBlock,
    ZeroIsForEver,
    LongTimesPanic,
    LeasesStay,
    LeasesGoEarly,
    ExtendsNothing,
    ExtendsWhatIsOver,
    ExtendsForAnybody,
    ReleasesForAnybody,
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
    WantsFences,
    WantsRunningLeases,
    FencesExcuseVersions,
    LooksAtVersionsFirst,
    TakesNewerFences,
    TakesFencesBeforeLeases,
    TakesFencesOfOtherKeys,
];
