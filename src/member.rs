//! Values of optional members of a request.

/// A value of an optional member: anything that converts into the value, or an `Option` of it.
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
/// `Kind` distinguishes the two and is always inferred. The trait is sealed.
pub trait IntoMember<T, Kind>: sealed::Sealed<T, Kind> {
    /// Returns the value, if any.
    fn into_member(self) -> Option<T>;
}

/// Marks [`IntoMember`] for a value.
#[derive(Debug)]
pub enum Given {}

/// Marks [`IntoMember`] for an `Option`.
#[derive(Debug)]
pub enum Maybe {}

mod sealed {
    use super::{Given, Maybe};

    pub trait Sealed<T, Kind> {}

    impl<T, V: Into<T>> Sealed<T, Given> for V {}

    impl<T> Sealed<T, Maybe> for Option<T> {}
}

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
