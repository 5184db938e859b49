//! fynd
