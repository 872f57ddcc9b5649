//! What was made and not published, because a test had failed on it: laid aside, so that it can be looked at, until the
//! relation is published again.

use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::jinja::RelationName;
use crate::warehouse::{Change, OWN, Record, StagedFile, StorageError, Warehouse};

impl Warehouse {
    /// The files of a relation that was laid aside. Those of a Delta table that are not new are in its folder.
    pub async fn aside_files(&self, relation: &RelationName, record: &Record) -> Vec<Path> {
        if record.delta.is_none() {
            return vec![self.aside_path(relation)];
        }
        let mut files = Vec::new();
        for file in record.files() {
            let aside = self.aside_folder(relation).join(file.name.as_str());
            let is_aside = self.store().head(&aside).await.is_ok();
            files.push(if is_aside { aside } else { self.path_in_folder(relation, &file.name) });
        }
        files
    }

    fn aside_path(&self, relation: &RelationName) -> Path {
        self.path(&format!("{OWN}/refused/{}/{}.parquet", relation.schema, relation.identifier))
    }

    fn aside_folder(&self, relation: &RelationName) -> Path {
        self.path(&format!("{OWN}/refused/{}/{}", relation.schema, relation.identifier))
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
            Change::Files { relation, staged, record } => {
                for StagedFile { path, file } in staged {
                    let to = self.aside_folder(relation).join(file.name.as_str());
                    let moved = self.store().rename(&Path::from(path.as_str()), &to).await;
                    moved.map_err(|error| StorageError::new("cannot put in place", &to, error))?;
                }
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
        let Some(record) = self.aside(relation).await else { return };
        // What is left behind is replaced by the next one.
        let _ = self.store().delete(&self.aside_record_path(relation)).await;
        let _ = self.store().delete(&self.aside_path(relation)).await;
        for file in record.files() {
            let _ = self.store().delete(&self.aside_folder(relation).join(file.name.as_str())).await;
        }
    }
}
