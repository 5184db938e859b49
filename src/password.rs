//! Passwords that are changed.

use crate::secret::Secret;

/// The password that a user wants to have from now on. It is sent byte for byte.
///
/// A type of its own, so that it cannot be swapped with a code or with the [`CurrentPassword`].
///
/// ```
/// let password = vestibule::NewPassword::new("correct horse");
/// assert_eq!(format!("{password:?}"), "NewPassword([redacted])");
/// ```
#[derive(Clone, Debug)]
pub struct NewPassword(Secret);

/// The password that a user has today. It is sent byte for byte.
///
/// A type of its own, so that it cannot be swapped with the [`NewPassword`].
///
/// ```
/// let password = vestibule::CurrentPassword::new("old horse");
/// assert_eq!(format!("{password:?}"), "CurrentPassword([redacted])");
/// ```
#[derive(Clone, Debug)]
pub struct CurrentPassword(Secret);

impl NewPassword {
    /// The new password.
    pub fn new(password: impl Into<Secret>) -> Self {
        Self(password.into())
    }

    pub(crate) fn into_secret(self) -> Secret {
        self.0
    }
}

impl CurrentPassword {
    /// The current password.
    pub fn new(password: impl Into<Secret>) -> Self {
        Self(password.into())
    }

    pub(crate) fn into_secret(self) -> Secret {
        self.0
    }
}
