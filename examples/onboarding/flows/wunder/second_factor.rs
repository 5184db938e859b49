//! Enrolment and use of a second factor.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use vestibule::wunder::QrPicture;

use super::super::failed::{expect, returned_state};
use super::*;

/// The next code of the authenticator; each code is valid once.
fn next_code(fixture: &Fixture<'_>) -> Result<Secret, Failed> {
    fixture.wait(Duration::from_secs(30));
    let code = fixture.mock.second_factor_code(EMAIL);
    Ok(Secret::from(expect(code, "second factor")?))
}

/// Checks the secret, the URI and the picture of an enrolment.
async fn shows_the_secret(enrolment: &MfaEnrolment) -> Result<(), Failed> {
    let secret = expect(enrolment.secret(), "secret")?;
    let uri = expect(enrolment.otpauth_uri(), "URI")?.expose();
    check(
        uri.starts_with("otpauth://totp/"),
        "an authenticator can read it",
    )?;
    check(uri.contains(secret.expose()), "it holds the secret")?;
    let QrPicture::Json(picture) = enrolment.qr_picture().await? else {
        return Err(Failed::because("expected a picture in JSON"));
    };
    let drawn = expect(picture["qrCode"].as_str(), "picture")?;
    let drawn = STANDARD.decode(drawn).map_err(Failed::because)?;
    let is_svg = String::from_utf8_lossy(&drawn).contains("<svg");
    check(is_svg, "the picture is SVG")
}

pub async fn set_up(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let enrolment = session.request_mfa_enrolment().await?;
    let (session, enrolment) = fixture.next_step((session, enrolment)).await?;
    shows_the_secret(&enrolment).await?;
    let wrong = enrolment.confirm("000000").await;
    let state = (session, returned_state(wrong)?);
    let (_, enrolment) = fixture.next_step(state).await?;
    enrolment.confirm(next_code(fixture)?).await?;
    fixture.next_step(()).await?;
    let sign_in = fixture
        .client
        .sign_in_with_password(EMAIL, PASSWORD)
        .await?;
    let _ = second_factor(sign_in)?;
    Ok("secret, URI, picture, enabled; required from now on".to_owned())
}

pub async fn at_sign_in(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.add_user(ada());
    fixture.mock.require_mfa(&PHONE.parse()?, "246810");
    let sign_in = fixture
        .client
        .sign_in_with_phone_code(&PHONE.parse()?)
        .branch_id(BRANCH);
    let pending = fixture.next_step(sign_in.send().await?).await?;
    let needed = second_factor(pending.confirm(fixture.code(PHONE)?).await?)?;
    let needed = fixture.next_step(needed).await?;
    let needed = returned_state(needed.confirm("111111").await)?;
    let needed = fixture.next_step(needed).await?;
    let session = needed.confirm("246810").await?;
    is_signed_in(fixture, SignIn::SignedIn(session)).await?;
    Ok("signed in after the code and the second factor".to_owned())
}

pub async fn set_up_at_sign_in(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.add_user(ada().must_use_second_factor());
    let sign_in = fixture
        .client
        .sign_in_with_password(EMAIL, PASSWORD)
        .await?;
    let needed = fixture.next_step(second_factor(sign_in)?).await?;
    let enrolment = needed.request_mfa_enrolment().await?;
    let (needed, enrolment) = fixture.next_step((needed, enrolment)).await?;
    enrolment.confirm(next_code(fixture)?).await?;
    let needed = fixture.next_step(needed).await?;
    let session = needed.confirm(next_code(fixture)?).await?;
    is_signed_in(fixture, SignIn::SignedIn(session)).await?;
    Ok("set up and validated; only then signed in".to_owned())
}
