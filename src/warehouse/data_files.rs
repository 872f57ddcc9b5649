//! What a table's data are: one Parquet file, replaced by a rename; or, of a Delta table, several files that one commit of
//! its log puts in the place of those before them. Such a table is told by its files: whatever it is to be, it is committed
//! as "these, and no others", so that what a killed run has begun can be begun again.
//! <https://github.com/delta-io/delta/blob/master/PROTOCOL.md>

use std::collections::BTreeSet;

use arrow::datatypes::{Field, FieldRef, Schema};
use chrono::{DateTime, TimeDelta, Utc};
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, MetadataExt, Remove, StructType};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, DeltaTableError, ensure_table_uri};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::jinja::RelationName;
use crate::project::Json;
use crate::reuse::Digest;
use crate::warehouse::delta::failed;
use crate::warehouse::{DeltaError, Record, StorageError, Warehouse};

/// Where a commit says which version of the relation it is.
const VERSION_KEY: &str = "arrowmillVersion";

/// How long files lie about that nobody has committed: somebody may still be about to.
const UNCOMMITTED: TimeDelta = TimeDelta::days(1);

/// What a Delta table consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaFiles {
    /// Its columns, as its log has them: [`delta_columns`].
    pub columns: String,
    /// Its files.
    pub files: Vec<DataFile>,
}

/// One file of a Delta table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Its name in the table's folder.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// What the store calls it: another name means that somebody touched it.
    pub tag: Option<String>,
    /// What its rows are, whatever their order.
    pub content: String,
}

/// A file that is written, and not yet in its table's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedFile {
    /// Where it is.
    pub path: String,
    /// What it will be.
    pub file: DataFile,
}

/// The columns of a Delta table, in the form of its log. Whether they may hold nulls is not said: later rows may have some.
///
/// # Errors
/// Delta tables don't have such types.
pub fn delta_columns(relation: &RelationName, schema: &Schema) -> Result<String, DeltaError> {
    let schema = nullable(schema);
    let wrong = |reason: String| DeltaError::Types { table: relation.to_string(), reason };
    let kernel: Result<StructType, _> = (&schema).try_into_kernel();
    let kernel = kernel.map_err(|error| wrong(error.to_string()))?;
    serde_json::to_string(&kernel).map_err(|error| wrong(error.to_string()))
}

/// The columns of several files of one table: what has no nulls in one of them may have some in another.
pub fn nullable(schema: &Schema) -> Schema {
    let field = |it: &FieldRef| it.as_ref().clone().with_nullable(true);
    Schema::new(schema.fields().iter().map(field).collect::<Vec<Field>>())
}

/// The name that a version of a Delta table has in its log.
pub(super) fn version_of(files: &[DataFile], run: &str) -> String {
    let names = files.iter().map(|it| it.name.as_str());
    Digest::texts("version", std::iter::once(run).chain(names)).to_string()
}

impl Warehouse {
    /// The files of a table as its record has them, in their place.
    pub fn data_files(&self, relation: &RelationName, record: &Record) -> Vec<Path> {
        match &record.delta {
            None => vec![self.data_path(relation)],
            Some(delta) => delta.files.iter().map(|it| self.path_in_folder(relation, &it.name)).collect(),
        }
    }

    /// A file of a Delta table by its name.
    pub fn path_in_folder(&self, relation: &RelationName, name: &str) -> Path {
        self.folder_path(relation).join(name)
    }

    /// What the last commit in a relation's log calls the version that it has made; `None` where there is no log, where one
    /// of its commits is missing, or where somebody else has written to it.
    pub(super) async fn committed(&self, relation: &RelationName) -> Option<String> {
        let log = self.folder_path(relation).join("_delta_log");
        let listed = self.store().list_with_delimiter(Some(&log)).await.ok()?;
        let names = || listed.objects.iter().filter_map(|it| it.location.filename());
        let commits = names().filter_map(|it| it.strip_suffix(".json")?.parse::<usize>().ok());
        let commits: BTreeSet<usize> = commits.collect();
        let (first, last) = (*commits.first()?, *commits.last()?);
        // Commits before a checkpoint go after a while.
        let has_beginning = first == 0 || names().any(|it| it.contains(".checkpoint"));
        if !has_beginning || commits.len() != last - first + 1 {
            return None;
        }
        let bytes = self.store().get(&log.join(format!("{last:020}.json"))).await.ok()?.bytes().await.ok()?;
        let mut actions = bytes.split(|it| *it == b'\n').filter_map(|it| serde_json::from_slice::<Json>(it).ok());
        actions.find_map(|it| Some(it.get("commitInfo")?.get(VERSION_KEY)?.as_str()?.to_owned()))
    }

