//! The pages of somebody who is signed in, or nearly.

use askama::Template;
use qrcode::QrCode;
use qrcode::render::svg;
use vestibule::Secret;

use super::Frame;
use crate::browser::Typed;
use crate::systems::account::Account;

#[derive(Template)]
#[template(path = "name.html")]
pub struct NamePage {
    frame: Frame,
    typed: Typed,
    asks_email: bool,
}

impl NamePage {
    pub fn new(frame: Frame, typed: Typed) -> Self {
        Self {
            frame,
            typed,
            asks_email: false,
        }
    }

    /// Whether an e-mail address is asked for as well.
    pub fn asking_email(mut self, asks_email: bool) -> Self {
        self.asks_email = asks_email;
        self
    }
}

#[derive(Template)]
#[template(path = "terms.html")]
pub struct TermsPage {
    frame: Frame,
    id: String,
    title: String,
    text: String,
}

impl TermsPage {
    pub fn new(frame: Frame, id: String, title: String, text: String) -> Self {
        let title = match title.is_empty() {
            true => "Terms and conditions".to_owned(),
            false => title,
        };
        Self {
            frame,
            id,
            title,
            text,
        }
    }
}

#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    frame: Frame,
    account: Account,
    can_set_up: bool,
}

impl AccountPage {
    pub fn new(frame: Frame, mut account: Account, can_set_up: bool) -> Self {
        account.name = account.name.trim().to_owned();
        Self {
            frame,
            account,
            can_set_up,
        }
    }

    /// Of an account that cannot be read now.
    pub fn unknown(frame: Frame) -> Self {
        Self::new(frame, Account::default(), false)
    }
}

#[derive(Template)]
#[template(path = "recovery.html")]
pub struct RecoveryPage {
    frame: Frame,
    codes: Vec<String>,
}

impl RecoveryPage {
    pub fn new(frame: Frame, codes: &[Secret]) -> Self {
        let codes = codes.iter().map(|code| code.expose().to_owned()).collect();
        Self { frame, codes }
    }
}

#[derive(Template)]
#[template(path = "authenticator.html")]
pub struct AuthenticatorPage {
    frame: Frame,
    picture: Option<String>,
    /// For the phone that shows this page itself.
    uri: Option<String>,
    secret: Option<String>,
}

impl AuthenticatorPage {
    /// The picture is drawn here, from the secret that is kept: asking the server for one at each
    /// reload might make a new secret each time.
    pub fn new(frame: Frame, secret: Option<&Secret>, uri: Option<&str>) -> Self {
        Self {
            frame,
            picture: uri.and_then(picture),
            uri: uri.map(str::to_owned),
            secret: secret.map(|secret| in_groups(secret.expose())),
        }
    }
}

/// An SVG that stands in the page, so that no other address gives the secret away.
fn picture(uri: &str) -> Option<String> {
    let code = QrCode::new(uri).ok()?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(220, 220)
        .build();
    let start = picture.find("<svg")?;
    Some(picture[start..].to_owned())
}

/// Groups of four are easier to type.
fn in_groups(secret: &str) -> String {
    let signs: Vec<char> = secret.chars().collect();
    let groups = signs
        .chunks(4)
        .map(|group| group.iter().collect::<String>());
    groups.collect::<Vec<_>>().join(" ")
}
