//! TLS of the default HTTP client, by the backend of the enabled feature. `rustls` takes precedence.

#[cfg(feature = "rustls")]
use std::sync::Arc;

#[cfg(feature = "rustls")]
use rustls::RootCertStore;
#[cfg(feature = "rustls")]
use rustls::crypto::CryptoProvider;
#[cfg(feature = "rustls")]
use rustls::pki_types::pem::PemObject;
#[cfg(feature = "rustls")]
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
#[cfg(feature = "rustls")]
use rustls_platform_verifier::Verifier;

use super::connection_settings::ConnectionSettings;
use crate::error::Error;
#[cfg(feature = "rustls")]
use crate::error::ErrorKind;

/// Whether a feature enables a backend. Another crate may enable one of reqwest's, whose choice
/// then depends on that crate, so it does not count.
pub(super) const IS_AVAILABLE: bool = cfg!(any(feature = "rustls", feature = "native-tls"));

/// The error for a setting that needs TLS, in a build without it.
pub(super) fn unavailable(field: &'static str) -> Error {
    let right = "needs TLS: enable the feature `rustls` or `native-tls` of vestibule, or set an \
                 `http_client` with TLS";
    Error::invalid(field, right)
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn invalid_root() -> Error {
    let right = "must be PEM with at least one certificate (`-----BEGIN CERTIFICATE-----`)";
    Error::invalid("root_certificate", right)
}

pub(super) fn invalid_identity() -> Error {
    let right = if cfg!(feature = "rustls") {
        "must be PEM with a certificate chain, the client's first, and its unencrypted private key"
    } else {
        "must be PEM with a certificate chain, the client's first, and its unencrypted private key \
         in PKCS #8 (`-----BEGIN PRIVATE KEY-----`)"
    };
    Error::invalid("client_identity", right)
}

/// Uses rustls with ring, which compiles in half the time of aws-lc-rs and needs only a C compiler.
///
/// `is_used` is whether any connection uses TLS: loading the platform's certificates takes longer
/// than everything else here.
#[cfg(feature = "rustls")]
pub(super) fn with_tls(
    client: reqwest::ClientBuilder,
    settings: &ConnectionSettings,
    is_used: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    let roots = roots(settings)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(initialisation_failed)?;
    let config = if is_used {
        let verifier = Arc::new(verifier(roots, provider)?);
        config
            .dangerous()
            .with_custom_certificate_verifier(verifier)
    } else {
        config.with_root_certificates(RootCertStore::empty())
    };
    let mut config = match &settings.client_identity {
        Some(pem) => {
            let pem = pem.expose().as_bytes();
            let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| invalid_identity())?;
            let chain = certificates(pem).ok_or_else(invalid_identity)?;
            let config = config.with_client_auth_cert(chain, key);
            config.map_err(|_| invalid_identity())?
        }
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(client.tls_backend_preconfigured(config))
}

#[cfg(feature = "rustls")]
fn initialisation_failed(_: rustls::Error) -> Error {
    Error::new(ErrorKind::InvalidInput, "could not initialise TLS")
}

/// The certificates in addition to the platform's.
#[cfg(feature = "rustls")]
fn roots(settings: &ConnectionSettings) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut roots = Vec::new();
    for pem in &settings.root_certificates {
        for certificate in certificates(pem).ok_or_else(invalid_root)? {
            let checked = RootCertStore::empty().add(certificate.clone());
            checked.map_err(|_| invalid_root())?;
            roots.push(certificate);
        }
    }
    Ok(roots)
}

/// The certificates of a PEM text, or `None` if there is none or one is malformed.
#[cfg(feature = "rustls")]
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    certificates.ok().filter(|found| !found.is_empty())
}

#[cfg(all(feature = "rustls", not(target_os = "android")))]
fn verifier(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Verifier, Error> {
    Verifier::new_with_extra_roots(roots, provider).map_err(initialisation_failed)
}

/// Android's verifier trusts the platform's certificates alone.
#[cfg(all(feature = "rustls", target_os = "android"))]
fn verifier(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Verifier, Error> {
    if !roots.is_empty() {
        return Err(Error::invalid(
            "root_certificate",
            "is not supported on Android",
        ));
    }
    Verifier::new(provider).map_err(initialisation_failed)
}

/// Uses the platform's library, even if another crate enables a backend of reqwest.
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
pub(super) fn with_tls(
    client: reqwest::ClientBuilder,
    settings: &ConnectionSettings,
    _is_used: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    let mut client = client.tls_backend_native();
    for pem in &settings.root_certificates {
        let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| invalid_root())?;
        if roots.is_empty() {
            return Err(invalid_root());
        }
        client = client.tls_certs_merge(roots);
    }
    if let Some(pem) = &settings.client_identity {
        let (chain, key) = chain_and_key(pem.expose()).ok_or_else(invalid_identity)?;
        let identity = reqwest::Identity::from_pkcs8_pem(chain.as_bytes(), key.as_bytes());
        client = client.identity(identity.map_err(|_| invalid_identity())?);
    }
    Ok(client)
}

/// Splits the private key from the certificates, because native-tls takes them apart.
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
fn chain_and_key(pem: &str) -> Option<(String, &str)> {
    const END: &str = "-----END PRIVATE KEY-----";
    let start = pem.find("-----BEGIN PRIVATE KEY-----")?;
    let end = start + pem.get(start..)?.find(END)? + END.len();
    let chain = format!("{}{}", pem.get(..start)?, pem.get(end..)?);
    Some((chain, pem.get(start..end)?))
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(super) fn with_tls(
    client: reqwest::ClientBuilder,
    settings: &ConnectionSettings,
    _is_used: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    if !settings.root_certificates.is_empty() {
        return Err(unavailable("root_certificate"));
    }
    if settings.client_identity.is_some() {
        return Err(unavailable("client_identity"));
    }
    Ok(client)
}