    /// Whether all files of a Delta table are there, with as many bytes as they had.
    pub(super) async fn are_there(&self, relation: &RelationName, record: &Record) -> bool {
        self.all_files(relation, record, |file, there| file.bytes == there.size).await
    }

    /// Whether they are the very files that were written.
    pub(super) async fn are_untouched(&self, relation: &RelationName, record: &Record) -> bool {
        self.all_files(relation, record, |file, there| file.tag.is_some() && file.tag == there.e_tag).await
    }

    async fn all_files(
        &self,
        relation: &RelationName,
        record: &Record,
        is_so: impl Fn(&DataFile, &ObjectMeta) -> bool,
    ) -> bool {
        for file in record.files() {
            let there = self.store().head(&self.path_in_folder(relation, &file.name)).await;
            if !there.is_ok_and(|it| is_so(file, &it)) {
                return false;
            }
        }
        true
    }

    /// Makes a relation's Delta table consist of the files of a record, of which some are still staged.
    pub(super) async fn commit_files(
        &self,
        relation: &RelationName,
        staged: &[StagedFile],
        record: &Record,
    ) -> Result<(), StorageError> {
        let (Some(delta), Some(version)) = (&record.delta, &record.version) else { return Ok(()) };
        if self.committed(relation).await.as_deref() == Some(version.as_str()) {
            return Ok(());
        }
        for StagedFile { path, file } in staged {
            let (from, to) = (Path::from(path.as_str()), self.path_in_folder(relation, &file.name));
            // A run that was killed may have moved it already.
            if self.store().head(&from).await.is_ok() {
                let renamed = self.store().rename(&from, &to).await;
                renamed.map_err(|error| StorageError::new("cannot put in place", &to, error))?;
            }
        }
        let folder = self.folder_path(relation);
        let committed = self.commit(relation, delta, version).await;
        committed.map_err(|error| {
            let source = object_store::Error::Generic { store: "Delta", source: Box::new(error) };
            StorageError::new("cannot commit to", &folder, source)
        })
    }

    async fn commit(&self, relation: &RelationName, delta: &DeltaFiles, version: &str) -> Result<(), DeltaError> {
        let explain = |source: DeltaTableError| failed("cannot commit to", relation, source);
        let columns: StructType = serde_json::from_str(&delta.columns)
            .map_err(|error| DeltaError::Types { table: relation.to_string(), reason: error.to_string() })?;
        let properties = CommitProperties::default().with_metadata([(VERSION_KEY.to_owned(), Json::from(version))]);
        let table = match self.grown(relation).await {
            // The log of a table that we have made is damaged, and can be begun anew: it says what the record says.
            Err(_) if self.read_record(relation).await.is_some_and(|it| it.delta.is_some()) => {
                self.remove_log(relation)
                    .await
                    .map_err(|error| explain(DeltaTableError::generic(error.to_string())))?;
                None
            }
            found => found?,
        };
        let Some(table) = table.map(|it| it.table) else {
            let url = ensure_table_uri(format!("/{}", self.folder_path(relation))).map_err(explain)?;
            let made = CreateBuilder::new()
                .with_location(url.to_string())
                .with_table_name(relation.identifier.as_str())
                .with_columns(columns.fields().cloned())
                .with_save_mode(SaveMode::ErrorIfExists)
                .with_actions(delta.files.iter().map(|it| Action::Add(added(it, self.began))))
                .with_commit_properties(properties)
                .await;
            return made.map(drop).map_err(explain);
        };
        let snapshot = table.snapshot().map_err(explain)?;
        let there = names(&table).map_err(explain)?;
        let wanted: BTreeSet<&str> = delta.files.iter().map(|it| it.name.as_str()).collect();
        let mut actions = Vec::new();
        if snapshot.schema().as_ref() != &columns {
            let metadata = snapshot.metadata().clone().with_schema(&columns);
            let metadata = metadata.map_err(|error| explain(DeltaTableError::generic(error.to_string())))?;
            actions.push(Action::Metadata(metadata));
        }
        actions.extend(
            there.iter().filter(|it| !wanted.contains(it.as_str())).map(|it| Action::Remove(removed(it, self.began))),
        );
        let new = delta.files.iter().filter(|it| !there.contains(&it.name));
        actions.extend(new.map(|it| Action::Add(added(it, self.began))));
        let mode = if actions.iter().any(|it| matches!(it, Action::Remove(_))) {
            SaveMode::Overwrite
        } else {
            SaveMode::Append
        };
        let operation = DeltaOperation::Write { mode, partition_by: None, predicate: None };
        let snapshot = snapshot.snapshot().clone();
        let built = CommitBuilder::from(properties).with_actions(actions);
        built.build(Some(&snapshot), table.log_store(), operation).await.map(drop).map_err(explain)
    }

