//! The users and other initial data of the command line, as bodies of the control API.

use serde_json::{Value, json};
use vestibule::System;

/// A flag that adds an item to a mock.
pub struct SeedFlag {
    pub name: &'static str,
    pub system: System,
    /// Where the control API adds such items.
    pub collection: &'static str,
    /// The name of the value in the help, and the help.
    pub value: &'static str,
    pub help: &'static str,
    /// The body of the control API.
    pub body: fn(&str) -> Result<Value, String>,
    /// What is printed of the body and of the response.
    pub lines: fn(&Value, &Value) -> Vec<String>,
}

/// The flags in the order in which their items are added.
pub const FLAGS: &[SeedFlag] = &[
    SeedFlag {
        name: "wunder-api-client",
        system: System::Wunder,
        collection: "api-clients",
        value: "ID:KEY",
        help: "An API client with this id and key",
        body: |text| two_parts(text, ':', "ID:KEY", ["id", "key"]),
        lines: |_, _| Vec::new(),
    },
    SeedFlag {
        name: "wunder-social-account",
        system: System::Wunder,
        collection: "social-accounts",
        value: "PROVIDER:TOKEN",
        help: "A token of a social account without a user, for a sign-up",
        body: |text| two_parts(text, ':', "PROVIDER:TOKEN", ["provider", "token"]),
        lines: |_, _| Vec::new(),
    },
    SeedFlag {
        name: "wunder-terms",
        system: System::Wunder,
        collection: "terms",
        value: "BRANCH=TITLE",
        help: "Terms of a branch, which its users have to accept",
        body: |text| two_parts(text, '=', "BRANCH=TITLE", ["branch", "title"]),
        lines: |_, added| vec![line("wunder-terms", &added["id"])],
    },
    SeedFlag {
        name: "wunder-user",
        system: System::Wunder,
        collection: "users",
        value: "MEMBERS",
        help: "A user: phone=, email=, unverified-phone=, unverified-email=, password=, branch=, \
               first-name=, last-name=, created-by=, social=PROVIDER:TOKEN, second-factor=yes, \
               locked=yes; separated by commas",
        body: |text| {
            let mut user = json!({});
            for (name, value) in members(text)? {
                match name {
                    "social" => append(
                        &mut user,
                        "social",
                        pair(name, value, ["provider", "token"])?,
                    ),
                    "second-factor" => user["must_use_second_factor"] = yes_or_no(name, value)?,
                    "locked" => user["locked"] = yes_or_no(name, value)?,
                    _ => user[name.replace('-', "_")] = json!(value),
                }
            }
            Ok(user)
        },
        lines: |_, added| vec![line("wunder-user", &added["id"])],
    },
    SeedFlag {
        name: "walletcrew-customer",
        system: System::WalletCrew,
        collection: "users",
        value: "MEMBERS",
        help: "A customer: tenant=, and email=, phone= or id=; other members are optional",
        body: |text| {
            let mut customer = json!({});
            for (name, value) in members(text)? {
                customer[name] = json!(value);
            }
            Ok(customer)
        },
        lines: |_, added| vec![line("walletcrew-customer", &added["id"])],
    },
    SeedFlag {
        name: "goodcity-user",
        system: System::GoodCity,
        collection: "users",
        value: "MEMBERS",
        help: "A user: mobile=+852…, first-name=, last-name=, email=, language=en|zh-tw, app=admin",
        body: |text| {
            let mut user = json!({});
            for (name, value) in members(text)? {
                match name {
                    "app" => append(&mut user, "apps", json!(value)),
                    "mobile" => user["phone"] = json!(value),
                    _ => user[name.replace('-', "_")] = json!(value),
                }
            }
            match user["phone"].is_null() {
                true => Err("mobile= is required".to_owned()),
                false => Ok(user),
            }
        },
        lines: |body, _| vec![line("goodcity-user", &body["phone"])],
    },
    SeedFlag {
        name: "fynd-attribute",
        system: System::Fynd,
        collection: "attributes",
        value: "SLUG=TYPE",
        help: "A user attribute; TYPE is text, number, boolean or list",
        body: |text| two_parts(text, '=', "SLUG=TYPE", ["slug", "type"]),
        lines: |_, _| Vec::new(),
    },
    SeedFlag {
        name: "fynd-user",
        system: System::Fynd,
        collection: "users",
        value: "MEMBERS",
        help: "A user: first-name=, last-name=, mobile=+91:9000000001, email=, unverified-email=, \
               password=, social=google|facebook|apple:ID; prints the id and tokens for signing in",
        body: |text| {
            let mut user = json!({});
            for (name, value) in members(text)? {
                match name {
                    "social" => append(&mut user, "social", pair(name, value, ["provider", "id"])?),
                    "mobile" => {
                        let parts = value.split_once(':').ok_or_else(|| needs_pair(name));
                        let (country_code, number) = parts?;
                        user["phone"] = json!(format!("{country_code}{number}"));
                    }
                    _ => user[name.replace('-', "_")] = json!(value),
                }
            }
            Ok(user)
        },
        lines: |_, added| {
            let mut lines = vec![
                line("fynd-user", &added["id"]),
                line("fynd-login-token", &added["login_token"]),
            ];
            let tokens = added["social_tokens"].as_object().into_iter().flatten();
            lines.extend(tokens.map(|(name, token)| line(&format!("fynd-{name}-token"), token)));
            lines
        },
    },
];

fn line(name: &str, value: &Value) -> String {
    format!("{name} {}", value.as_str().unwrap_or_default())
}

/// The members of a user or customer: `name=value`, separated by commas.
fn members(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let members = text.split(',').map(|member| match member.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name, value)),
        _ => Err("each member must have the form name=value, separated by commas".to_owned()),
    });
    members.collect()
}

/// Two parts with a separator between them, as an object with these names.
fn two_parts(
    text: &str,
    separator: char,
    form: &str,
    [first, second]: [&str; 2],
) -> Result<Value, String> {
    let parts = text.split_once(separator);
    let (one, other) = parts.ok_or_else(|| format!("must have the form {form}"))?;
    Ok(json!({first: one, second: other}))
}

fn pair(name: &str, value: &str, names: [&str; 2]) -> Result<Value, String> {
    two_parts(value, ':', "", names).map_err(|_| needs_pair(name))
}

fn needs_pair(name: &str) -> String {
    format!("{name}= must have two parts, separated by a colon")
}

fn yes_or_no(name: &str, value: &str) -> Result<Value, String> {
    match value {
        "yes" => Ok(json!(true)),
        "no" => Ok(json!(false)),
        _ => Err(format!("{name}= must be yes or no")),
    }
}

/// Adds an item to a list, which begins empty.
fn append(object: &mut Value, name: &str, item: Value) {
    match &mut object[name] {
        Value::Array(items) => items.push(item),
        absent => *absent = json!([item]),
    }
}
