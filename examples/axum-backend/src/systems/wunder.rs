//! Wunder, whose users have terms to accept, names to give and authenticators to set up.

use std::sync::Arc;
use std::time::Duration;

use vestibule::challenge::StepError;
use vestibule::store::SessionStore;
use vestibule::wunder::{
    BranchSignIn, Challenge, Client, MfaEnrolment, MfaRequired, Onboarding, Session,
};
use vestibule::{AnyJson, Clock, Error, Secret};

use crate::settings::WunderServer;

/// The vendor names no wait between two messages; people press buttons twice.
const RESEND_WAIT: Duration = Duration::from_secs(30);

/// The members of a profile that this operator wants; the vendor publishes none.
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
        let client = Client::builder(server.url.as_str(), server.tenant.as_str())
            .signature_key(server.signature_key.clone())
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

    /// What still stands between the user and a rental.
    pub async fn onboarding(&self, session: &Session) -> Result<Onboarding, Error> {
        let check = session.onboarding(self.branch.as_str());
        check.wants([FIRST_NAME, LAST_NAME]).check().await
    }

    /// Accepts the terms of this id, as they were shown. Terms that are not outstanding any more,
    /// because another window accepted them, are left alone.
    pub async fn accept_terms(&self, session: &Secret, id: &str) -> Result<(), Error> {
        let session = self.client.session(session).await?;
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
        let session = self.client.session(session).await?;
        let change = session.change_profile().member(FIRST_NAME, first);
        change.member(LAST_NAME, last).save().await.map(drop)
    }

    /// The sign-in that waits for its second factor.
    async fn second_factor(&self, id: &Secret) -> Result<Option<MfaRequired>, Error> {
        Ok(match self.client.challenge(id).await? {
            Challenge::MfaRequired(mfa) => Some(mfa),
            Challenge::PendingCode(_) => None,
        })
    }
}

/// Who sets an authenticator up.
pub enum Enroller<'a> {
    /// A user who is signed in.
    Session(&'a Secret),
    /// A user of whom the tenant demands it before the first sign-in is complete.
    SignIn(&'a Secret),
}

impl Wunder {
    /// Asks for a new secret; nothing if the sign-in does not wait for a second factor.
    pub async fn enrol(&self, who: &Enroller<'_>) -> Result<Option<MfaEnrolment>, Error> {
        match who {
            Enroller::Session(id) => {
                let session = self.client.session(id).await?;
                session.enrol_mfa().await.map(Some)
            }
            Enroller::SignIn(id) => match self.second_factor(id).await? {
                Some(mfa) => mfa.enrol().await.map(Some),
                None => Ok(None),
            },
        }
    }

    /// Takes an enrolment up; sends nothing.
    pub async fn enrolment(
        &self,
        who: &Enroller<'_>,
        id: &Secret,
    ) -> Result<Option<MfaEnrolment>, Error> {
        match who {
            Enroller::Session(session) => {
                let session = self.client.session(session).await?;
                session.mfa_enrolment(id).await.map(Some)
            }
            Enroller::SignIn(sign_in) => match self.second_factor(sign_in).await? {
                Some(mfa) => mfa.enrolment(id).await.map(Some),
                None => Ok(None),
            },
        }
    }

    /// Proves that the secret arrived. Gives the recovery codes, if there are any.
    pub async fn enable(
        &self,
        who: &Enroller<'_>,
        id: &Secret,
        code: Secret,
    ) -> Result<Vec<Secret>, Error> {
        let Some(enrolment) = self.enrolment(who, id).await? else {
            return Ok(Vec::new());
        };
        let answer = enrolment.enable(code).await;
        let answer = answer.map_err(|StepError { error, .. }| error)?;
        Ok(recovery_codes(&answer))
    }
}

/// Ids are numbers or text.
pub fn shown_id(id: &Option<AnyJson>) -> String {
    match id.as_ref().map(|id| &id.0) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(id) => id.to_string(),
        None => String::new(),
    }
}

/// The vendor does not publish where they stand: every text that stands in a list.
fn recovery_codes(answer: &AnyJson) -> Vec<Secret> {
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
    collect(&answer.0, false, &mut codes);
    codes
}

#[cfg(test)]
mod tests {
    #[test]
    fn recovery_codes_are_found_wherever_they_stand() {
        let answer = serde_json::json!({"data": {"codes": ["one", "two"]}, "status": "enabled"});
        let codes = super::recovery_codes(&vestibule::AnyJson(answer));
        let codes: Vec<&str> = codes.iter().map(|code| code.expose()).collect();
        assert_eq!(codes, ["one", "two"]);
    }
}
