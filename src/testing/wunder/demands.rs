//! What an operation may ask of a user before it does anything.

use super::Wunder;
use super::errors::api_error;
use super::state::State;
use super::terms::Standing;
use super::users::UserId;
use crate::testing::MockResponse;

/// A step that a tenant can demand of a user before an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WunderDemand {
    /// A phone number and an e-mail address on the profile; `U130.1` and `U130.2`.
    CompleteProfile,
    /// A verified phone number; `U301`.
    VerifiedPhone,
    /// A verified e-mail address; `U401`.
    VerifiedEmail,
    /// A finished external verification; `U501`.
    Licence,
    /// The newest terms of the user's branch; `U601` if they were never accepted, `U602` if only
    /// an older version was.
    Terms,
}

impl State {
    pub(super) fn meets_demands(&self, user: UserId, operation: &str) -> Result<(), MockResponse> {
        let demands = self.demands.get(operation).into_iter().flatten();
        for demand in demands {
            self.meets(user, *demand)?;
        }
        Ok(())
    }

    fn meets(&self, id: UserId, demand: WunderDemand) -> Result<(), MockResponse> {
        let user = &self.users[id];
        let missing = |code, message| Err(api_error(403, code, message));
        match demand {
            WunderDemand::CompleteProfile if user.phone().is_none() => {
                missing("U130.1", "the profile has no phone number")
            }
            WunderDemand::CompleteProfile if user.email().is_none() => {
                missing("U130.2", "the profile has no e-mail address")
            }
            WunderDemand::VerifiedPhone if !user.phone().is_some_and(|it| it.is_verified) => {
                missing("U301", "the phone number is not verified")
            }
            WunderDemand::VerifiedEmail if !user.email().is_some_and(|it| it.is_verified) => {
                missing("U401", "the e-mail address is not verified")
            }
            WunderDemand::Licence if !user.has_licence => {
                missing("U501", "the driving licence is not verified")
            }
            WunderDemand::Terms => match self.standing(id) {
                Some(Standing::NeverAccepted) => missing("U601", "the terms were never accepted"),
                Some(Standing::Outdated) => missing("U602", "there are newer terms"),
                Some(Standing::Accepted) | None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

impl Wunder {
    /// Makes an operation on the profile of a user refuse those who lack this step, such as
    /// `init_verification` those who did not accept the terms. Demands add up.
    pub fn demand(&self, operation: &str, demand: WunderDemand) {
        let mut state = self.world.state();
        let demands = state.demands.entry(operation.to_owned()).or_default();
        demands.push(demand);
    }

    /// Makes the tenant not offer a way in, by the operation that signs in, signs up or sends the
    /// code: it answers `U109` from now on.
    pub fn stop_offering(&self, operation: &str) {
        let mut state = self.world.state();
        state.withheld.insert(operation.to_owned());
    }
}
