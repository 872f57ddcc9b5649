//! Earlier versions of tables: kept when another one takes their place, and put back when somebody asks for that.
//!
//! `<root>/_arrowmill/versions/<schema>/<name>/<number>.parquet` is the very file that was in place, under a second name,
//! and `<number>.json` its record. The file comes first and goes last, so that a record stands for a whole version.

use std::collections::BTreeSet;

use object_store::ObjectStoreExt;
use object_store::path::Path;

use crate::jinja::RelationName;
use crate::materialize::Existing;
use crate::warehouse::data_files::version_of;
use crate::warehouse::{OWN, Record, StorageError, Warehouse};

impl Warehouse {
    /// The versions of a table that are kept beside the one that is in place, newest first.
    pub async fn versions(&self, relation: &RelationName) -> Vec<Record> {
        let current = self.existing(relation).await.1;
        let mut versions = Vec::new();
        for number in self.kept(relation).await.into_iter().rev() {
            if current.as_ref().is_some_and(|it| is_in_place(number, it)) {
                continue;
            }
            let Some(record) = self.read_json(&self.version_record_path(relation, number)).await else { continue };
            let mut bytes = 0;
            for path in self.version_files(relation, &record) {
                bytes += self.store().head(&path).await.map_or(0, |it| it.size);
            }
            if record.bytes == Some(bytes) {
                versions.push(record);
            }
        }
        versions
    }

    /// The files of a version that is kept.
    pub fn version_files(&self, relation: &RelationName, version: &Record) -> Vec<Path> {
        match version.delta {
            Some(_) => self.data_files(relation, version),
            None => vec![self.version_path(relation, version.number)],
        }
    }

    fn version_path(&self, relation: &RelationName, number: u64) -> Path {
        self.versions_folder(relation).join(format!("{number}.parquet"))
    }

    fn version_record_path(&self, relation: &RelationName, number: u64) -> Path {
        self.versions_folder(relation).join(format!("{number}.json"))
    }

    fn versions_folder(&self, relation: &RelationName) -> Path {
        self.path(&format!("{OWN}/versions/{}/{}", relation.schema, relation.identifier))
    }

    /// The numbers of all that lies among a table's versions, whole or not.
    async fn kept(&self, relation: &RelationName) -> BTreeSet<u64> {
        let Ok(listed) = self.store().list_with_delimiter(Some(&self.versions_folder(relation))).await else {
            return BTreeSet::new();
        };
        let names = listed.objects.iter().filter_map(|it| it.location.filename()?.split_once('.'));
        names.filter_map(|(number, _)| number.parse().ok()).collect()
    }

    /// The number of the next version. All that one run makes of a table is one version.
    pub(super) async fn next_number(&self, relation: &RelationName) -> u64 {
        match self.existing(relation).await.1 {
            Some(current) if current.run_id == self.run && current.number > 0 => current.number,
            current => self.number_after(relation, current.map_or(0, |it| it.number)).await,
        }
    }

    async fn number_after(&self, relation: &RelationName, current: u64) -> u64 {
        1 + self.kept(relation).await.last().map_or(current, |it| current.max(*it))
    }

    /// Keeps what is in place, if what will take its place asks for that. What can't be trusted is no version.
    pub(super) async fn keep_current(&self, relation: &RelationName, next: &Record) -> Result<(), StorageError> {
        let (Existing::Table, Some(current)) = self.existing(relation).await else { return Ok(()) };
        if next.keep_versions == 0 || current.number == next.number {
            return Ok(());
        }
        let begun = |name: &str| {
            let RelationName { schema, identifier, .. } = relation;
            self.path(&format!("{OWN}/staged/{}/versions/{schema}/{identifier}/{name}", self.run))
        };
        // A rename leaves no parts behind, whenever the process is killed, and what is staged is removed by the next run.
        let (file, record) = (begun("file"), begun("record"));
        let cannot = |to: &Path| {
            let to = to.clone();
            move |error| StorageError::new("cannot keep the version before in", &to, error)
        };
        let to = self.version_path(relation, current.number);
        // The files of a Delta table stay where they are, for as long as a version needs them.
        if current.delta.is_none() {
            self.store().copy(&self.data_path(relation), &file).await.map_err(cannot(&to))?;
            self.store().rename(&file, &to).await.map_err(cannot(&to))?;
        }
        let to = self.version_record_path(relation, current.number);
        self.write_json(&record, &current).await?;
        self.store().rename(&record, &to).await.map_err(cannot(&to))
    }

