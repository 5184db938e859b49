//! The pages of a signed-in user.

use askama::Template;
use qrcode::QrCode;
use qrcode::render::svg;
use vestibule::Secret;

use super::Layout;
use crate::page_state::FormValues;
use crate::systems::account::Account;

#[derive(Template)]
#[template(path = "name.html")]
pub struct NamePage {
    layout: Layout,
    typed: FormValues,
    asks_email: bool,
}

impl NamePage {
    pub fn new(layout: Layout, typed: FormValues) -> Self {
        Self {
            layout,
            typed,
            asks_email: false,
        }
    }

    /// Sets whether the page also asks for an e-mail address.
    pub fn asking_email(mut self, asks_email: bool) -> Self {
        self.asks_email = asks_email;
        self
    }
}

#[derive(Template)]
#[template(path = "terms.html")]
pub struct TermsPage {
    layout: Layout,
    id: String,
    title: String,
    text: String,
}

impl TermsPage {
    pub fn new(layout: Layout, id: String, title: String, text: String) -> Self {
        let title = match title.is_empty() {
            true => "Terms and conditions".to_owned(),
            false => title,
        };
        Self {
            layout,
            id,
            title,
            text,
        }
    }
}

#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    layout: Layout,
    account: Account,
    can_set_up: bool,
}

impl AccountPage {
    pub fn new(layout: Layout, mut account: Account, can_set_up: bool) -> Self {
        account.name = account.name.trim().to_owned();
        Self {
            layout,
            account,
            can_set_up,
        }
    }

    /// The page of an account that cannot be read at the moment.
    pub fn unknown(layout: Layout) -> Self {
        Self::new(layout, Account::default(), false)
    }
}

#[derive(Template)]
#[template(path = "recovery.html")]
pub struct RecoveryPage {
    layout: Layout,
    codes: Vec<String>,
}

impl RecoveryPage {
    pub fn new(layout: Layout, codes: &[Secret]) -> Self {
        let codes = codes.iter().map(|code| code.expose().to_owned()).collect();
        Self { layout, codes }
    }
}

#[derive(Template)]
#[template(path = "authenticator.html")]
pub struct AuthenticatorPage {
    layout: Layout,
    picture: Option<String>,
    /// A link for an authenticator app on the same device.
    uri: Option<String>,
    secret: Option<String>,
}

impl AuthenticatorPage {
    /// Renders the QR code locally from the stored secret: requesting one from the server at each
    /// reload might create a new secret.
    pub fn new(layout: Layout, secret: Option<&Secret>, uri: Option<&str>) -> Self {
        Self {
            layout,
            picture: uri.and_then(picture),
            uri: uri.map(str::to_owned),
            secret: secret.map(|secret| in_groups(secret.expose())),
        }
    }
}

/// An inline SVG, so that no other URL exposes the secret.
fn picture(uri: &str) -> Option<String> {
    let code = QrCode::new(uri).ok()?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(220, 220)
        .build();
    let start = picture.find("<svg")?;
    Some(picture[start..].to_owned())
}

/// Formats a secret in groups of four characters.
fn in_groups(secret: &str) -> String {
    let signs: Vec<char> = secret.chars().collect();
    let groups = signs
        .chunks(4)
        .map(|group| group.iter().collect::<String>());
    groups.collect::<Vec<_>>().join(" ")
}
