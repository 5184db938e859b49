//! What an optional member of a request can be set to.

/// A value for an optional member: the value itself, anything that converts into it, or an
/// `Option` of it.
///
/// ```
/// # #[cfg(feature = "wunder")] {
/// use vestibule::wunder::user_api::types::CustomerPatch;
///
/// let known = CustomerPatch::builder().email("ada@example.org");
/// let maybe: Option<String> = None;
/// let unknown = CustomerPatch::builder().email(maybe);
/// # }
/// ```
///
/// `Kind` tells the two ways apart and is always inferred.
pub trait IntoMember<T, Kind> {
    /// The value, if there is one.
    fn into_member(self) -> Option<T>;
}

/// The member is set to a value.
#[derive(Debug)]
pub enum Given {}

/// The member is set to what an `Option` holds.
#[derive(Debug)]
pub enum Maybe {}

impl<T, V: Into<T>> IntoMember<T, Given> for V {
    fn into_member(self) -> Option<T> {
        Some(self.into())
    }
}

impl<T> IntoMember<T, Maybe> for Option<T> {
    fn into_member(self) -> Option<T> {
        self
    }
}
