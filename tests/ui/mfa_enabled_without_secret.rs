//! A second factor is enabled only by the state that holds its secret.

use vestibule::wunder::{MfaEnrolment, Session};

async fn enable(enrolment: MfaEnrolment, session: Session) {
    let _ = enrolment.confirm("123456").await;
    let _ = session.confirm("123456").await;
}

fn main() {}
