//! Guide pages: what holds for all four systems, one question each.
//!
//! | page | answers |
//! |---|---|
//! | [`flows`] | how a sign-in goes on between two requests, and what a wrong code does |
//! | [`errors`] | what to do about each kind of error, and what to tell the user |
//! | [`retries`] | what is sent again, how often, and how to say otherwise |
//! | [`security`] | what is protected from whom, and what your back end must do itself |
//! | [`features`] | which feature brings what, and what it costs to compile |
//! | [`migrating`] | how a back end with a client of its own moves here |
//!
//! Two pages stand with their types: [`session`](crate::session) tells how a signed-in user is kept
//! and renewed, [`challenge`](crate::challenge) how an unfinished sign-in is. What each system does
//! that surprises people stands on its own page.

#[doc = include_str!("flows.md")]
pub mod flows {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("retries.md")]
pub mod retries {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("features.md")]
pub mod features {}

#[doc = include_str!("migrating.md")]
pub mod migrating {}
