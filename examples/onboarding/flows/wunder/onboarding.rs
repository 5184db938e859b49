//! What still stands between a user and a rental, solved by the flow of each step.

use serde_json::json;
use vestibule::testing::WunderRequirement;
use vestibule::wunder::{Onboarding, Step, TermsOf};

use super::super::failed::expect;
use super::*;

/// A user who lacks everything that can be asked for.
async fn begin(fixture: &mut Fixture<'_>) -> Result<Session, Failed> {
    let user = WunderUser::new().email(EMAIL).password(PASSWORD);
    fixture.mock.add_user(user.branch(BRANCH));
    let of = TermsOf::Branch(BRANCH.to_owned());
    fixture.mock.add_terms(of, json!({"title": "Rental"}));
    let sign_in = fixture.client.password_sign_in(EMAIL, PASSWORD).await?;
    fixture.between(session(sign_in)?).await
}

/// What the back end knows of the user, as nobody else tells it.
#[derive(Default)]
struct Known {
    has_second_factor: bool,
    has_licence: bool,
}

impl Known {
    async fn look(&self, session: &Session) -> Result<Onboarding, Failed> {
        let look = session.onboarding(BRANCH).wants(["firstName"]);
        let look = look.mfa_enrolled(self.has_second_factor);
        Ok(look.identity_verified(self.has_licence).check().await?)
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
        check(!taken.contains(&step), "a step that was taken stays so")?;
        taken.push(step);
        session = fixture.between(session).await?;
        session = solve(fixture, session, &mut known, step).await?;
        session = fixture.between(session).await?;
    }
    check(taken.len() == 7, "all seven steps were to be taken")?;
    Ok(format!("{} steps taken, nothing is left", taken.len()))
}

/// Leads the user to the flow of the step, and through it.
async fn solve(
    fixture: &mut Fixture<'_>,
    session: Session,
    known: &mut Known,
    step: Step,
) -> Result<Session, Failed> {
    match step {
        Step::AddPhone => {
            session.change_profile().phone(PHONE).save().await?;
        }
        Step::VerifyPhone => {
            let verification = session.verify_phone().await?;
            let (session, verification) = fixture.between((session, verification)).await?;
            verification.check(fixture.code(PHONE)?).await?;
            return Ok(session);
        }
        Step::VerifyEmail => {
            fixture.client.resend_email_verification(EMAIL).await?;
            check(
                fixture.mock.open_email_link(fixture.code(EMAIL)?.expose()),
                "the link is good",
            )?;
        }
        Step::CompleteProfile => {
            session
                .change_profile()
                .member("firstName", "Ada")
                .save()
                .await?;
        }
        Step::VerifyIdentity => {
            session.start_verification(&json!({})).await?;
            known.has_licence = fixture.mock.finish_verification(EMAIL);
        }
        Step::AcceptTerms => {
            for missing in session.outstanding_terms(BRANCH, None).await? {
                session.accept_terms(&missing.terms).await?;
            }
        }
        Step::EnrolMfa => {
            let enrolment = session.enrol_mfa().await?;
            let (session, enrolment) = fixture.between((session, enrolment)).await?;
            fixture.wait(Duration::from_secs(30));
            let code = fixture.mock.second_factor_code(EMAIL);
            enrolment.enable(expect(code, "second factor")?).await?;
            known.has_second_factor = true;
            return Ok(session);
        }
        other => {
            return Err(Failed::because(format_args!(
                "{other:?} was not to be done"
            )));
        }
    }
    Ok(session)
}

/// A call that is refused is not repeated before the step that its error names.
pub async fn by_refusals(fixture: &mut Fixture<'_>) -> Outcome {
    let mut session = begin(fixture).await?;
    session.change_profile().phone(PHONE).save().await?;
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
        check(refusals <= 4, "no step is asked for twice")?;
        session = fixture.between(session).await?;
        session = solve(fixture, session, &mut known, step).await?;
    }
    check(refusals == 4, "each demand was refused once")?;
    check(
        fixture.mock.deletion_requested(EMAIL),
        "the call has succeeded",
    )?;
    Ok(format!(
        "{refusals} refusals led to their steps, then it succeeded"
    ))
}
