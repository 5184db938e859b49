//! The identity cards of the users.

use serde_json::Value;

use super::pages::page;
use super::request::Request;
use super::{State, Wunder};
use crate::testing::MockResult;

impl State {
    pub(super) fn list_identity_cards(&mut self, request: &Request<'_>) -> MockResult {
        let cards = &self.users[self.customer(request)?].cards;
        page(request.call, cards.clone())
    }
}

impl Wunder {
    /// Assigns an identity card, a JSON object, to a user. Returns false if the user does not exist
    /// or the card is not an object.
    pub fn add_identity_card(&self, user: &str, card: Value) -> bool {
        card.is_object() && self.update_user(user, |user| user.cards.push(card))
    }
}
