//! Staging and publishing: the only place where a relation's file is put where readers look.
//!
//! A file is written whole under `_arrowmill/staged/<run>/` and then renamed. A rename within one file system is
//! atomic (rename(2)), so a reader sees the old file or the new one. The new record is announced before and takes its
//! place after: where a run dies between the two, the announced one is that of the file. A table that grows would
//! otherwise begin anew, and lose what it has.
//!
//! What was in the place before is kept as a version, where the new record asks for that (`versions`), before all this.
//!
//! Several relations are put in place together by a journal: once it is written, all of them will be, by this process or
//! by the next one.

use chrono::SecondsFormat;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use crate::jinja::RelationName;
use crate::materialize::Existing;
use crate::reuse::{Digest, Identity};
use crate::warehouse::data_files::version_of;
use crate::warehouse::{OWN, Record, StagedFile, StorageError, Warehouse};

/// A file that is complete, and not yet where readers look.
#[derive(Debug, Clone)]
pub struct Staged {
    /// The relation that it will be.
    pub relation: RelationName,
    /// Where it is now.
    pub path: Path,
}

/// What is to be put in place.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// A table with a new file.
    Table {
        /// Which.
        relation: RelationName,
        /// Where the file is.
        staged: String,
        /// Its record.
        record: Record,
    },
    /// A Delta table with other files than before.
    Files {
        /// Which.
        relation: RelationName,
        /// Those that are new.
        staged: Vec<StagedFile>,
        /// Its record, with all of its files.
        record: Record,
    },
    /// A view.
    View {
        /// Which.
        relation: RelationName,
        /// Its record.
        record: Record,
    },
}

impl Change {
    /// The record of what the relation will be.
    pub fn record(&self) -> &Record {
        match self {
            Change::Table { record, .. } | Change::Files { record, .. } | Change::View { record, .. } => record,
        }
    }

    /// The relation that changes.
    pub fn relation(&self) -> &RelationName {
        match self {
            Change::Table { relation, .. } | Change::Files { relation, .. } | Change::View { relation, .. } => relation,
        }
    }
}

impl Warehouse {
    /// Where a relation's new file is to be written.
    pub fn stage(&self, relation: &RelationName) -> Staged {
        let path = self.path(&format!("{OWN}/staged/{}/{}/{}.parquet", self.run, relation.schema, relation.identifier));
        Staged { relation: relation.clone(), path }
    }

    /// Completes the record of a staged file by what the store says of it.
    ///
    /// # Errors
    /// There is no such file.
    pub async fn complete(&self, staged: &Staged, mut record: Record) -> Result<Record, StorageError> {
        let file = self.store().head(&staged.path).await;
        let file = file.map_err(|error| StorageError::new("cannot find", &staged.path, error))?;
        record.bytes = Some(file.size);
        record.version = file.e_tag;
        self.number(&staged.relation, &mut record).await;
        if record.identity.is_none() {
            // Nobody can tell what is in it, but it is this and no other.
            let relation = staged.relation.to_string();
            let parts = [self.run.as_str(), record.version.as_deref().unwrap_or_default(), &relation];
            let columns = record.columns.iter().map(|it| (it.name.as_str(), it.data_type.clone()));
            record.identity = Some(Identity::of_whole(&Digest::texts("file", parts), columns));
        }
        Ok(record)
    }

    /// Completes the record of a Delta table by its files.
    pub async fn complete_files(&self, relation: &RelationName, mut record: Record) -> Record {
        record.bytes = Some(record.files().iter().map(|it| it.bytes).sum());
        record.version = Some(version_of(record.files(), &self.run));
        self.number(relation, &mut record).await;
        if let (Existing::Table, Some(current)) = self.existing(relation).await
            && current.delta == record.delta
        {
            // There is nothing to commit.
            record.version = current.version;
        }
        record
    }

    /// How many bytes a staged file has, and what the store calls it.
    ///
    /// # Errors
    /// There is no such file.
    pub async fn look_at(&self, staged: &Staged) -> Result<(u64, Option<String>), StorageError> {
        let file = self.store().head(&staged.path).await;
        file.map(|it| (it.size, it.e_tag)).map_err(|error| StorageError::new("cannot find", &staged.path, error))
    }

    /// Where the new files of a relation are to be written, one after the other.
    pub fn stage_part(&self, relation: &RelationName, name: &str) -> Staged {
        let RelationName { schema, identifier, .. } = relation;
        let path = self.path(&format!("{OWN}/staged/{}/{schema}/{identifier}/{name}", self.run));
        Staged { relation: relation.clone(), path }
    }

    async fn number(&self, relation: &RelationName, record: &mut Record) {
        record.made_at = Some(self.began.to_rfc3339_opts(SecondsFormat::Micros, true));
        record.restored_from = None;
        record.number = self.next_number(relation).await;
    }

    /// Puts a staged file in place, and then its record. Gives the record.
    ///
    /// # Errors
    /// The file is not there, or something can't be written.
    pub async fn publish(&self, staged: &Staged, record: Record) -> Result<Record, StorageError> {
        let record = self.complete(staged, record).await?;
        self.put_table_in_place(&staged.relation, &staged.path, &record).await?;
        Ok(record)
    }

    pub(super) async fn put_table_in_place(
        &self,
        relation: &RelationName,
        from: &Path,
        record: &Record,
    ) -> Result<(), StorageError> {
        let to = self.data_path(relation);
        self.keep_current(relation, record).await?;
        self.announce(relation, record).await?;
        let renamed = self.store().rename(from, &to).await;
        renamed.map_err(|error| StorageError::new("cannot put in place", &to, error))?;
        self.finish_table(relation, record).await
    }

