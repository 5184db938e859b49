//! Ways to break what the protocol stands on. The model must find each out.

macro_rules! mutants {
    ($($(#[$doc:meta])* $mutant:ident),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant { $($(#[$doc])* $mutant),* }

        pub const MUTANTS: &[Mutant] = &[$(Mutant::$mutant),*];
    };
}

mutants![
    /// The store gives the lease to everybody.
    LeasesForAll,
    /// The store ends a lease long before its time.
    LeasesGoEarly,
    /// The store says that it has extended a lease, and has not.
    ExtendsNothing,
    /// The store writes whatever the version and the fence.
    WritesBlindly,
    /// The store says that it has written, and has not.
    ForgetsWrites,
    /// The store says that it has deleted, and has not.
    ForgetsDeletions,
    /// The store does not find a record that is there.
    LosesRecords,
    /// The renewal takes an answer that was lost for a refusal.
    TakesFaultsForRefusals,
    /// The renewal says of a lost answer that nothing was sent.
    TakesLostForUnsent,
    /// The renewal passes on the access token only.
    DropsRefreshTokens,
    /// The clock of an instance stands still.
    ClocksStandStill,
    /// The clock of an instance never wakes anybody.
    SleepsForEver,
];
