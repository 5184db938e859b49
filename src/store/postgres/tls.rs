//! TLS of the connections to PostgreSQL: rustls with ring.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::secret::Secret;
use crate::store::StoreError;
use crate::store::pem::{self, INVALID_IDENTITY, INVALID_ROOTS};

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
            let (chain, key) = pem::identity(pem.expose().as_bytes())?;
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
    for certificate in pem::certificates(pem).ok_or(INVALID_ROOTS)? {
        roots.add(certificate).map_err(|_| INVALID_ROOTS)?;
    }
    Ok(roots)
}
