//! The store of browser states and of the SDK's sessions and challenges.

use std::sync::Arc;

use vestibule::store::{MemoryStore, RedisStore, Sealing, SealingKey, SessionStore};

use crate::settings::Redis;

/// Opens Redis with sealed records, or a store in memory.
///
/// # Errors
///
/// A message that says why Redis cannot be used.
pub async fn open(redis: Option<&Redis>) -> Result<Arc<dyn SessionStore>, String> {
    let Some(redis) = redis else {
        return Ok(Arc::new(MemoryStore::new()));
    };
    let key = SealingKey::from_base64(1, &redis.sealing_key)
        .map_err(|_| "SEALING_KEY must be 32 bytes in base64".to_owned())?;
    let store = RedisStore::builder(redis.url.clone(), Sealing::keys(key, []))
        .prefix("vestibule-backend")
        .build()
        .await
        .map_err(|error| format!("REDIS_URL: {error}"))?;
    Ok(Arc::new(store))
}
