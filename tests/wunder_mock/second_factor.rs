//! The second factor, with a test authenticator.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::{Value, json};
use vestibule::Clock;
use vestibule::testing::WunderUser;

use crate::server::{Reply, Server, ask, tokens};

const PHONE: &str = "+43123456789";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "not-a-real-password";

/// RFC 6238 over a secret in Base32.
fn totp(secret: &str, seconds: i64) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = secret
        .chars()
        .map(|letter| format!("{:05b}", alphabet.find(letter).unwrap()))
        .collect();
    let key: Vec<u8> = (0..bits.len() / 8)
        .map(|byte| u8::from_str_radix(&bits[8 * byte..8 * byte + 8], 2).unwrap())
        .collect();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&key).unwrap();
    mac.update(&(seconds / 30).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 15);
    let four: [u8; 4] = digest[offset..offset + 4].try_into().unwrap();
    let number = u32::from_be_bytes(four) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

async fn enable(server: &Server, access: &str, code: &str) -> Reply {
    let ask = ask("two_factor_enable").bearer(access);
    server.send(ask.body(json!({"code": code}))).await
}

async fn validate(server: &Server, access: &str, code: &str) -> Reply {
    let ask = ask("two_factor_code_validate").bearer(access);
    server.send(ask.body(json!({"code": code}))).await
}

async fn secret(server: &Server, access: &str) -> (String, String) {
    let body = server.get("two_factor_secret", access).await.ok();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("secret"), text("otpauthUrl"))
}

/// The provisional credential of a sign-in without its second factor.
fn provisional(body: &Value) -> String {
    assert_eq!(body["mfaRequired"], true, "{body}");
    assert_eq!(body.get("refreshToken"), None);
    body["accessToken"].as_str().unwrap().to_owned()
}

pub async fn a_second_factor_is_set_up_and_required(server: &Server) {
    assert_eq!(totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59), "287082");
    let now = || server.mock.clock().now().timestamp();
    let user = WunderUser::new().email(EMAIL).password(PASSWORD);
    server.mock.add_user(user);
    let (access, _) = tokens(&server.by_password(EMAIL, PASSWORD).await.ok());
    enable(server, &access, "000000").await.refused(400, "U122");
    let (forgotten, _) = secret(server, &access).await;
    let (secret, url) = secret(server, &access).await;
    assert_ne!(forgotten, secret);
    assert!(url.contains(&format!("secret={secret}")), "{url}");
    let picture = server.get("two_factor_qr_code", &access).await.ok();
    let picture = STANDARD
        .decode(picture["qrCode"].as_str().unwrap())
        .unwrap();
    let expected = QrCode::new(&url)
        .unwrap()
        .render::<svg::Color<'_>>()
        .build();
    assert_eq!(String::from_utf8(picture).unwrap(), expected);

    enable(server, &access, &totp(&forgotten, now()))
        .await
        .refused(401, "U120");
    enable(server, &access, &totp(&secret, now() - 120))
        .await
        .refused(401, "U120");
    enable(server, &access, "").await.refused(400, "R101");
    // Nothing changes until a code confirms the secret.
    tokens(&server.by_password(EMAIL, PASSWORD).await.ok());
    let used = totp(&secret, now());
    assert_eq!(server.mock.second_factor_code(EMAIL), Some(used.clone()));
    enable(server, &access, &used).await.ok();

    let half = provisional(&server.by_password(EMAIL, PASSWORD).await.ok());
    server.get("get_customer", &half).await.refused(401, "A201");
    server
        .send(ask("logout").bearer(&half).body(json!({})))
        .await
        .refused(401, "A201");
    validate(server, &half, &used).await.refused(401, "U120");
    server.mock.clock().advance(Duration::from_secs(60));
    let code = totp(&secret, now());
    let (full, refresh) = tokens(&validate(server, &half, &code).await.ok());
    server.profile(&full).await;
    tokens(
        &server
            .send(ask("refresh_token").body(json!({"refreshToken": refresh})))
            .await
            .ok(),
    );
    validate(server, &full, &code).await.refused(401, "U120");
}

pub async fn a_provisional_credential_cannot_replace_the_second_factor(server: &Server) {
    server.mock.require_mfa(&PHONE.parse().unwrap(), "246810");
    let code = server.phone_code(PHONE).await;
    let half = provisional(&server.confirm_phone(PHONE, &code).await.ok());
    server
        .get("two_factor_secret", &half)
        .await
        .refused(403, "U121");
    server
        .get("two_factor_qr_code", &half)
        .await
        .refused(403, "U121");
    enable(server, &half, "246810").await.refused(403, "U121");
    validate(server, &half, "111111").await.refused(401, "U120");
    let (full, _) = tokens(&validate(server, &half, "246810").await.ok());
    secret(server, &full).await;
    server.mock.clock().advance(Duration::from_secs(3600));
    validate(server, &half, "246810").await.refused(401, "A201");
}

pub async fn a_tenant_may_require_a_second_factor(server: &Server) {
    let user = WunderUser::new().email(EMAIL).password(PASSWORD);
    server.mock.add_user(user.must_use_second_factor());
    let half = provisional(&server.by_password(EMAIL, PASSWORD).await.ok());
    validate(server, &half, "000000").await.refused(401, "U120");
    let picture = server.get("two_factor_qr_code", &half).await.ok();
    assert!(picture["qrCode"].is_string());
    let shown = || server.mock.second_factor_code(EMAIL).unwrap();
    enable(server, &half, &shown()).await.ok();
    server.get("get_customer", &half).await.refused(401, "A201");
    server.mock.clock().advance(Duration::from_secs(30));
    tokens(&validate(server, &half, &shown()).await.ok());
}
