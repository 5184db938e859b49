//! The profile formats of a server of 2014 and of a current one.

use serde_json::{Value, json};

use super::state::User;

/// The profile of a user; the mobile number has no country code.
pub(super) fn of(user: &User, old: bool) -> Value {
    let mobile = user.mobile.strip_prefix("+852").unwrap_or(&user.mobile);
    let address_id = user.address.as_ref().map(|_| user.id + 1_000);
    let addresses: Vec<Value> = user
        .address
        .iter()
        .map(|address| {
            let district = address["district_id"].as_str();
            json!({
                "id": address_id,
                "street": null,
                "flat": null,
                "building": null,
                "district_id": district.and_then(|id| id.parse::<i64>().ok()),
                "addressable_id": user.id,
                "addressable_type": "User",
            })
        })
        .collect();
    if old {
        return json!({
            "user_profile": {
                "id": user.id,
                "first_name": user.first_name,
                "last_name": user.last_name,
                "mobile": mobile,
                "address_id": address_id,
                "permission_id": null,
            },
            "addresses": addresses,
            "permissions": [],
        });
    }
    json!({
        "user_profile": {
            "id": user.id,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "mobile": mobile,
            "address_id": address_id,
            "email": null,
            "title": null,
            "preferred_language": "en",
            "last_connected": null,
            "last_disconnected": null,
            "is_email_verified": false,
            "is_mobile_verified": true,
            "disabled": user.disabled,
            "max_role_level": 0,
            "image_id": null,
            "user_role_ids": [],
            "organisations_user_ids": [],
            "printers_user_ids": [],
        },
        "addresses": addresses,
        "districts": [],
        "user_roles": [],
        "organisations_users": [],
    })
}