    /// Removes versions that are more than the record in place asks for, and what a killed run has left of some.
    pub(super) async fn trim_versions(&self, relation: &RelationName, current: &Record) -> Result<(), StorageError> {
        let mut left = current.keep_versions;
        for number in self.kept(relation).await.into_iter().rev() {
            let is_whole = self.store().head(&self.version_record_path(relation, number)).await.is_ok();
            if !is_in_place(number, current) && is_whole && left > 0 {
                left -= 1;
            } else {
                self.remove_version(relation, number).await?;
            }
        }
        Ok(())
    }

    async fn remove_version(&self, relation: &RelationName, number: u64) -> Result<(), StorageError> {
        for path in [self.version_record_path(relation, number), self.version_path(relation, number)] {
            match self.store().delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(StorageError::new("cannot remove", &path, error)),
            }
        }
        Ok(())
    }

    /// Removes what a run has left of versions that was killed while it removed or kept some. Only the lock's holder may.
    ///
    /// # Errors
    /// Something can't be removed.
    pub async fn tidy_versions(&self) -> Result<(), StorageError> {
        let folders = async |folder: Path| {
            let listed = self.store().list_with_delimiter(Some(&folder)).await;
            let folders = listed.map(|it| it.common_prefixes).unwrap_or_default();
            folders.iter().filter_map(|it| it.filename().map(str::to_owned)).collect::<Vec<_>>()
        };
        for schema in folders(self.path(&format!("{OWN}/versions"))).await {
            for name in folders(self.path(&format!("{OWN}/versions/{schema}"))).await {
                let relation = RelationName::new("", schema.as_str(), name);
                // Of a table that is gone, the versions are all that there is.
                if let (Existing::Table | Existing::View, Some(current)) = self.existing(&relation).await {
                    self.trim_versions(&relation, &current).await?;
                }
            }
        }
        Ok(())
    }

    /// Puts a version back in place, under a new number; what was in place is kept in its stead. Gives its record.
    ///
    /// # Errors
    /// Something can't be read or written.
    pub async fn restore(
        &self,
        relation: &RelationName,
        version: &Record,
        keep_versions: usize,
    ) -> Result<Record, StorageError> {
        let current = self.existing(relation).await.1.map_or(0, |it| it.number);
        let record = Record {
            number: self.number_after(relation, current).await,
            restored_from: Some(version.number),
            // Without one, there would be no way back.
            keep_versions: keep_versions.max(1),
            ..version.clone()
        };
        if record.delta.is_some() {
            let record = Record { version: Some(version_of(record.files(), &self.run)), ..record };
            self.put_files_in_place(relation, &[], &record).await?;
            return Ok(record);
        }
        let staged = self.stage(relation);
        let from = self.version_path(relation, version.number);
        let copied = self.store().copy(&from, &staged.path).await;
        copied.map_err(|error| StorageError::new("cannot read", &from, error))?;
        let file = self.store().head(&staged.path).await;
        let file = file.map_err(|error| StorageError::new("cannot find", &staged.path, error))?;
        let record = Record { version: file.e_tag, ..record };
        self.put_table_in_place(relation, &staged.path, &record).await?;
        Ok(record)
    }
}

/// Whether a version is the one in place, under its number or under the one that it had before: it takes no other
/// version's room.
fn is_in_place(number: u64, current: &Record) -> bool {
    number == current.number || current.restored_from == Some(number)
}
