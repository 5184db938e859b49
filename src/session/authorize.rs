//! How a session authorizes a call.

use chrono::{DateTime, Utc};
use http::{HeaderValue, header};
use tokio::time::timeout_at;

use super::credential::{AccessToken, Credential};
use super::entry::SessionEntry;
use super::record::RefreshRecord;
use super::state::State;
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
#[cfg(feature = "fynd")]
use crate::pipeline::SetCookies;
use crate::pipeline::{
    AfterRejection, Attempt, Authorization, CredentialGeneration, Deadline, Need, Operation,
    Rejection, SessionCredential,
};
use crate::secret::Secret;

impl SessionEntry {
    /// A valid access token, refreshed first if it is stale, within the deadline of the settings.
    #[cfg(feature = "testing")]
    pub(crate) async fn access_token(&self) -> Result<AccessToken, Error> {
        self.access_token_within(Deadline::after(self.context.settings.deadline))
            .await
    }

    /// Another access token for one that the server has rejected, as a call needs it after a 401.
    #[cfg(feature = "testing")]
    pub(crate) async fn replace_rejected(&self, access: &Secret) -> Result<AccessToken, Error> {
        let deadline = Deadline::after(self.context.settings.deadline);
        let generation = {
            let state = self.lock();
            let tokens = state.credential.tokens();
            let is_current = tokens.is_some_and(|tokens| tokens.access == *access);
            is_current.then_some(state.generation)
        };
        if let Some(generation) = generation {
            self.lock().rejected = true;
            self.refresh_and_wait(generation, deadline).await?;
        }
        self.access_token_within(deadline).await
    }

    pub(super) async fn access_token_within(
        &self,
        deadline: Deadline,
    ) -> Result<AccessToken, Error> {
        let fresh = async {
            if let Some(revalidate) = self.revalidate_if_due(self.context.time.local_now()) {
                revalidate.await?;
            }
            match self.token()? {
                (_, Authorization::Stale(generation)) => {
                    self.refresh_and_wait(generation, deadline).await?;
                    self.token().map(|(token, _)| token)
                }
                (token, Authorization::Fresh(_) | Authorization::Nothing) => Ok(token),
            }
        };
        let late = |_| Err(self.error(ErrorKind::Unavailable, "the session took too long"));
        let fresh = timeout_at(deadline.end(), fresh).await;
        fresh.unwrap_or_else(late)
    }

    /// Whether the next use of the session refreshes it, and marks that in its record first. A refresh
    /// token that was sent before has its mark, so that no further try writes the record. `now` is the local
    /// time.
    pub(super) fn needs_refresh(&self, state: &State, now: DateTime<Utc>) -> bool {
        let time = &self.context.time;
        state.is_stale(time.at(now), time)
            && state.refresh_state().record == RefreshRecord::default()
            && self.refresher(&state.credential).is_some()
    }

    /// Whether the record need not be read first, although that is due: a refresh follows, which finds out
    /// whether the record has changed. Where another instance has refreshed last, it is likely to have done
    /// so again: that costs one step of the store to read, and four to find out by a refresh.
    fn may_skip_read(&self, state: &State, now: DateTime<Utc>) -> bool {
        state.is_own && state.is_undisturbed() && self.needs_refresh(state, now)
    }

    /// The access token and whether it is fresh.
    fn token(&self) -> Result<(AccessToken, Authorization), Error> {
        let now = self.context.time.now();
        let mut state = self.lock_live(self.context.time.local_now())?;
        let authorization = self.authorization(&mut state, now);
        let Some(tokens) = state.credential.tokens() else {
            let message = "a session of cookies has no access token";
            return Err(self.error(ErrorKind::Unsupported, message));
        };
        let token = AccessToken {
            token: tokens.access.clone(),
            expires_at: tokens.ends_at(&self.context.time),
        };
        Ok((token, authorization))
    }

    /// Whether the credential is fresh; starts an early refresh if that is due.
    fn authorization(&self, state: &mut State, now: DateTime<Utc>) -> Authorization {
        let generation = state.generation;
        let time = &self.context.time;
        if state.is_stale(now, time) {
            return Authorization::Stale(generation);
        }
        let before = self.context.settings.refresh_before_expiry;
        let is_due = state.is_due_for_early_refresh(now, time, before)
            && !state.is_refused()
            && self.cool_down(state).is_none();
        if is_due && state.running_refresh().is_none() {
            self.start_refresh(state);
        }
        Authorization::Fresh(generation)
    }
}

impl SessionCredential for SessionEntry {
    fn revalidate_if_due(&self, now: DateTime<Utc>) -> Option<BoxFuture<'_, Result<(), Error>>> {
        let due = {
            let state = self.lock();
            state.needs_revalidation(now, self.context.revalidate_after())
                && !self.may_skip_read(&state, now)
        };
        due.then(|| -> BoxFuture<'_, _> { Box::pin(self.revalidate()) })
    }

    fn covers(&self, operation: &Operation) -> bool {
        operation.session != Need::Never || self.lock().credential.tokens().is_none()
    }

    fn attach(&self, attempt: &mut Attempt, allow_stale: bool) -> Result<Authorization, Error> {
        let now = self.context.time.at(attempt.made_at);
        let mut state = self.lock_live(attempt.made_at)?;
        let authorization = self.authorization(&mut state, now);
        if let Some(language) = &state.user().language
            && !attempt.headers.contains_key(header::ACCEPT_LANGUAGE)
            && let Ok(language) = HeaderValue::from_str(language)
        {
            attempt.headers.insert(header::ACCEPT_LANGUAGE, language);
        }
        match &state.credential {
            Credential::Tokens(tokens) => {
                if matches!(authorization, Authorization::Fresh(_)) || allow_stale {
                    attempt.set_bearer(&tokens.access)?;
                }
            }
            #[cfg(feature = "fynd")]
            Credential::Cookies(jar) => jar.attach(attempt, now)?,
        }
        Ok(authorization)
    }

    fn refresh(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.refresh_and_wait(generation, deadline))
    }

    #[cfg(feature = "fynd")]
    fn keep_cookies<'a>(&'a self, cookies: SetCookies<'a>) -> Option<BoxFuture<'a, ()>> {
        Some(Box::pin(self.merge_cookies(cookies)))
    }

    fn accepted(&self) {
        self.forget_rejected_calls();
    }

    fn settle_rejection(
        &self,
        rejection: Rejection,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<AfterRejection, Error>> {
        Box::pin(self.settle(rejection, deadline))
    }
}
