//! What was made and not published, because a test had failed on it: laid aside, so that it can be looked at, until the
//! relation is published again.

use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::jinja::RelationName;
use crate::warehouse::{Change, OWN, Record, StorageError, Warehouse};

impl Warehouse {
    /// The file of a relation that was laid aside.
    pub fn aside_path(&self, relation: &RelationName) -> Path {
        self.path(&format!("{OWN}/refused/{}/{}.parquet", relation.schema, relation.identifier))
    }

    fn aside_record_path(&self, relation: &RelationName) -> Path {
        self.path(&format!("{OWN}/refused/{}/{}.json", relation.schema, relation.identifier))
    }

    /// Lays a change aside.
    ///
    /// # Errors
    /// Its file can't be moved.
    pub async fn lay_aside(&self, change: &Change) -> Result<(), StorageError> {
        let (relation, record) = match change {
            Change::Table { relation, staged, record } => {
                let to = self.aside_path(relation);
                let moved = self.store().rename(&Path::from(staged.as_str()), &to).await;
                moved.map_err(|error| StorageError::new("cannot put in place", &to, error))?;
                (relation, record)
            }
            Change::View { relation, record } => (relation, record),
        };
        self.write_json(&self.aside_record_path(relation), record).await
    }

    /// The record of what was laid aside of a relation.
    pub async fn aside(&self, relation: &RelationName) -> Option<Record> {
        self.read_json(&self.aside_record_path(relation)).await
    }

    /// What was laid aside is of no interest any more.
    pub(super) async fn forget_aside(&self, relation: &RelationName) {
        let record = self.aside_record_path(relation);
        if self.store().head(&record).await.is_ok() {
            // What is left behind is replaced by the next one.
            let _ = self.store().delete(&record).await;
            let _ = self.store().delete(&self.aside_path(relation)).await;
        }
    }
}
