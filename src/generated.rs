//! The clients that `build.rs` generates from the descriptions in `openapi/`.

macro_rules! client {
    ($name:ident, $feature:literal, $file:literal) => {
        #[cfg(feature = $feature)]
        #[allow(
            missing_docs,
            unused_imports,
            dead_code,
            clippy::all,
            clippy::unwrap_used,
            rustdoc::bare_urls,
            rustdoc::broken_intra_doc_links,
            rustdoc::invalid_html_tags
        )]
        pub(crate) mod $name {
            include!(concat!(env!("OUT_DIR"), "/", $file));
        }
    };
}

client!(wunder_auth, "wunder", "wunder_auth.rs");
client!(wunder_user, "wunder", "wunder_user.rs");
client!(walletcrew, "walletcrew", "walletcrew.rs");
client!(goodcity, "goodcity", "goodcity.rs");
client!(fynd, "fynd", "fynd.rs");
