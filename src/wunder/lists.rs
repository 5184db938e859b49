//! The lists of the User API, page by page.

use super::client::Client;
use super::pages::{Page, Pages};
use super::session::Session;
use super::user_api::types;

/// What terms are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TermsOf {
    /// The terms of a branch, by its id.
    Branch(String),
    /// The terms of a vehicle, by its id.
    Vehicle(String),
}

impl Client {
    /// The terms that apply to a branch or a vehicle. Show them exactly as they come.
    ///
    /// Source: `GET /{tenant}/front/termsandconditions`.
    pub fn terms(&self, of: TermsOf) -> Pages<types::Terms> {
        let api = self.user_api();
        Pages::new(move |page| {
            let (api, of) = (api.clone(), of.clone());
            Box::pin(async move {
                let call = api.list_terms().page(page_number(page));
                let call = match of {
                    TermsOf::Branch(id) => call.branch_id(id),
                    TermsOf::Vehicle(id) => call.vehicle_id(id),
                };
                Ok(Page::of(call.send().await?, |list| list.0))
            })
        })
    }
}

impl Session {
    /// The terms that the user has accepted for a branch.
    ///
    /// Source: `GET /{tenant}/front/customers/termsandconditions`.
    pub fn accepted_terms(&self, branch_id: impl Into<String>) -> Pages<types::AcceptedTerms> {
        let (api, branch_id) = (self.user_api(), branch_id.into());
        Pages::new(move |page| {
            let (api, branch_id) = (api.clone(), branch_id.clone());
            Box::pin(async move {
                let call = api.list_accepted_terms().branch_id(branch_id);
                let answer = call.page(page_number(page)).send().await?;
                Ok(Page::of(answer, |list| list.0))
            })
        })
    }

    /// The identity cards of the user; none where the tenant does not use them.
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

/// The document gives page numbers 32 bits with a sign.
fn page_number(page: u32) -> i32 {
    i32::try_from(page).unwrap_or(i32::MAX)
}
