//! Each sign-in method has two outcomes.

use vestibule::wunder::{Session, SignIn};

fn session(sign_in: SignIn) -> Session {
    match sign_in {
        SignIn::SignedIn(session) => session,
    }
}

fn main() {}
