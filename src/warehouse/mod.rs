//! Where relations live: data files that any tool can read, small records about them, staging and publishing.
//!
//! A table is one Parquet file `<root>/<schema>/<name>.parquet`, or a Delta table `<root>/<schema>/<name>/` where somebody
//! asks for that, and where it only grows. What else is known of a relation stands in a record
//! below `<root>/_arrowmill/relations/`. A record that does not fit its file is unknown, and never trusted.

mod arriving;
mod aside;
mod data_files;
mod delta;
mod location;
mod own_tables;
mod parquet_file;
mod passed;
mod publish;
mod record;
mod versions;

pub use arriving::{Arrived, ArrivingRows};
pub use data_files::{DataFile, DeltaFiles, StagedFile, delta_columns, nullable};
pub use delta::{CommitNote, DeltaError, GrownTable, can_grow};
pub use location::{Location, OpenError};
pub use own_tables::{LOGS, log_columns, measure_columns, own_columns};
pub use parquet_file::ParquetFile;
pub use passed::Passed;
pub use publish::{Change, Staged};
pub use record::{ColumnRecord, Record, RecordKind};

use std::sync::Arc;

use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

use crate::jinja::RelationName;
use crate::materialize::Existing;

/// The folder of everything that is not data.
const OWN: &str = "_arrowmill";

/// What can go wrong with the warehouse's storage.
#[derive(Debug, thiserror::Error)]
#[error("{what} {path}: {source}")]
pub struct StorageError {
    /// What was being done: `cannot write`.
    pub what: &'static str,
    /// To what.
    pub path: String,
    /// What came of it.
    pub source: object_store::Error,
}

impl StorageError {
    fn new(what: &'static str, path: &Path, source: object_store::Error) -> StorageError {
        StorageError { what, path: path.to_string(), source }
    }
}

/// One warehouse.
#[derive(Debug, Clone)]
pub struct Warehouse {
    location: Location,
    run: String,
    began: DateTime<Utc>,
}

impl Warehouse {
    /// A warehouse at a place, used by one run that began then.
    pub fn new(location: Location, run: impl Into<String>, began: DateTime<Utc>) -> Warehouse {
        Warehouse { location, run: run.into(), began }
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.location.store
    }

    fn path(&self, below: &str) -> Path {
        below.split('/').fold(self.location.root.clone(), |path, part| path.join(part))
    }

    /// The data file of a table.
    pub fn data_path(&self, relation: &RelationName) -> Path {
        self.path(&format!("{}/{}.parquet", relation.schema, relation.identifier))
    }

    fn record_path(&self, relation: &RelationName) -> Path {
        self.path(&format!("{OWN}/relations/{}/{}.json", relation.schema, relation.identifier))
    }

    /// What the warehouse knows of a relation, and whether that can be trusted.
    pub async fn existing(&self, relation: &RelationName) -> (Existing, Option<Record>) {
        let record = self.read_record(relation).await;
        if let Some(record) = record.as_ref().filter(|it| it.delta.is_some())
            && let Some(current) = self.existing_delta(relation, record).await
        {
            return (Existing::Table, Some(current));
        }
        let file = self.store().head(&self.data_path(relation)).await.ok();
        let (record, file) = match (record, file) {
            (None, None) => return (Existing::Absent, None),
            (Some(record), None) if record.kind == RecordKind::View => return (Existing::View, Some(record)),
            (record, None) => return (Existing::Unknown, record),
            (Some(record), Some(file)) if record.is_of(&file) => return (Existing::Table, Some(record)),
            (record, Some(file)) => (record, file),
        };
        // A run died after it had put a file in place, and before its record: the announced one is that of the file,
        // though both may have as many bytes. Where neither was written for this very file, as in a warehouse that was
        // copied, their number decides.
        let announced: Option<Record> = self.read_json(&self.announced_path(relation)).await;
        let fits = |it: &&Record| it.kind == RecordKind::Table && it.bytes == Some(file.size);
        let of_file = announced.as_ref().filter(|it| it.is_of(&file));
        match of_file.or(record.as_ref().filter(fits)).or(announced.as_ref().filter(fits)) {
            Some(found) => (Existing::Table, Some(found.clone())),
            None => (Existing::Unknown, record),
        }
    }

    /// The record of the Delta table that was committed last: where a run died after the commit, the announced one.
    async fn existing_delta(&self, relation: &RelationName, record: &Record) -> Option<Record> {
        let committed = self.committed(relation).await?;
        let is_committed = |it: &Record| it.delta.is_some() && it.version.as_deref() == Some(committed.as_str());
        let current = match is_committed(record) {
            true => record.clone(),
            false => self.read_json(&self.announced_path(relation)).await.filter(is_committed)?,
        };
        self.are_there(relation, &current).await.then_some(current)
    }

