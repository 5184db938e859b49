//! The paginated lists of the User API.

use super::client::Client;
use super::pages::{Page, Pages};
use super::session::Session;
use super::user_api::{UserApi, types};

/// A selection of terms and conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TermsScope {
    /// The terms of a branch, by its id.
    Branch(String),
    /// The terms of a vehicle, by its id.
    Vehicle(String),
}

impl Client {
    /// Lists the terms that apply to a branch or a vehicle, without a session. Show them to the user
    /// unchanged. Each page is an idempotent call that sends no message.
    ///
    /// A server may require a session; then use [`Session::terms`].
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
    /// use vestibule::wunder::TermsScope;
    ///
    /// let mut pages = client.terms(TermsScope::Branch("2".to_owned()));
    /// while let Some(page) = pages.next_page().await? {
    ///     for terms in page.items {
    ///         println!("{:?}", terms.extra.get("title"));
    /// #       assert_eq!(terms.extra["title"], "Rental");
    ///     }
    /// }
    /// # assert_eq!(mock.count("list_terms"), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/termsandconditions`.
    pub fn terms(&self, of: TermsScope) -> Pages<types::Terms> {
        terms(self.user_api(), of)
    }
}

fn terms(api: UserApi, of: TermsScope) -> Pages<types::Terms> {
    Pages::new(move |page| {
        let (api, of) = (api.clone(), of.clone());
        Box::pin(async move {
            let call = api.list_terms().page(page_number(page));
            let call = match of {
                TermsScope::Branch(id) => call.branch_id(id),
                TermsScope::Vehicle(id) => call.vehicle_id(id),
            };
            Ok(Page::of(call.send().await?, |list| list.0))
        })
    })
}

impl Session {
    /// Lists the terms that apply to a branch or a vehicle, as [`Client::terms`] does, with the credential
    /// of the session. The vendor does not publish whether the server needs it.
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
    /// use vestibule::wunder::TermsScope;
    ///
    /// let mut pages = session.terms(TermsScope::Branch("2".to_owned()));
    /// while let Some(page) = pages.next_page().await? {
    ///     for terms in page.items {
    ///         println!("{:?}", terms.extra.get("title"));
    /// #       assert_eq!(terms.id.unwrap().0, json!(id));
    ///     }
    /// }
    /// # assert_eq!(mock.count("list_terms"), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/termsandconditions`.
    pub fn terms(&self, of: TermsScope) -> Pages<types::Terms> {
        terms(self.user_api(), of)
    }

    /// Lists the terms that the user has accepted for a branch, by its id. Each page is an
    /// idempotent call that sends no message.
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
    /// let mut pages = session.accepted_terms("2");
    /// while let Some(page) = pages.next_page().await? {
    ///     for terms in page.items {
    ///         println!("accepted: {:?} {:?}", terms.id, terms.version);
    /// #       assert_eq!(terms.id.unwrap().0, json!(id));
    ///     }
    /// }
    /// # assert_eq!(mock.count("list_accepted_terms"), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/customers/termsandconditions`.
    pub fn accepted_terms(&self, branch_id: impl Into<String>) -> Pages<types::AcceptedTerms> {
        let (api, branch_id) = (self.user_api(), branch_id.into());
        Pages::new(move |page| {
            let (api, branch_id) = (api.clone(), branch_id.clone());
            Box::pin(async move {
                let call = api.list_accepted_terms().branch_id(branch_id);
                let call = call.page(page_number(page));
                Ok(Page::of(call.send().await?, |list| list.0))
            })
        })
    }

    /// Lists the identity cards of the user; empty if the tenant does not use them. Each page is an
    /// idempotent call that sends no message.
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
    /// # mock.add_identity_card("ada@example.org", serde_json::json!({"number": "A-1"}));
    /// let mut cards = Vec::new();
    /// let mut pages = session.identity_cards();
    /// while let Some(page) = pages.next_page().await? {
    ///     cards.extend(page.items);
    /// }
    /// assert_eq!(cards.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/customer-identity-cards`.
    pub fn identity_cards(&self) -> Pages<types::IdentityCard> {
        let api = self.user_api();
        Pages::new(move |page| {
            let api = api.clone();
            Box::pin(async move {
                let call = api.list_identity_cards().page(page_number(page));
                Ok(Page::of(call.send().await?, |list| list.0))
            })
        })
    }
}

/// The API documents page numbers as signed 32-bit integers.
fn page_number(page: u32) -> i32 {
    i32::try_from(page).unwrap_or(i32::MAX)
}
