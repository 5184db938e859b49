//! The account of a signed-in user.

use serde_json::Value;
use vestibule::wunder::{OutstandingTerms, Step};
use vestibule::{Error, Secret, System};

use super::{Systems, wunder};

/// A user's account, in one format for all systems.
#[derive(Default)]
pub struct Account {
    pub name: String,
    /// Labels and values.
    pub facts: Vec<(&'static str, String)>,
    /// The step that has to come first.
    pub next: Option<Next>,
}

pub enum Next {
    /// Shown unchanged.
    Terms {
        id: String,
        title: String,
        text: String,
    },
    Name,
}

impl Systems {
    /// Reads the account of a session.
    ///
    /// # Errors
    ///
    /// The errors of the system's profile call.
    pub async fn account(&self, system: System, id: &Secret) -> Result<Account, Error> {
        match system {
            System::Wunder => self.of_wunder(id).await,
            System::WalletCrew => self.of_walletcrew(id).await,
            System::GoodCity => self.of_goodcity(id).await,
            System::Fynd => self.of_fynd(id).await,
            _ => Ok(Account::default()),
        }
    }

    async fn of_wunder(&self, id: &Secret) -> Result<Account, Error> {
        let Some(here) = &self.wunder else {
            return Ok(Account::default());
        };
        let session = here.client.resume_session(id).await?;
        let onboarding = here.onboarding(&session).await?;
        let mut account = Account::default();
        let profile = onboarding.profile();
        let member = |name: &str| {
            let value = profile.extra.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        account.name = [member("firstName"), member("lastName")].join(" ");
        account.fact("Phone", profile.phone_number.clone());
        account.fact("E-mail", profile.email.clone());
        account.next = match onboarding.terms().first() {
            Some(terms) => Some(shown(terms)),
            None if onboarding.steps().contains(&Step::CompleteProfile) => Some(Next::Name),
            None => None,
        };
        Ok(account)
    }

    /// The tenant defines the members.
    async fn of_walletcrew(&self, id: &Secret) -> Result<Account, Error> {
        let Some(here) = &self.walletcrew else {
            return Ok(Account::default());
        };
        let session = here.client.resume_session(id).await?;
        let profile: Value = session.profile().await?;
        let text = |name: &str| Some(profile[name].as_str()?.to_owned());
        let names = [text("firstName"), text("lastName")];
        let mut account = Account {
            name: names.map(Option::unwrap_or_default).join(" "),
            ..Account::default()
        };
        account.fact("Phone", text("phone"));
        account.fact("E-mail", text("email"));
        Ok(account)
    }

    async fn of_goodcity(&self, id: &Secret) -> Result<Account, Error> {
        let Some(client) = &self.goodcity else {
            return Ok(Account::default());
        };
        let session = client.resume_session(id).await?;
        let user = session.profile().await?.user_profile.unwrap_or_default();
        let names = [user.first_name, user.last_name];
        let mut account = Account {
            name: names.map(Option::unwrap_or_default).join(" "),
            ..Account::default()
        };
        let number = session.phone().map(|phone| phone.to_e164());
        account.fact("Phone", number.or(user.mobile));
        account.fact("E-mail", user.email);
        Ok(account)
    }

    async fn of_fynd(&self, id: &Secret) -> Result<Account, Error> {
        let Some(client) = &self.fynd else {
            return Ok(Account::default());
        };
        let user = client.resume_session(id).await?.profile().await?;
        let names = [user.first_name, user.last_name];
        let mut account = Account {
            name: names.map(Option::unwrap_or_default).join(" "),
            ..Account::default()
        };
        for number in user.phone_numbers.unwrap_or_default() {
            let code = number.country_code.map(|code| format!("+{code}"));
            let number = number.phone.unwrap_or_default();
            let code = code.unwrap_or_default();
            account.fact("Phone", Some(format!("{code}{number}")));
        }
        for email in user.emails.unwrap_or_default() {
            account.fact("E-mail", email.email);
        }
        Ok(account)
    }
}

impl Account {
    fn fact(&mut self, label: &'static str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.facts.push((label, value));
        }
    }
}

/// The vendor publishes no fields of terms; `title` and `text` are this operator's own.
fn shown(outstanding: &OutstandingTerms) -> Next {
    let terms = &outstanding.terms;
    let text = |name: &str| {
        let value = terms.extra.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    Next::Terms {
        id: wunder::shown_id(&terms.id),
        title: text("title"),
        text: text("text"),
    }
}
