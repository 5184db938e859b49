//! A back end with a web page that onboards people on any of four identity systems.

pub mod app;
pub mod browser;
pub mod demo;
mod pages;
mod routes;
mod same_origin;
mod security_headers;
pub mod settings;
mod store;
mod systems;
mod words;
