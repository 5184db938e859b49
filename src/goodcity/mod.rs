//! goodcity
