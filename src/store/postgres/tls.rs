//! TLS of the connections to PostgreSQL: rustls with ring.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::secret::Secret;
use crate::store::StoreError;

const INVALID_ROOTS: StoreError = StoreError::InvalidSetting {
    name: "root_certificates",
    requirement: "must be PEM with at least one certificate (`-----BEGIN CERTIFICATE-----`)",
};

const INVALID_IDENTITY: StoreError = StoreError::InvalidSetting {
    name: "client_identity",
    requirement: "must be PEM with a certificate chain, the client's first, and its unencrypted \
                  private key",
};

/// Verifies the server by its host name, and by these certificates or those of the platform.
pub(super) fn connector(
    root_certificates: Option<&[u8]>,
    client_identity: Option<&Secret>,
) -> Result<MakeRustlsConnect, StoreError> {
    let unavailable = |_| StoreError::Unavailable(std::io::ErrorKind::Unsupported);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(unavailable)?;
    let config = match root_certificates {
        Some(pem) => config.with_root_certificates(roots(pem)?),
        None => {
            let verifier = Verifier::new(provider).map_err(unavailable)?;
            config
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let config = match client_identity {
        Some(pem) => {
            let pem = pem.expose().as_bytes();
            let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| INVALID_IDENTITY)?;
            let chain = certificates(pem).ok_or(INVALID_IDENTITY)?;
            config
                .with_client_auth_cert(chain, key)
                .map_err(|_| INVALID_IDENTITY)?
        }
        None => config.with_no_client_auth(),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(pem: &[u8]) -> Result<RootCertStore, StoreError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).ok_or(INVALID_ROOTS)? {
        roots.add(certificate).map_err(|_| INVALID_ROOTS)?;
    }
    Ok(roots)
}

/// The certificates of a PEM text, or `None` if there is none or one is malformed.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    certificates.ok().filter(|found| !found.is_empty())
}
