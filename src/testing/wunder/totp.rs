//! Time-based one-time passwords: RFC 6238 with its defaults and a secret of 160 bits.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

const STEP_SECONDS: i64 = 30;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A TOTP secret.
pub(super) struct Authenticator {
    secret: [u8; 20],
    /// The last time step whose code was used.
    last_step: i64,
}

impl Authenticator {
    /// A new random secret; `None` if the system has no entropy.
    pub(super) fn new() -> Option<Self> {
        let mut secret = [0; 20];
        getrandom::fill(&mut secret).ok()?;
        Some(Self {
            secret,
            last_step: i64::MIN,
        })
    }

    pub(super) fn base32(&self) -> String {
        let mut text = String::new();
        for group in self.secret.chunks(5) {
            let bits = group
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for index in (0..8).rev() {
                let digit = usize::try_from(bits >> (5 * index) & 31).unwrap_or_default();
                text.push(char::from(BASE32[digit]));
            }
        }
        text
    }

    /// The code that an authenticator app shows at `now` (seconds).
    pub(super) fn code(&self, now: i64) -> String {
        self.code_of_step(now.div_euclid(STEP_SECONDS))
    }

    /// Accepts codes of the current and the adjacent time steps, each step once.
    pub(super) fn accepts(&mut self, code: &str, now: i64) -> bool {
        let step = now.div_euclid(STEP_SECONDS);
        let unused = (step - 1..=step + 1).filter(|step| *step > self.last_step);
        let accepted = unused
            .into_iter()
            .find(|step| self.code_of_step(*step) == code);
        match accepted {
            Some(step) => {
                self.last_step = step;
                true
            }
            None => false,
        }
    }

    fn code_of_step(&self, step: i64) -> String {
        // HMAC accepts keys of any length, so this cannot fail.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&self.secret) else {
            return String::new();
        };
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let offset = usize::from(digest[19] & 15);
        let number = digest[offset..offset + 4]
            .iter()
            .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
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
    use super::Authenticator;

    fn authenticator() -> Authenticator {
        Authenticator {
            secret: *b"12345678901234567890",
            last_step: i64::MIN,
        }
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
