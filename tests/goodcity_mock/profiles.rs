//! The form of a profile.

use chrono::DateTime;
use serde_json::{Value, json};
use vestibule::Phone;
use vestibule::testing::GoodCityUser;

use crate::harness::{Harness, UNKNOWN, sign_up};

/// The profile of a user who is added and signs in.
async fn profile_of(harness: &Harness, change: impl FnOnce(GoodCityUser) -> GoodCityUser) -> Value {
    let user = GoodCityUser::new(Phone::parse(UNKNOWN).unwrap());
    harness.mock.add_user(change(user));
    let key = harness.send_pin(UNKNOWN).await.key();
    let verified = harness.verify(&key, &harness.pin(UNKNOWN)).await;
    verified.ok()["user"].take()
}

pub async fn images_and_printers_are_always_listed(harness: &Harness) {
    let profile = harness.profile("en").await;
    for list in ["images", "printers_users"] {
        assert_eq!(profile[list], json!([]), "{list}");
    }
    assert_eq!(profile["user_profile"]["printers_user_ids"], json!([]));
}

pub async fn an_address_has_notes_and_its_district_beside_it(harness: &Harness) {
    let mut body = sign_up(UNKNOWN);
    body["user_auth"]["address_attributes"]["district_id"] = json!("7");
    let key = harness.send(harness.post("signup", body)).await.key();
    let verified = harness.verify(&key, &harness.pin(UNKNOWN)).await.ok();
    let profile = &verified["user"];
    let address = profile["addresses"][0].as_object().unwrap();
    assert_eq!(address.get("notes"), Some(&Value::Null));
    assert_eq!(address["district_id"], 7);
    let districts = profile["districts"].as_array().unwrap();
    assert_eq!(districts.len(), 1);
    assert_eq!(districts[0]["id"], 7);
    assert!(districts[0]["name"].is_string());
}

pub async fn only_the_profile_lacks_the_country_code(harness: &Harness) {
    let profile = profile_of(harness, |user| user.organisation("Example Charity")).await;
    assert_eq!(profile["user_profile"]["mobile"], "61234567");
    let user = &profile["users"][0];
    assert_eq!(user["mobile"], UNKNOWN);
    assert_eq!(user["id"], profile["user_profile"]["id"]);
    let link = &profile["organisations_users"][0];
    assert_eq!(
        profile["user_profile"]["organisations_user_ids"],
        json!([link["id"]])
    );
    assert_eq!(link["organisation_id"], profile["organisations"][0]["id"]);
}

pub async fn a_time_has_milliseconds_and_the_offset_of_hong_kong(harness: &Harness) {
    let at = DateTime::parse_from_rfc3339("2026-05-01T20:00:00.25Z").unwrap();
    let profile = profile_of(harness, |user| user.last_connected(at.to_utc())).await;
    let user = &profile["user_profile"];
    assert_eq!(user["last_connected"], "2026-05-02T04:00:00.250+08:00");
    assert_eq!(user["last_disconnected"], Value::Null);
}

pub async fn a_title_is_a_form_of_address(harness: &Harness) {
    let profile = profile_of(harness, |user| user.title("Ms").email("ada@example.com")).await;
    let user = &profile["user_profile"];
    assert_eq!(user["title"], "Ms");
    assert_eq!(user["email"], "ada@example.com");
}

pub async fn a_permission_has_an_id_and_a_name(harness: &Harness) {
    let profile = profile_of(harness, |user| user.may_use_app("admin")).await;
    let permission = profile["permissions"][0].as_object().unwrap();
    assert_eq!(permission.keys().collect::<Vec<_>>(), ["id", "name"]);
    assert_eq!(permission["name"], "can_login_to_admin");
    let link = &profile["role_permissions"][0];
    assert_eq!(link["permission_id"], permission["id"]);
    assert_eq!(link["role_id"], profile["roles"][0]["id"]);
    assert_eq!(
        profile["user_profile"]["user_role_ids"],
        json!([profile["user_roles"][0]["id"]])
    );
}
