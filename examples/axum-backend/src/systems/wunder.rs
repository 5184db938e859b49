//! Wunder: sign-in, terms, names and authenticators.

use std::sync::Arc;
use std::time::Duration;

use vestibule::challenge::StepError;
use vestibule::store::SessionStore;
use vestibule::wunder::{
    BranchSignIn, Challenge, Client, MfaEnrolment, MfaRequired, Onboarding, Session,
};
use vestibule::{AnyJson, Clock, Error, Secret};

use crate::settings::WunderServer;

/// The vendor documents no resend interval; this protects against pressing a button twice.
const RESEND_WAIT: Duration = Duration::from_secs(30);

/// The profile members that this operator requires; the vendor publishes none.
const FIRST_NAME: &str = "firstName";
const LAST_NAME: &str = "lastName";

pub struct Wunder {
    pub client: Client,
    pub sign_in: BranchSignIn,
    branch: String,
}

impl Wunder {
    pub(super) fn new(
        server: &WunderServer,
        store: Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let client = Client::builder(server.url.as_str())
            .tenant(server.tenant.as_str())
            .signing_key(server.signing_key.clone())
            .store(store)
            .clock(clock)
            .resend_wait(RESEND_WAIT)
            .build()?;
        Ok(Self {
            sign_in: client.at_branch(server.branch.as_str()).language("en"),
            client,
            branch: server.branch.clone(),
        })
    }

    /// The steps that a user has to complete before a rental.
    pub async fn onboarding(&self, session: &Session) -> Result<Onboarding, Error> {
        let check = session.onboarding(self.branch.as_str());
        check.require_members([FIRST_NAME, LAST_NAME]).send().await
    }

    /// Accepts the terms of this id. Terms that are no longer outstanding, because another window
    /// accepted them, are ignored.
    pub async fn accept_terms(&self, session: &Secret, id: &str) -> Result<(), Error> {
        let session = self.client.resume_session(session).await?;
        let outstanding = session
            .outstanding_terms(self.branch.as_str(), None)
            .await?;
        for missing in outstanding {
            if shown_id(&missing.terms.id) == id {
                session.accept_terms(&missing.terms).await?;
            }
        }
        Ok(())
    }

    pub async fn give_name(&self, session: &Secret, first: &str, last: &str) -> Result<(), Error> {
        let session = self.client.resume_session(session).await?;
        let change = session.update_profile().member(FIRST_NAME, first);
        change.member(LAST_NAME, last).send().await.map(drop)
    }

    /// The sign-in that waits for a second factor.
    async fn second_factor(&self, id: &Secret) -> Result<Option<MfaRequired>, Error> {
        Ok(match self.client.resume_challenge(id).await? {
            Challenge::MfaRequired(mfa) => Some(mfa),
            _ => None,
        })
    }
}

/// The session or sign-in that enrols an authenticator.
pub enum Enroller<'a> {
    /// The session of a signed-in user.
    Session(&'a Secret),
    /// A sign-in for which the tenant requires an authenticator.
    SignIn(&'a Secret),
}

impl Wunder {
    /// Requests a new secret; `None` if the sign-in does not wait for a second factor.
    pub async fn enrol(&self, who: &Enroller<'_>) -> Result<Option<MfaEnrolment>, Error> {
        match who {
            Enroller::Session(id) => {
                let session = self.client.resume_session(id).await?;
                session.request_mfa_enrolment().await.map(Some)
            }
            Enroller::SignIn(id) => match self.second_factor(id).await? {
                Some(mfa) => mfa.request_mfa_enrolment().await.map(Some),
                None => Ok(None),
            },
        }
    }

    /// Resumes an enrolment; sends nothing.
    pub async fn resume_mfa_enrolment(
        &self,
        who: &Enroller<'_>,
        id: &Secret,
    ) -> Result<Option<MfaEnrolment>, Error> {
        match who {
            Enroller::Session(session) => {
                let session = self.client.resume_session(session).await?;
                session.resume_mfa_enrolment(id).await.map(Some)
            }
            Enroller::SignIn(sign_in) => match self.second_factor(sign_in).await? {
                Some(mfa) => mfa.resume_mfa_enrolment(id).await.map(Some),
                None => Ok(None),
            },
        }
    }

    /// Completes an enrolment by a code. Returns the recovery codes, if there are any.
    pub async fn enable(
        &self,
        who: &Enroller<'_>,
        id: &Secret,
        code: Secret,
    ) -> Result<Vec<Secret>, Error> {
        let Some(enrolment) = self.resume_mfa_enrolment(who, id).await? else {
            return Ok(Vec::new());
        };
        let response = enrolment.confirm(code).await;
        let response = response.map_err(|StepError { error, .. }| error)?;
        Ok(recovery_codes(&response))
    }
}

/// Ids are numbers or strings.
pub fn shown_id(id: &Option<AnyJson>) -> String {
    match id.as_ref().map(|id| &id.0) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(id) => id.to_string(),
        None => String::new(),
    }
}

/// The vendor does not publish where the codes are: collects every string in an array.
fn recovery_codes(response: &AnyJson) -> Vec<Secret> {
    fn collect(value: &serde_json::Value, in_list: bool, codes: &mut Vec<Secret>) {
        match value {
            serde_json::Value::String(text) if in_list => codes.push(text.as_str().into()),
            serde_json::Value::Array(items) => {
                items.iter().for_each(|item| collect(item, true, codes));
            }
            serde_json::Value::Object(members) => {
                let mut members = members.values();
                members.by_ref().for_each(|it| collect(it, false, codes));
            }
            _ => {}
        }
    }
    let mut codes = Vec::new();
    collect(&response.0, false, &mut codes);
    codes
}

#[cfg(test)]
mod tests {
    #[test]
    fn recovery_codes_are_found_at_any_depth() {
        let response = serde_json::json!({"data": {"codes": ["one", "two"]}, "status": "enabled"});
        let codes = super::recovery_codes(&vestibule::AnyJson(response));
        let codes: Vec<&str> = codes.iter().map(|code| code.expose()).collect();
        assert_eq!(codes, ["one", "two"]);
    }
}
