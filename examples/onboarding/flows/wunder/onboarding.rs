//! The steps before a rental, each completed by its flow.

use serde_json::json;
use vestibule::testing::WunderRequirement;
use vestibule::wunder::{Onboarding, Step, TermsScope};

use super::super::failed::expect;
use super::*;

/// A user who has completed no step.
async fn begin(fixture: &mut Fixture<'_>) -> Result<Session, Failed> {
    let user = WunderUser::new().email(EMAIL).password(PASSWORD);
    fixture.mock.add_user(user.branch(BRANCH));
    let of = TermsScope::Branch(BRANCH.to_owned());
    fixture.mock.add_terms(of, json!({"title": "Rental"}));
    let sign_in = fixture
        .client
        .sign_in_with_password(EMAIL, PASSWORD)
        .await?;
    fixture.next_step(session(sign_in)?).await
}

/// What only the back end knows about the user.
#[derive(Default)]
struct Known {
    has_second_factor: bool,
    has_licence: bool,
}

impl Known {
    async fn look(&self, session: &Session) -> Result<Onboarding, Failed> {
        let look = session.onboarding(BRANCH).require_members(["firstName"]);
        let look = look.mfa_enrolled(self.has_second_factor);
        Ok(look.identity_verified(self.has_licence).send().await?)
    }
}

pub async fn step_by_step(fixture: &mut Fixture<'_>) -> Outcome {
    let mut session = begin(fixture).await?;
    let mut known = Known::default();
    let mut taken = Vec::new();
    loop {
        let onboarding = known.look(&session).await?;
        let Some(step) = onboarding.steps().first().copied() else {
            break;
        };
        check(
            !taken.contains(&step),
            "a completed step does not come back",
        )?;
        taken.push(step);
        session = fixture.next_step(session).await?;
        session = solve(fixture, session, &mut known, step).await?;
        session = fixture.next_step(session).await?;
    }
    check(taken.len() == 7, "seven steps were required")?;
    Ok(format!("{} steps completed, none left", taken.len()))
}

/// Runs the flow of a step.
async fn solve(
    fixture: &mut Fixture<'_>,
    session: Session,
    known: &mut Known,
    step: Step,
) -> Result<Session, Failed> {
    match step {
        Step::AddPhone => {
            session
                .update_profile()
                .phone(vestibule::Phone::parse(PHONE)?)
                .send()
                .await?;
        }
        Step::VerifyPhone => {
            let verification = session.verify_phone().await?;
            let (session, verification) = fixture.next_step((session, verification)).await?;
            verification.confirm(fixture.code(PHONE)?).await?;
            return Ok(session);
        }
        Step::VerifyEmail => {
            fixture.client.resend_email_verification(EMAIL).await?;
            check(
                fixture.mock.open_email_link(fixture.code(EMAIL)?.expose()),
                "the link is valid",
            )?;
        }
        Step::CompleteProfile => {
            session
                .update_profile()
                .member("firstName", "Ada")
                .send()
                .await?;
        }
        Step::VerifyIdentity => {
            session.verify_identity(&json!({})).await?;
            known.has_licence = fixture.mock.finish_verification(EMAIL);
        }
        Step::AcceptTerms => {
            for missing in session.outstanding_terms(BRANCH, None).await? {
                session.accept_terms(&missing.terms).await?;
            }
        }
        Step::EnrolMfa => {
            let enrolment = session.request_mfa_enrolment().await?;
            let (session, enrolment) = fixture.next_step((session, enrolment)).await?;
            fixture.wait(Duration::from_secs(30));
            let code = fixture.mock.second_factor_code(EMAIL);
            enrolment.confirm(expect(code, "second factor")?).await?;
            known.has_second_factor = true;
            return Ok(session);
        }
        other => {
            return Err(Failed::because(format_args!("unexpected step {other:?}")));
        }
    }
    Ok(session)
}

/// After a refused call, completes the step that its error names, then calls again.
pub async fn by_refusals(fixture: &mut Fixture<'_>) -> Outcome {
    let mut session = begin(fixture).await?;
    session
        .update_profile()
        .phone(vestibule::Phone::parse(PHONE)?)
        .send()
        .await?;
    for demand in [
        WunderRequirement::VerifiedPhone,
        WunderRequirement::VerifiedEmail,
        WunderRequirement::Licence,
        WunderRequirement::Terms,
    ] {
        fixture.mock.require("request_deletion", demand);
    }
    let mut known = Known::default();
    let mut refusals = 0;
    while let Err(error) = session.request_deletion().await {
        let step = expect(Step::of(&error), "step that the error names")?;
        refusals += 1;
        check(refusals <= 4, "no step is required twice")?;
        session = fixture.next_step(session).await?;
        session = solve(fixture, session, &mut known, step).await?;
    }
    check(refusals == 4, "each demand caused one refusal")?;
    check(
        fixture.mock.deletion_requested(EMAIL),
        "the call has succeeded",
    )?;
    Ok(format!(
        "{refusals} refusals, each followed by its step, then success"
    ))
}