    /// Removes files of a Delta table that no version needs any more: neither the one in place nor one that is kept, nor
    /// readers of the week before, for whom the log says how long they stay.
    pub(super) async fn tidy_files(&self, relation: &RelationName, record: &Record) -> Result<(), StorageError> {
        let folder = self.folder_path(relation);
        let Ok(Some(table)) = self.grown(relation).await.map(|it| it.map(|it| it.table)) else { return Ok(()) };
        let Ok(snapshot) = table.snapshot() else { return Ok(()) };
        let log = table.log_store();
        let tombstones = snapshot.all_tombstones(log.as_ref()).map_ok(|it| it.path().into_owned());
        let Ok(mut needed) = tombstones.try_collect::<BTreeSet<String>>().await else { return Ok(()) };
        let kept = self.versions(relation).await;
        needed.extend(kept.iter().chain([record]).flat_map(Record::files).map(|it| it.name.clone()));
        let Ok(listed) = self.store().list_with_delimiter(Some(&folder)).await else { return Ok(()) };
        for file in listed.objects {
            let is_needed = file.location.filename().is_none_or(|it| needed.contains(it) || !it.ends_with(".parquet"));
            if !is_needed && self.began - file.last_modified > UNCOMMITTED {
                let removed = self.store().delete(&file.location).await;
                removed.map_err(|error| StorageError::new("cannot remove", &file.location, error))?;
            }
        }
        Ok(())
    }

    /// Removes the folder of a relation that was a Delta table. The log goes first: files without one are in no table.
    pub(super) async fn remove_folder(&self, relation: &RelationName) -> Result<(), StorageError> {
        self.remove_log(relation).await?;
        self.remove_all(&self.folder_path(relation)).await
    }

    async fn remove_log(&self, relation: &RelationName) -> Result<(), StorageError> {
        self.remove_all(&self.folder_path(relation).join("_delta_log")).await
    }

    async fn remove_all(&self, folder: &Path) -> Result<(), StorageError> {
        let cannot = |error| StorageError::new("cannot remove", folder, error);
        let all: Vec<Path> =
            self.store().list(Some(folder)).map_ok(|it| it.location).try_collect().await.map_err(cannot)?;
        for path in all {
            match self.store().delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(cannot(error)),
            }
        }
        Ok(())
    }
}

/// The names of the files that a table consists of.
fn names(table: &DeltaTable) -> Result<BTreeSet<String>, DeltaTableError> {
    let name = |it: String| it.rsplit('/').next().unwrap_or_default().to_owned();
    Ok(table.get_file_uris()?.map(name).collect())
}

fn added(file: &DataFile, at: DateTime<Utc>) -> Add {
    Add {
        path: file.name.clone(),
        size: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        modification_time: at.timestamp_millis(),
        data_change: true,
        stats: Some(serde_json::json!({"numRecords": file.rows}).to_string()),
        ..Add::default()
    }
}

fn removed(name: &str, at: DateTime<Utc>) -> Remove {
    Remove {
        path: name.to_owned(),
        data_change: true,
        deletion_timestamp: Some(at.timestamp_millis()),
        ..Remove::default()
    }
}
