//! Staging and publishing: the only place where a relation's file is put where readers look.
//!
//! A file is written whole under `_arrowmill/staged/<run>/` and then renamed. A rename within one file system is
//! atomic (rename(2)), so a reader sees the old file or the new one. The new record is announced before and takes its
//! place after: where a run dies between the two, the announced one is that of the file. A table that grows would
//! otherwise begin anew, and lose what it has.

use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::jinja::RelationName;
use crate::warehouse::{OWN, Record, StorageError, Warehouse};

/// A file that is complete, and not yet where readers look.
#[derive(Debug)]
pub struct Staged {
    /// The relation that it will be.
    pub relation: RelationName,
    /// Where it is now.
    pub path: Path,
}

/// A relation in place.
#[derive(Debug, Clone)]
pub struct Published {
    /// Bytes of its file.
    pub bytes: u64,
}

impl Warehouse {
    /// Where a relation's new file is to be written.
    pub fn stage(&self, relation: &RelationName) -> Staged {
        let path = self.path(&format!("{OWN}/staged/{}/{}/{}.parquet", self.run, relation.schema, relation.identifier));
        Staged { relation: relation.clone(), path }
    }

    /// Puts a staged file in place, and then its record.
    pub async fn publish(&self, staged: &Staged, mut record: Record) -> Result<Published, StorageError> {
        let to = self.data_path(&staged.relation);
        let file = self.store().head(&staged.path).await;
        let file = file.map_err(|error| StorageError::new("cannot find", &staged.path, error))?;
        record.bytes = Some(file.size);
        self.announce(&staged.relation, &record).await?;
        let renamed = self.store().rename(&staged.path, &to).await;
        renamed.map_err(|error| StorageError::new("cannot put in place", &to, error))?;
        self.write_record(&staged.relation, &record).await?;
        self.forget_announced(&staged.relation).await;
        Ok(Published { bytes: file.size })
    }

    /// Gives a relation the data that another has, as far as the storage can without writing them anew: data files are
    /// replaced and never changed, so that two names may share one.
    pub async fn copy(
        &self,
        from: &RelationName,
        to: &RelationName,
        record: Record,
    ) -> Result<Published, StorageError> {
        let staged = self.stage(to);
        let copied = self.store().copy(&self.data_path(from), &staged.path).await;
        copied.map_err(|error| StorageError::new("cannot copy to", &staged.path, error))?;
        self.publish(&staged, record).await
    }

    /// Throws a staged file away, as far as there is one.
    pub async fn discard(&self, staged: &Staged) {
        // Staging is cleaned by the next run in any case.
        let _ = self.store().delete(&staged.path).await;
    }
}
