//! The steps that a store with a field `inner` and a method `step` passes on as they are.

/// Defines the steps that write no record, in an `impl SessionStore`: `step` gets the future of each.
macro_rules! forwarded_steps {
    () => {
        fn delete<'a>(
            &'a self,
            key: &'a vestibule::store::StoreKey,
        ) -> vestibule::BoxFuture<'a, Result<(), vestibule::store::StoreError>> {
            self.step(self.inner.delete(key))
        }

        fn acquire<'a>(
            &'a self,
            key: &'a vestibule::store::StoreKey,
            time_to_live: std::time::Duration,
        ) -> vestibule::BoxFuture<
            'a,
            Result<Option<vestibule::store::Fence>, vestibule::store::StoreError>,
        > {
            self.step(self.inner.acquire(key, time_to_live))
        }

        fn extend<'a>(
            &'a self,
            key: &'a vestibule::store::StoreKey,
            fence: vestibule::store::Fence,
            time_to_live: std::time::Duration,
        ) -> vestibule::BoxFuture<'a, Result<(), vestibule::store::StoreError>> {
            self.step(self.inner.extend(key, fence, time_to_live))
        }

        fn release<'a>(
            &'a self,
            key: &'a vestibule::store::StoreKey,
            fence: vestibule::store::Fence,
        ) -> vestibule::BoxFuture<'a, Result<(), vestibule::store::StoreError>> {
            self.step(self.inner.release(key, fence))
        }
    };
}

#[allow(unused_imports)]
pub(crate) use forwarded_steps;