    /// Whether a relation's file is the one that its record was written for.
    pub async fn is_untouched(&self, relation: &RelationName, record: &Record) -> bool {
        match record.kind {
            RecordKind::View => true,
            RecordKind::Table if record.delta.is_some() => {
                self.committed(relation).await == record.version && self.are_untouched(relation, record).await
            }
            RecordKind::Table => self.store().head(&self.data_path(relation)).await.is_ok_and(|it| record.is_of(&it)),
        }
    }

    /// The names of a schema's relations, sorted.
    pub async fn list(&self, schema: &str) -> Vec<String> {
        let mut names = std::collections::BTreeSet::new();
        for (folder, ending) in
            [(self.path(schema), ".parquet"), (self.path(&format!("{OWN}/relations/{schema}")), ".json")]
        {
            let Ok(listed) = self.store().list_with_delimiter(Some(&folder)).await else { continue };
            let files = listed.objects.iter().filter_map(|it| it.location.filename());
            names.extend(files.filter_map(|it| it.strip_suffix(ending)).map(str::to_owned));
        }
        names.into_iter().collect()
    }

    /// The names of all schemas that hold something, sorted.
    pub async fn schemas(&self) -> Vec<String> {
        let mut names = std::collections::BTreeSet::new();
        for folder in [self.location.root.clone(), self.path(&format!("{OWN}/relations"))] {
            let Ok(listed) = self.store().list_with_delimiter(Some(&folder)).await else { continue };
            let named = listed.common_prefixes.iter().filter_map(|it| it.filename()).filter(|it| *it != OWN);
            names.extend(named.map(str::to_owned));
        }
        names.into_iter().collect()
    }

    async fn read_record(&self, relation: &RelationName) -> Option<Record> {
        self.read_json(&self.record_path(relation)).await
    }

    async fn read_json(&self, path: &Path) -> Option<Record> {
        let bytes = self.store().get(path).await.ok()?.bytes().await.ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Where the record of a file stands that is about to be put in place.
    fn announced_path(&self, relation: &RelationName) -> Path {
        self.path(&format!("{OWN}/relations/{}/{}.json.next", relation.schema, relation.identifier))
    }

    /// Says what file is about to be put in place.
    async fn announce(&self, relation: &RelationName, record: &Record) -> Result<(), StorageError> {
        let path = self.announced_path(relation);
        // What is written over may be all that tells of the file in place.
        if self.store().head(&path).await.is_ok()
            && let (Existing::Table, Some(current)) = self.existing(relation).await
        {
            self.write_record(relation, &current).await?;
        }
        self.write_json(&path, record).await
    }

    /// The announced record has taken its place.
    async fn forget_announced(&self, relation: &RelationName) {
        // One that is left behind says the same as the record.
        let _ = self.store().delete(&self.announced_path(relation)).await;
    }

    /// Records a relation, atomically.
    pub async fn write_record(&self, relation: &RelationName, record: &Record) -> Result<(), StorageError> {
        self.write_json(&self.record_path(relation), record).await
    }

    async fn write_json(&self, path: &Path, record: &Record) -> Result<(), StorageError> {
        let mut bytes = serde_json::to_vec_pretty(record).unwrap_or_default();
        bytes.push(b'\n');
        let written = self.store().put(path, PutPayload::from(bytes)).await;
        written.map(drop).map_err(|error| StorageError::new("cannot write", path, error))
    }

    /// Removes a relation. The record goes first: a file without one is unknown, and rebuilt.
    pub async fn remove(&self, relation: &RelationName) -> Result<(), StorageError> {
        let path = self.record_path(relation);
        match self.store().delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => self.remove_data(relation).await,
            Err(error) => Err(StorageError::new("cannot remove", &path, error)),
        }
    }

    /// Removes the data of a relation that is a table no more.
    pub async fn remove_data(&self, relation: &RelationName) -> Result<(), StorageError> {
        // What others have put there, and what files are taken into, is not the relation's.
        if self.committed(relation).await.is_some() {
            self.remove_folder(relation).await?;
        }
        self.remove_file(relation).await
    }

    /// Removes the one file of a relation.
    async fn remove_file(&self, relation: &RelationName) -> Result<(), StorageError> {
        let path = self.data_path(relation);
        match self.store().delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(StorageError::new("cannot remove", &path, error)),
        }
    }
}
