//! A back end with a web page that onboards users on any of four identity systems.

pub mod app;
pub mod demo;
mod messages;
mod page_state;
mod pages;
mod routes;
mod same_origin;
mod security_headers;
pub mod settings;
mod store;
mod systems;
