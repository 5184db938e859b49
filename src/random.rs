//! Random ids and random fractions for jitter.

/// 128 random bits as 32 hex digits.
pub(crate) fn id() -> std::io::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(crate::hex::encode(&bytes))
}

/// 64 random bits.
pub(crate) fn bits() -> std::io::Result<u64> {
    getrandom::u64().map_err(std::io::Error::other)
}

/// A number from 0 to below 1.
pub(crate) fn fraction() -> f64 {
    #[cfg(feature = "testing")]
    if let Some(fraction) = crate::testing::seeded_fraction() {
        return fraction;
    }
    // Without entropy, use the longest backoff.
    let bits = getrandom::u32().unwrap_or(u32::MAX);
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}
