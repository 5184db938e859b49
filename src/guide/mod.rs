//! Guide pages for all four systems.
//!
//! | page | topic |
//! |---|---|
//! | [`axum`](crate::axum) | a first sign-in in axum: errors as responses, and extractors that resume (feature `axum`) |
//! | [`flows`] | the steps of a sign-in, between two requests and after a wrong code |
//! | [`errors`] | how to handle each kind of error, and what to tell the user |
//! | [`retries`] | which requests are retried, how often, and how to change that |
//! | [`stores`] | which store to choose |
//! | [`security`] | what is protected against whom, and what your back end has to do |
//! | [`custom_endpoints`] | how to call an endpoint that the crate does not describe |
//! | [`deploying`] | many instances, Redis, keys, clocks, shutdown, what to watch |
//! | [`upgrading`] | what a new version does to stored sessions |
//! | [`features`] | what each feature enables and costs to compile |
//! | [`migrating`] | how to replace your own client by this crate |
//! | [`glossary`] | the terms of the documentation |
//!
//! Two pages are in their modules: [`session`](crate::session) describes how a signed-in user is stored
//! and refreshed, [`challenge`](crate::challenge) how an unfinished sign-in is. The page of each system
//! lists that system's pitfalls.

#[doc = include_str!("flows.md")]
pub mod flows {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("retries.md")]
pub mod retries {}

#[doc = include_str!("stores.md")]
pub mod stores {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("custom_endpoints.md")]
pub mod custom_endpoints {}

#[doc = include_str!("deploying.md")]
pub mod deploying {}

#[doc = include_str!("upgrading.md")]
pub mod upgrading {}

#[doc = include_str!("glossary.md")]
pub mod glossary {}

#[doc = include_str!("features.md")]
pub mod features {}

#[doc = include_str!("migrating.md")]
pub mod migrating {}
