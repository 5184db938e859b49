//! The profile formats of a server of 2014 and of a current one.

use chrono::{DateTime, FixedOffset, Utc};
use serde_json::{Value, json};

use super::state::User;

/// The offset of Hong Kong from UTC, in seconds.
const HONG_KONG: i32 = 8 * 3600;

/// The profile of a user; the mobile number of the user has no country code.
pub(super) fn of(user: &User, old: bool) -> Value {
    match old {
        true => old_profile(user),
        false => current_profile(user),
    }
}

/// A name, or another text that a user may lack.
fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn local_mobile(user: &User) -> Option<&str> {
    given(user.mobile.strip_prefix("+852").unwrap_or(&user.mobile))
}

fn address_id(user: &User) -> Option<i64> {
    user.address.as_ref().map(|_| user.id + 1_000)
}

fn district_id(user: &User) -> Option<i64> {
    let address = user.address.as_ref()?;
    address["district_id"].as_str()?.parse().ok()
}

fn address(user: &User) -> Value {
    json!({
        "id": address_id(user),
        "street": null,
        "flat": null,
        "building": null,
        "district_id": district_id(user),
        "addressable_id": user.id,
        "addressable_type": "User",
    })
}

fn old_profile(user: &User) -> Value {
    let addresses: Vec<Value> = user.address.iter().map(|_| address(user)).collect();
    json!({
        "user_profile": {
            "id": user.id,
            "first_name": given(&user.first_name),
            "last_name": given(&user.last_name),
            "mobile": local_mobile(user),
            "address_id": address_id(user),
            "permission_id": null,
        },
        "addresses": addresses,
        "permissions": [],
    })
}

fn current_profile(user: &User) -> Value {
    let roles = (1..).zip(&user.apps);
    let role_ids: Vec<i64> = roles.clone().map(|(number, _)| 3_000 + number).collect();
    let organisation_ids: Vec<i64> = user.organisation.iter().map(|_| user.id + 5_000).collect();
    let mut profile = json!({
        "user_profile": {
            "id": user.id,
            "first_name": given(&user.first_name),
            "last_name": given(&user.last_name),
            "mobile": local_mobile(user),
            "address_id": address_id(user),
            "email": user.email,
            "title": user.title,
            "preferred_language": user.language.map(|language| language.tag()),
            "last_connected": user.last_connected.and_then(time),
            "last_disconnected": null,
            "is_email_verified": user.is_email_verified,
            "is_mobile_verified": user.is_mobile_verified,
            "disabled": user.disabled,
            "max_role_level": user.apps.len(),
            "image_id": null,
            "user_role_ids": role_ids,
            "organisations_user_ids": organisation_ids,
            "printers_user_ids": [],
        },
        "addresses": [],
        "images": [],
        "user_roles": [],
        "organisations_users": [],
        "printers_users": [],
    });
    if user.address.is_some() {
        let mut address = address(user);
        address["notes"] = Value::Null;
        profile["addresses"] = json!([address]);
    }
    if let Some(id) = district_id(user) {
        profile["districts"] = json!([{"id": id, "name": format!("District {id}")}]);
    }
    if !user.apps.is_empty() {
        let records = |record: &dyn Fn(i64, &str) -> Value| -> Value {
            let records = roles.clone().map(|(number, app)| record(number, app));
            records.collect()
        };
        profile["user_roles"] = records(
            &|number, _| json!({"id": 3_000 + number, "user_id": user.id, "role_id": number}),
        );
        profile["roles"] = records(
            &|number, app| json!({"id": number, "name": format!("Role for {app}"), "level": number}),
        );
        profile["role_permissions"] = records(
            &|number, _| json!({"id": number, "role_id": number, "permission_id": 4_000 + number}),
        );
        profile["permissions"] = records(
            &|number, app| json!({"id": 4_000 + number, "name": format!("can_login_to_{app}")}),
        );
    }
    if let Some(name) = &user.organisation {
        let (link, organisation) = (user.id + 5_000, user.id + 6_000);
        profile["organisations_users"] =
            json!([{"id": link, "organisation_id": organisation, "user_id": user.id}]);
        profile["organisations"] = json!([{"id": organisation, "name_en": name}]);
        // Here the number has its country code.
        profile["users"] = json!([{
            "id": user.id,
            "first_name": given(&user.first_name),
            "last_name": given(&user.last_name),
            "mobile": given(&user.mobile),
        }]);
    }
    profile
}

/// A time in the form and the time zone of the server.
fn time(at: DateTime<Utc>) -> Option<String> {
    let zone = FixedOffset::east_opt(HONG_KONG)?;
    let at = at.with_timezone(&zone);
    Some(at.format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string())
}
