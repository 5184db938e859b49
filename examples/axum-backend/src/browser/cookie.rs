//! The cookie: an opaque random value.

use std::io::ErrorKind;

use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vestibule::Secret;
use vestibule::store::StoreError;

/// 128 random bits.
pub(super) fn new_value() -> Result<Secret, StoreError> {
    let mut bytes = [0; 16];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|_| StoreError::Unavailable(ErrorKind::Other))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes).into())
}

/// `__Host-` binds the cookie to this host. Browsers accept the prefix over https only.
fn name(https: bool) -> &'static str {
    match https {
        true => "__Host-browser",
        false => "browser",
    }
}

pub(super) fn value_of(jar: &CookieJar, https: bool) -> Option<Secret> {
    let value = jar.get(name(https))?.value();
    Some(value.into())
}

/// A session cookie: it ends with the browser, and at the latest with the stored state.
pub(super) fn set(value: &Secret, https: bool) -> Cookie<'static> {
    Cookie::build((name(https), value.expose().to_owned()))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(https)
        .path("/")
        .build()
}
