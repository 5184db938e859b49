//! Time-based one-time passwords: RFC 6238 with its defaults and a secret of 160 bits.

use totp_rs::{Builder, Secret, Totp};

/// An authenticator app.
pub(super) struct Authenticator {
    totp: Totp,
    /// The last time step whose code was used.
    last_step: Option<u64>,
}

impl Authenticator {
    /// A new random secret; `None` if the system has no entropy.
    pub(super) fn new() -> Option<Self> {
        let mut secret = [0; 20];
        getrandom::fill(&mut secret).ok()?;
        Self::of(secret)
    }

    fn of(secret: [u8; 20]) -> Option<Self> {
        let totp = Builder::new().with_secret(Secret::from(secret)).build();
        Some(Self {
            totp: totp.ok()?,
            last_step: None,
        })
    }

    pub(super) fn base32(&self) -> String {
        self.totp.secret().to_base32()
    }

    /// The code that an authenticator app shows at `now` (seconds).
    pub(super) fn code(&self, now: i64) -> String {
        self.totp.generate(now.unsigned_abs()).to_string()
    }

    /// Accepts codes of the current and the adjacent time steps, each step once.
    pub(super) fn accepts(&mut self, code: &str, now: i64) -> bool {
        let step = self.totp.check(code, now.unsigned_abs());
        let unused = step.filter(|step| self.last_step.is_none_or(|last| *step > last));
        self.last_step = unused.or(self.last_step);
        unused.is_some()
    }
}

/// The second factor of a user.
#[derive(Default)]
pub(super) struct SecondFactor {
    /// The code of `Wunder::require_mfa`, which is always accepted.
    pub(super) fixed: Option<String>,
    pub(super) active: Option<Authenticator>,
    /// Issued to the user, but not enabled yet.
    pub(super) pending: Option<Authenticator>,
    /// Whether the user must have a second factor.
    pub(super) is_forced: bool,
}

impl SecondFactor {
    /// Whether a sign-in requires the second factor.
    pub(super) fn is_required(&self) -> bool {
        self.is_forced || self.is_set_up()
    }

    pub(super) fn is_set_up(&self) -> bool {
        self.fixed.is_some() || self.active.is_some()
    }

    pub(super) fn accepts(&mut self, code: &str, now: i64) -> bool {
        let is_fixed = self.fixed.as_deref() == Some(code);
        is_fixed || (self.active.as_mut()).is_some_and(|active| active.accepts(code, now))
    }

    /// Enables the pending secret with a valid code.
    pub(super) fn enable(&mut self, code: &str, now: i64) -> bool {
        match self.pending.take_if(|pending| pending.accepts(code, now)) {
            Some(secret) => {
                self.active = Some(secret);
                self.fixed = None;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Authenticator;

    fn authenticator() -> Authenticator {
        Authenticator::of(*b"12345678901234567890").unwrap()
    }
    #[test]
    fn codes_are_those_of_the_rfc() {
        // Appendix B, the last six of its eight digits.
        for (now, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(authenticator().code(now), code, "at {now}");
        }
    }

    #[test]
    fn the_secret_is_encoded_as_rfc_4648_says() {
        assert_eq!(authenticator().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_is_valid_once_and_one_step_off() {
        let mut app = authenticator();
        let code = app.code(1_000_000_000);
        assert!(!app.accepts(&code, 1_000_000_060));
        assert!(app.accepts(&code, 1_000_000_029));
        assert!(!app.accepts(&code, 1_000_000_000));
        let next = app.code(1_000_000_030);
        assert!(app.accepts(&next, 1_000_000_000));
    }
}
