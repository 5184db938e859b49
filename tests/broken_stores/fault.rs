//! The mistakes that one can make in a store.

macro_rules! faults {
    ($($fault:ident),* $(,)?) => {
        /// What the store does wrong.
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
    VersionsStartAnew,
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
    FencesStartAnew,
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
