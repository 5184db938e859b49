//! The identity cards of the users.

use serde_json::Value;

use super::Wunder;
use super::asked::Asked;
use super::errors::Answered;
use super::pages::page;
use super::state::State;

impl State {
    pub(super) fn list_identity_cards(&mut self, asked: &Asked<'_>) -> Answered {
        let cards = &self.users[self.customer(asked)?].cards;
        page(asked.call, cards.clone())
    }
}

impl Wunder {
    /// Assigns an identity card, a JSON object, to a user, who is named by phone number, e-mail
    /// address or uuid. False if there is no such user or the card is no object.
    pub fn add_identity_card(&self, user: &str, card: Value) -> bool {
        let mut state = self.world.state();
        match state.users.find(user) {
            Some(id) if card.is_object() => {
                state.users[id].cards.push(card);
                true
            }
            _ => false,
        }
    }
}
