//! Tests that have passed, and what they had asked about: one small file for the whole warehouse. It is written when a
//! run ends; what a killed run has not written is asked again.

use std::collections::BTreeMap;

use object_store::{ObjectStoreExt, PutPayload};

use crate::reuse::MadeOf;
use crate::warehouse::{OWN, StorageError, Warehouse};

/// For each test that passed, its id and what it was made of.
pub type Passed = BTreeMap<String, MadeOf>;

impl Warehouse {
    /// The tests that passed the last time.
    pub async fn passed(&self) -> Passed {
        let path = self.path(&format!("{OWN}/passed.json"));
        let Ok(found) = self.store().get(&path).await else { return Passed::new() };
        // What can't be read is asked again.
        found.bytes().await.ok().and_then(|it| serde_json::from_slice(&it).ok()).unwrap_or_default()
    }

    /// Keeps them for the next run.
    ///
    /// # Errors
    /// The file can't be written.
    pub async fn keep_passed(&self, passed: &Passed) -> Result<(), StorageError> {
        let path = self.path(&format!("{OWN}/passed.json"));
        let bytes = serde_json::to_vec(passed).unwrap_or_default();
        let written = self.store().put(&path, PutPayload::from(bytes)).await;
        written.map(drop).map_err(|error| StorageError::new("cannot write", &path, error))
    }
}
