//! Steps that a user must have completed before an operation.

use super::errors::api_error;
use super::terms::AcceptanceState;
use super::users::UserId;
use super::{State, Wunder};
use crate::testing::MockResult;

/// A step that a tenant can require of a user before an operation. The comment of each variant names
/// the error code of the rejected operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WunderRequirement {
    /// A phone number and an e-mail address on the profile; `U130.2` if it has neither, `U130.3` without
    /// an e-mail address, `U130.4` without a phone number.
    CompleteProfile,
    /// A verified phone number; `U301`.
    VerifiedPhone,
    /// A verified e-mail address; `U401`.
    VerifiedEmail,
    /// A completed external verification; `U501`.
    Licence,
    /// The newest terms of the user's branch; `U601` if they were never accepted, `U602` if only
    /// an older version was.
    Terms,
}

impl State {
    pub(super) fn check_requirements(&self, user: UserId, operation: &str) -> MockResult<()> {
        let requirements = self.requirements.get(operation).into_iter().flatten();
        for requirement in requirements {
            self.check_requirement(user, *requirement)?;
        }
        Ok(())
    }

    fn check_requirement(&self, id: UserId, requirement: WunderRequirement) -> MockResult<()> {
        let user = &self.users[id];
        let missing = |code, message| Err(api_error(403, code, message));
        match requirement {
            WunderRequirement::CompleteProfile => match (user.email(), user.phone()) {
                (None, None) => missing("U130.2", "the profile has no contact"),
                (None, Some(_)) => missing("U130.3", "the profile has no e-mail address"),
                (Some(_), None) => missing("U130.4", "the profile has no phone number"),
                (Some(_), Some(_)) => Ok(()),
            },
            WunderRequirement::VerifiedPhone if !user.phone().is_some_and(|it| it.is_verified) => {
                missing("U301", "the phone number is not verified")
            }
            WunderRequirement::VerifiedEmail if !user.email().is_some_and(|it| it.is_verified) => {
                missing("U401", "the e-mail address is not verified")
            }
            WunderRequirement::Licence if !user.has_licence => {
                missing("U501", "the driving licence is not verified")
            }
            WunderRequirement::Terms => match self.acceptance_state(id) {
                Some(AcceptanceState::NeverAccepted) => {
                    missing("U601", "the terms were never accepted")
                }
                Some(AcceptanceState::Outdated) => missing("U602", "there are newer terms"),
                Some(AcceptanceState::Accepted) | None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

impl Wunder {
    /// Makes an operation of the User API fail for users who have not completed a step. Several steps
    /// can be required of one operation.
    pub fn require(&self, operation: &str, requirement: WunderRequirement) {
        let requirements = &mut self.shared.state().requirements;
        let required = requirements.entry(operation.to_owned()).or_default();
        required.push(requirement);
    }

    /// Disables an operation that signs in, signs up or sends a code: it fails with `U109` from now
    /// on, as if the tenant did not offer this way to sign in.
    pub fn disable_operation(&self, operation: &str) {
        let mut state = self.shared.state();
        state.disabled.insert(operation.to_owned());
    }
}
