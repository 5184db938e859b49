//! Accepting terms, and finding those that the user has not accepted.

use super::client::Client;
use super::lists::TermsScope;
use super::pages::Pages;
use super::session::Session;
use super::sign_in::not_empty;
use super::user_api::{UserApi, types};
use crate::error::{Error, System};
use crate::json::AnyJson;

/// The reason why terms have to be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutstandingReason {
    /// The user has accepted no version of them, as far as the lists tell.
    NeverAccepted,
    /// The user has accepted an older version.
    NewerVersion,
}

/// Terms that the user has to accept. Show them to the user unchanged.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OutstandingTerms {
    /// The terms as the server returned them.
    pub terms: types::Terms,
    /// The reason why they have to be accepted.
    pub reason: OutstandingReason,
}

/// Compares the terms that apply with those that a user has accepted, and returns the missing ones.
/// Sends nothing.
///
/// Terms are accepted if their id and version are in `accepted`; an accepted id with another
/// version is an older version. The vendor does not document whether a new version keeps the id. If
/// it does not, `series` names the member that identifies versions of the same terms, such as a
/// title. Without `series`, such a version counts as never accepted, and the user has to accept it
/// all the same.
///
/// ```
/// use serde_json::json;
/// use vestibule::wunder::{OutstandingReason, outstanding_terms};
///
/// let listed = vec![
///     serde_json::from_value(json!({"id": 1, "version": 2})).unwrap(),
///     serde_json::from_value(json!({"id": 5, "version": 1})).unwrap(),
/// ];
/// let accepted = [serde_json::from_value(json!({"id": 1, "version": 1})).unwrap()];
/// let missing = outstanding_terms(listed, &accepted, None);
/// assert_eq!(missing[0].reason, OutstandingReason::NewerVersion);
/// assert_eq!(missing[1].reason, OutstandingReason::NeverAccepted);
/// ```
pub fn outstanding_terms(
    listed: Vec<types::Terms>,
    accepted: &[types::AcceptedTerms],
    series: Option<&str>,
) -> Vec<OutstandingTerms> {
    let missing = listed.into_iter().filter_map(|terms| {
        let same_id = |other: &&types::AcceptedTerms| {
            terms.id.is_some() && text(&other.id) == text(&terms.id)
        };
        let same_version = |other: &types::AcceptedTerms| {
            terms.version.is_none()
                || other.version.is_none()
                || text(&other.version) == text(&terms.version)
        };
        let same_series = |other: &types::AcceptedTerms| {
            let of = series.and_then(|member| terms.extra.get(member));
            let others = series.and_then(|member| other.extra.get(member));
            of.is_some() && of == others
        };
        let mut by_id = accepted.iter().filter(same_id).peekable();
        let is_known = by_id.peek().is_some();
        if by_id.any(same_version) {
            return None;
        }
        let reason = match is_known || accepted.iter().any(same_series) {
            true => OutstandingReason::NewerVersion,
            false => OutstandingReason::NeverAccepted,
        };
        Some(OutstandingTerms { terms, reason })
    });
    missing.collect()
}

/// The text of an id or version, which may be a number in one list and a string in the other.
fn text(value: &Option<AnyJson>) -> Option<String> {
    let value = &value.as_ref()?.0;
    Some(match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    })
}

impl Client {
    /// Gets the terms with an id, which names one version, without a session. Show them to the user
    /// unchanged. Idempotent; sends no message.
    ///
    /// A server may require a session; then use [`Session::terms_by_id`].
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # use serde_json::json;
    /// # let id = mock.add_terms(vestibule::wunder::TermsScope::Branch("2".into()), json!({"title": "Rental"}));
    /// # let id = id.to_string();
    /// let terms = client.terms_by_id(id).await?;
    /// assert_eq!(terms.extra["title"], "Rental");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/termsandconditions/{id}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `id` if it is empty;
    /// otherwise see [`Error`].
    pub async fn terms_by_id(&self, id: impl Into<String>) -> Result<types::Terms, Error> {
        terms_by_id(&self.user_api(), id.into()).await
    }
}

async fn terms_by_id(api: &UserApi, id: String) -> Result<types::Terms, Error> {
    not_empty("id", &id)?;
    Ok(api.get_terms(id).send().await?.into_inner())
}

