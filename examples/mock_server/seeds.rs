//! The users and other initial data of the command line.

use std::str::FromStr;

use serde_json::json;
use vestibule::testing::{
    Fynd, FyndAttribute, FyndProvider, FyndUser, GoodCity, GoodCityUser, WalletCrew, Wunder,
    WunderUser,
};
use vestibule::wunder::TermsScope;
use vestibule::{CountryCode, Phone};

/// The members of a user or customer: `name=value`, separated by commas.
#[derive(Clone)]
pub struct Seed(Vec<(String, String)>);

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let members = text.split(',').map(|member| match member.split_once('=') {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                Ok((name.to_owned(), value.to_owned()))
            }
            _ => Err(format!("`{member}` must have the form name=value")),
        });
        members.collect::<Result<_, _>>().map(Self)
    }
}

impl Seed {
    fn get(&self, name: &str) -> Option<&str> {
        let member = self.0.iter().find(|(known, _)| known == name);
        member.map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &str, flag: &str) -> Result<&str, String> {
        self.get(name).ok_or(format!("{flag} requires {name}=…"))
    }
}

/// Defines a type of two parts with a separator between them.
macro_rules! two_parts {
    ($name:ident, $separator:literal, $form:literal) => {
        #[doc = $form]
        #[derive(Clone)]
        pub struct $name(String, String);

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let parts = text.split_once($separator);
                let (first, second) = parts.ok_or(concat!("must have the form ", $form))?;
                Ok(Self(first.to_owned(), second.to_owned()))
            }
        }
    };
}

two_parts!(SocialAccount, ':', "PROVIDER:TOKEN");
two_parts!(ApiClient, ':', "ID:KEY");
two_parts!(Terms, '=', "BRANCH=TITLE");

/// `SLUG=TYPE`.
#[derive(Clone)]
pub struct Attribute(String, FyndAttribute);

impl FromStr for Attribute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (slug, values) = text.split_once('=').ok_or("must have the form SLUG=TYPE")?;
        let values = match values {
            "text" => FyndAttribute::Text,
            "number" => FyndAttribute::Number,
            "boolean" => FyndAttribute::Boolean,
            "list" => FyndAttribute::List,
            _ => return Err("TYPE must be text, number, boolean or list".to_owned()),
        };
        Ok(Self(slug.to_owned(), values))
    }
}

pub fn wunder_client(mock: &Wunder, ApiClient(id, key): &ApiClient) {
    mock.add_api_client(id, &key.as_str().into());
}

pub fn wunder_social_account(mock: &Wunder, SocialAccount(provider, token): &SocialAccount) {
    mock.add_social_account(provider, &token.as_str().into(), None);
}

pub fn wunder_terms(mock: &Wunder, Terms(branch, title): &Terms) -> String {
    let id = mock.add_terms(TermsScope::Branch(branch.clone()), json!({"title": title}));
    format!("wunder-terms {id}")
}

pub fn wunder_user(mock: &Wunder, seed: &Seed) -> Result<String, String> {
    let mut user = WunderUser::new();
    for (name, value) in &seed.0 {
        user = match name.as_str() {
            "phone" => user.verified_phone(value),
            "email" => user.verified_email(value),
            "unverified-email" => user.email(value),
            "password" => user.password(value),
            "branch" => user.branch(value),
            "second-factor" if value == "yes" => user.must_use_second_factor(),
            "social" => {
                let (provider, token) = pair("social", value)?;
                user.social(provider, token.into())
            }
            _ => return Err(unknown("--wunder-user", name)),
        };
    }
    Ok(format!("wunder-user {}", mock.add_user(user)))
}

pub fn walletcrew_customer(mock: &WalletCrew, seed: &Seed) -> Result<String, String> {
    let tenant = seed.required("tenant", "--walletcrew-customer")?;
    let members = seed.0.iter().filter(|(name, _)| name != "tenant");
    let members = members.map(|(name, value)| (name.clone(), json!(value)));
    let id = mock.add_customer(tenant, members.collect());
    let id = id.ok_or("--walletcrew-customer requires email=…, phone=… or id=…")?;
    Ok(format!("walletcrew-customer {id}"))
}

pub fn goodcity_user(mock: &GoodCity, seed: &Seed) -> Result<String, String> {
    let mobile = seed.required("mobile", "--goodcity-user")?;
    let phone = Phone::parse(mobile).map_err(|error| error.to_string())?;
    let mut user = GoodCityUser::new(phone);
    for (name, value) in &seed.0 {
        user = match name.as_str() {
            "mobile" => user,
            "first-name" => user.first_name(value),
            "last-name" => user.last_name(value),
            "language" => user.language(value),
            "app" => user.may_use_app(value),
            _ => return Err(unknown("--goodcity-user", name)),
        };
    }
    mock.add_user(user);
    Ok(format!("goodcity-user {mobile}"))
}

pub fn fynd_attribute(mock: &Fynd, Attribute(slug, values): &Attribute) {
    mock.define_attribute(slug, *values);
}

/// Adds a user. The lines contain the id, a login token, and a token of each social account.
pub fn fynd_user(mock: &Fynd, seed: &Seed) -> Result<Vec<String>, String> {
    let mut user = FyndUser::new(seed.get("first-name").unwrap_or("Asha"));
    let mut social = Vec::new();
    for (name, value) in &seed.0 {
        user = match name.as_str() {
            "first-name" => user,
            "last-name" => user.last_name(value),
            "password" => user.password(value),
            "email" => user.email(value),
            "unverified-email" => user.unverified_email(value),
            "mobile" => {
                let (country_code, mobile) = pair("mobile", value)?;
                let country_code = country_code.parse::<CountryCode>();
                let phone = country_code.and_then(|code| Phone::new(code, mobile));
                user.phone(phone.map_err(|error| error.to_string())?)
            }
            "social" => {
                let (name, id) = pair("social", value)?;
                let provider = match name {
                    "google" => FyndProvider::Google,
                    "facebook" => FyndProvider::Facebook,
                    "apple" => FyndProvider::Apple,
                    _ => return Err("social= must begin with google, facebook or apple".to_owned()),
                };
                social.push((name, provider, id));
                user.social(provider, id)
            }
            _ => return Err(unknown("--fynd-user", name)),
        };
    }
    let id = mock.add_user(user);
    let mut lines = vec![
        format!("fynd-user {id}"),
        format!("fynd-login-token {}", mock.issue_login_token(&id)),
    ];
    for (name, provider, id) in social {
        let token = mock.issue_social_token(provider, id, None);
        lines.push(format!("fynd-{name}-token {token}"));
    }
    Ok(lines)
}

fn pair<'a>(name: &str, value: &'a str) -> Result<(&'a str, &'a str), String> {
    let form = || format!("{name}= must have two parts, separated by a colon");
    value.split_once(':').ok_or_else(form)
}

fn unknown(flag: &str, name: &str) -> String {
    format!("{flag} has no member {name}=")
}