    /// Commits the files of a Delta table, and then its record.
    pub(super) async fn put_files_in_place(
        &self,
        relation: &RelationName,
        staged: &[StagedFile],
        record: &Record,
    ) -> Result<(), StorageError> {
        let before = self.existing(relation).await.1;
        self.keep_current(relation, record).await?;
        self.announce(relation, record).await?;
        self.commit_files(relation, staged, record).await?;
        self.finish_table(relation, record).await?;
        // Where rows are only added, there is nothing to tidy, and the log need not be read again.
        let adds_only = before.is_some_and(|it| it.files().iter().all(|file| record.files().contains(file)));
        if adds_only { Ok(()) } else { self.tidy_files(relation, record).await }
    }

    /// What is left to do when a table's data are in their place.
    async fn finish_table(&self, relation: &RelationName, record: &Record) -> Result<(), StorageError> {
        self.write_record(relation, record).await?;
        self.forget_announced(relation).await;
        self.forget_aside(relation).await;
        self.trim_versions(relation, record).await?;
        if record.delta.is_some() {
            return self.remove_file(relation).await;
        }
        // It may have been a Delta table, and versions of that may be kept.
        if self.committed(relation).await.is_some()
            && !self.versions(relation).await.iter().any(|it| it.delta.is_some())
        {
            self.remove_folder(relation).await?;
        }
        Ok(())
    }

    /// Records a view, before the data file of what was a table goes.
    ///
    /// # Errors
    /// Something can't be written.
    pub async fn publish_view(&self, relation: &RelationName, record: &Record) -> Result<(), StorageError> {
        self.keep_current(relation, record).await?;
        self.write_record(relation, record).await?;
        self.trim_versions(relation, record).await
    }

    /// Puts one change in place.
    ///
    /// # Errors
    /// Something can't be written.
    pub async fn put_in_place(&self, change: &Change) -> Result<(), StorageError> {
        match change {
            Change::Table { relation, staged, record } => {
                self.put_table_in_place(relation, &Path::from(staged.as_str()), record).await
            }
            Change::Files { relation, staged, record } => self.put_files_in_place(relation, staged, record).await,
            Change::View { relation, record } => {
                self.publish_view(relation, record).await?;
                self.remove_data(relation).await?;
                self.forget_aside(relation).await;
                Ok(())
            }
        }
    }

    /// Puts several changes in place, all or none: from the moment that the journal is written, all.
    ///
    /// # Errors
    /// Something can't be written.
    pub async fn put_all_in_place(&self, changes: &[Change]) -> Result<(), StorageError> {
        if changes.is_empty() {
            return Ok(());
        }
        let journal = self.journal_path();
        let bytes = serde_json::to_vec_pretty(changes).unwrap_or_default();
        let written = self.store().put(&journal, PutPayload::from(bytes)).await;
        written.map_err(|error| StorageError::new("cannot write", &journal, error))?;
        for change in changes {
            self.put_in_place(change).await?;
        }
        let removed = self.store().delete(&journal).await;
        removed.map_err(|error| StorageError::new("cannot remove", &journal, error))
    }

    /// Whether a run was killed while it put its changes in place.
    pub async fn has_journal(&self) -> bool {
        self.store().head(&self.journal_path()).await.is_ok()
    }

    /// Completes what a killed run had begun to put in place. Only the lock's holder may.
    ///
    /// # Errors
    /// Something can't be written.
    pub async fn recover(&self) -> Result<(), StorageError> {
        let journal = self.journal_path();
        let Ok(found) = self.store().get(&journal).await else { return Ok(()) };
        let bytes = found.bytes().await.map_err(|error| StorageError::new("cannot read", &journal, error))?;
        // A journal is put in place whole; what can't be read is none.
        let changes: Vec<Change> = serde_json::from_slice(&bytes).unwrap_or_default();
        for change in &changes {
            match change {
                Change::Table { relation, staged, record } => {
                    let staged = Path::from(staged.as_str());
                    match self.store().head(&staged).await {
                        Ok(_) => self.put_table_in_place(relation, &staged, record).await?,
                        // It is in place; its record may not be.
                        Err(_) => self.finish_table(relation, record).await?,
                    }
                }
                Change::Files { .. } | Change::View { .. } => self.put_in_place(change).await?,
            }
        }
        let removed = self.store().delete(&journal).await;
        removed.map_err(|error| StorageError::new("cannot remove", &journal, error))
    }

    fn journal_path(&self) -> Path {
        self.path(&format!("{OWN}/journal.json"))
    }

    /// Puts a staged file in the place of another one.
    ///
    /// # Errors
    /// It can't be moved.
    pub async fn replace_staged(&self, new: &Staged, old: &Staged) -> Result<(), StorageError> {
        let renamed = self.store().rename(&new.path, &old.path).await;
        renamed.map_err(|error| StorageError::new("cannot write", &old.path, error))
    }

    /// Throws a staged file away, as far as there is one.
    pub async fn discard(&self, staged: &Staged) {
        // Staging is cleaned by the next run in any case.
        let _ = self.store().delete(&staged.path).await;
    }

    /// Gives a relation the data that another has, as far as the storage can without writing them anew: data files are
    /// replaced and never changed, so that two names may share one.
    pub async fn copy(&self, from: &RelationName, to: &RelationName, record: Record) -> Result<Record, StorageError> {
        let staged = self.stage(to);
        let copied = self.store().copy(&self.data_path(from), &staged.path).await;
        copied.map_err(|error| StorageError::new("cannot copy to", &staged.path, error))?;
        self.publish(&staged, record).await
    }
}
