//! One-time password challenges: what the user was sent, and what may happen next.

mod code;
mod resend;
mod returned;

pub(crate) use self::code::check_code;
pub use self::resend::ResendTimer;
pub use self::returned::Returned;
