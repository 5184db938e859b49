//! Certificates and keys in PEM, for the connections of stores.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::StoreError;

pub(super) const INVALID_ROOTS: StoreError = StoreError::InvalidSetting {
    name: "root_certificates",
    requirement: "must be PEM with at least one certificate (`-----BEGIN CERTIFICATE-----`)",
};

pub(super) const INVALID_IDENTITY: StoreError = StoreError::InvalidSetting {
    name: "client_identity",
    requirement: "must be PEM with a certificate chain, the client's first, and its unencrypted \
                  private key",
};

/// The certificates of a PEM text, or `None` if there is none or one is malformed.
pub(super) fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    certificates.ok().filter(|found| !found.is_empty())
}

/// The certificate chain and the private key of a PEM text.
pub(super) fn identity(
    pem: &[u8],
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), StoreError> {
    let chain = certificates(pem).ok_or(INVALID_IDENTITY)?;
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| INVALID_IDENTITY)?;
    Ok((chain, key))
}
