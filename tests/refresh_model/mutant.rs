//! Mutants: broken stores, servers and clocks. The model must detect each.

macro_rules! mutants {
    ($($(#[$doc:meta])* $mutant:ident),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant { $($(#[$doc])* $mutant),* }

        pub const MUTANTS: &[Mutant] = &[$(Mutant::$mutant),*];
    };
}

mutants![
    /// The store grants the lease to every instance.
    LeasesForAll,
    /// The store ends a lease long before it expires.
    LeasesExpireEarly,
    /// The store reports an extended lease that it did not extend.
    ExtendsNothing,
    /// The store ignores version and fence of a write.
    WritesBlindly,
    /// The store reports a write that it did not make.
    ForgetsWrites,
    /// The store reports a deletion that it did not make.
    ForgetsDeletions,
    /// The store does not find an existing record.
    LosesRecords,
    /// The refresh treats a lost response as a refusal.
    TreatsFailuresAsRefusals,
    /// The refresh treats a lost response as a request that was not sent.
    TreatsLostAsUnsent,
    /// The refresh returns only the access token.
    DropsRefreshTokens,
    /// The clock of an instance does not advance.
    ClocksStandStill,
    /// The sleeps of an instance never end.
    NeverWakes,
];