impl Session {
    /// Gets the terms with an id, as [`Client::terms_by_id`] does, with the credential of the session.
    /// The vendor does not publish whether the server needs it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// # use serde_json::json;
    /// # let id = mock.add_terms(vestibule::wunder::TermsScope::Branch("2".into()), json!({"title": "Rental"}));
    /// # let id = id.to_string();
    /// let terms = session.terms_by_id(id).await?;
    /// assert_eq!(terms.extra["title"], "Rental");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/termsandconditions/{id}`.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn terms_by_id(&self, id: impl Into<String>) -> Result<types::Terms, Error> {
        terms_by_id(&self.user_api(), id.into()).await
    }

    /// Records that the user accepts these terms. Call it only after the user has agreed to exactly
    /// these. The response is not documented and is returned unchanged.
    ///
    /// Not idempotent: retried only if the server certainly did not process it. Sends no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// # use serde_json::json;
    /// # let id = mock.add_terms(vestibule::wunder::TermsScope::Branch("2".into()), json!({"title": "Rental"}));
    /// for missing in session.outstanding_terms("2", None).await? {
    ///     // Show `missing.terms` unchanged. Once the user agrees:
    ///     session.accept_terms(&missing.terms).await?;
    /// }
    /// assert!(session.outstanding_terms("2", None).await?.is_empty());
    /// # assert_eq!(mock.count("accept_terms"), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/front/termsandconditions`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `terms` if they have no
    /// id; [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) with `U602` if there is a
    /// newer version: fetch the terms again; otherwise see [`Error`].
    pub async fn accept_terms(&self, terms: &types::Terms) -> Result<AnyJson, Error> {
        let Some(id) = terms.id.clone().filter(|id| !id.0.is_null()) else {
            return Err(Error::invalid("terms", "must have an id").of(System::Wunder));
        };
        let body = types::TermsAcceptance::builder().id(id);
        let api = self.user_api();
        Ok(api.accept_terms().body(body).send().await?.into_inner().0)
    }

    /// Finds the terms of a branch that the user has to accept, by the rules of
    /// [`outstanding_terms`], which also explains `series`. Reads all pages of both lists.
    /// Idempotent; sends no message. [`Session::onboarding`] also finds those of a vehicle.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// # use serde_json::json;
    /// # let id = mock.add_terms(vestibule::wunder::TermsScope::Branch("2".into()), json!({"title": "Rental"}));
    /// # session.accept_terms(&client.terms_by_id(id.to_string()).await?).await?;
    /// # mock.add_terms_version(id, json!({"title": "Rental"}));
    /// use vestibule::wunder::OutstandingReason;
    ///
    /// // All versions of the same terms have the same title at this operator.
    /// let missing = session.outstanding_terms("2", Some("title")).await?;
    /// assert_eq!(missing[0].reason, OutstandingReason::NewerVersion);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/termsandconditions` and
    /// `GET /{tenant}/front/customers/termsandconditions`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `branch_id` if it is
    /// empty; otherwise see [`Error`].
    pub async fn outstanding_terms(
        &self,
        branch_id: impl Into<String>,
        series: Option<&str>,
    ) -> Result<Vec<OutstandingTerms>, Error> {
        let branch_id = branch_id.into();
        not_empty("branch_id", &branch_id)?;
        let listed = self.applicable_terms(&branch_id, None).await?;
        let accepted = all(self.accepted_terms(branch_id)).await?;
        Ok(outstanding_terms(listed, &accepted, series))
    }

    /// The terms of a branch, and those of a vehicle that are not among them.
    pub(super) async fn applicable_terms(
        &self,
        branch_id: &str,
        vehicle_id: Option<&str>,
    ) -> Result<Vec<types::Terms>, Error> {
        let mut listed = all(self.terms(TermsScope::Branch(branch_id.to_owned()))).await?;
        if let Some(vehicle_id) = vehicle_id {
            for terms in all(self.terms(TermsScope::Vehicle(vehicle_id.to_owned()))).await? {
                let is_same = |other: &types::Terms| {
                    let same_id = terms.id.is_some() && text(&other.id) == text(&terms.id);
                    same_id && text(&other.version) == text(&terms.version)
                };
                if !listed.iter().any(is_same) {
                    listed.push(terms);
                }
            }
        }
        Ok(listed)
    }
}

pub(super) async fn all<T>(mut pages: Pages<T>) -> Result<Vec<T>, Error> {
    let mut items = Vec::new();
    while let Some(page) = pages.next_page().await? {
        items.extend(page.items);
    }
    Ok(items)
}
