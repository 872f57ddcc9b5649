//! Tables that only grow: Delta tables `<root>/<schema>/<name>/`. Rows come in by commits, each whole or not at all, and
//! each with the name of what it has taken, so that nothing is taken twice. Knows neither SQL nor who brings the rows.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use datafusion::execution::SessionState;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, StructType, Transaction};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::operations::write::writer::WriterConfig;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::config::TablePropertiesExt;
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError, ensure_table_uri};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::jinja::RelationName;
use crate::project::Json;
use crate::reuse::{Digest, Identity};
use crate::warehouse::{Arrived, ArrivingRows, ParquetFile, Warehouse};

/// Rows that are compressed together: few enough that a writer's memory stays small.
const ROW_GROUP: usize = 128 * 1024;

/// Rows that are handed to the encoder at once.
const PIECE: usize = 8 * 1024;

/// What can go wrong with a table that grows.
#[derive(Debug, thiserror::Error)]
pub enum DeltaError {
    /// Its log or its files.
    #[error("{what} {table}: {}", said(source))]
    Table {
        /// What was being done: `cannot open`.
        what: &'static str,
        /// To what.
        table: String,
        /// What came of it.
        source: Box<DeltaTableError>,
    },
    /// A type that Delta tables don't have.
    #[error("a Delta table can't hold the columns of {table}: {reason}")]
    Types {
        /// Which.
        table: String,
        /// Why.
        reason: String,
    },
}

/// A table that only grows.
pub struct GrownTable {
    name: String,
    pub(super) table: DeltaTable,
}

/// What a commit says of itself.
#[derive(Debug, Clone)]
pub struct CommitNote {
    /// The name of what it takes. A table takes nothing twice.
    pub taken: String,
    /// What else is to be kept with it.
    pub info: serde_json::Map<String, Json>,
}

/// Whether tables that grow can have a column.
pub fn can_grow(column: &Field) -> bool {
    let kernel: Result<StructType, _> = (&Schema::new(vec![column.clone()])).try_into_kernel();
    kernel.is_ok()
}

impl Warehouse {
    /// The folder of a table that grows.
    pub fn folder_path(&self, relation: &RelationName) -> Path {
        self.path(&format!("{}/{}", relation.schema, relation.identifier))
    }

    /// Opens a table that grows; `None` where there is none.
    ///
    /// # Errors
    /// There is one, and it can't be read.
    pub async fn grown(&self, relation: &RelationName) -> Result<Option<GrownTable>, DeltaError> {
        GrownTable::open(&relation.to_string(), &self.folder_path(relation)).await
    }

    /// Makes a table that grows, empty.
    ///
    /// # Errors
    /// It is there already, can't be written, or can't have these columns.
    pub async fn make_grown(&self, relation: &RelationName, schema: &Schema) -> Result<GrownTable, DeltaError> {
        let kernel: Result<StructType, _> = schema.try_into_kernel();
        let columns =
            kernel.map_err(|error| DeltaError::Types { table: relation.to_string(), reason: error.to_string() })?;
        let explain = |source| failed("cannot make", relation, source);
        let url = ensure_table_uri(format!("/{}", self.folder_path(relation))).map_err(explain)?;
        let columns: Vec<_> = columns.fields().cloned().collect();
        let made = CreateBuilder::new()
            .with_location(url.to_string())
            .with_table_name(relation.identifier.as_str())
            .with_columns(columns)
            .with_save_mode(SaveMode::ErrorIfExists)
            .with_configuration_property(deltalake_core::TableProperty::AppendOnly, Some("true"))
            .await;
        Ok(GrownTable { name: relation.to_string(), table: made.map_err(explain)? })
    }
}

/// What an error says: the kernel adds a backtrace where `RUST_BACKTRACE` is set, which starts on a line of its own.
fn said(error: &DeltaTableError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

pub(super) fn failed(what: &'static str, table: impl std::fmt::Display, source: DeltaTableError) -> DeltaError {
    DeltaError::Table { what, table: table.to_string(), source: Box::new(source) }
}

impl GrownTable {
    /// Opens the table in a folder of this machine; `None` where there is none. Messages call it `name`.
    ///
    /// # Errors
    /// There is one, and it can't be read.
    pub async fn open(name: &str, folder: &Path) -> Result<Option<GrownTable>, DeltaError> {
        let explain = |source| failed("cannot open", name, source);
        // A table's folder is made where it is not there: only what has a log is opened.
        let log = LocalFileSystem::new().list_with_delimiter(Some(&folder.clone().join("_delta_log"))).await;
        if !log.is_ok_and(|it| !it.objects.is_empty()) {
            return Ok(None);
        }
        let url = ensure_table_uri(format!("/{folder}")).map_err(explain)?;
        let table = DeltaTableBuilder::from_url(url).map_err(explain)?.load().await.map_err(explain)?;
        Ok(Some(GrownTable { name: name.to_owned(), table }))
    }

    /// Its columns.
    ///
    /// # Errors
    /// Its log can't be read.
    pub fn schema(&self) -> Result<SchemaRef, DeltaError> {
        let snapshot = self.table.snapshot().map_err(|source| failed("cannot read", &self.name, source))?;
        Ok(snapshot.snapshot().arrow_schema())
    }

    /// What its rows are: the same for as long as nothing is committed.
    ///
    /// # Errors
    /// Its log can't be read.
    pub fn digest(&self) -> Result<Digest, DeltaError> {
        let snapshot = self.table.snapshot().map_err(|source| failed("cannot read", &self.name, source))?;
        let version = self.table.version().unwrap_or_default().to_string();
        Ok(Digest::texts("delta", [self.table.table_url().as_str(), snapshot.metadata().id(), &version]))
    }

    /// The same, column by column.
    ///
    /// # Errors
    /// Its log can't be read.
    pub fn identity(&self) -> Result<Identity, DeltaError> {
        let schema = self.schema()?;
        let columns = schema.fields().iter().map(|it| (it.name().as_str(), it.data_type().to_string()));
        Ok(Identity::of_whole(&self.digest()?, columns))
    }

    /// The table as the engine reads it, as it is now.
    ///
    /// # Errors
    /// Its log can't be read.
    pub async fn provider(&self, session: &Arc<SessionState>) -> Result<Arc<dyn TableProvider>, DeltaError> {
        let explain = |source| failed("cannot read", &self.name, source);
        self.table.update_datafusion_session(session.as_ref()).map_err(explain)?;
        let provider = self.table.table_provider().with_session(Arc::clone(session)).await;
        provider.map_err(|error| explain(DeltaTableError::from(error)))
    }

    /// Whether something of this name has been taken.
    ///
    /// # Errors
    /// Its log can't be read.
    pub async fn has_taken(&self, name: &str) -> Result<bool, DeltaError> {
        let explain = |source| failed("cannot read", &self.name, source);
        let snapshot = self.table.snapshot().map_err(explain)?;
        let version = snapshot.transaction_version(self.table.log_store().as_ref(), name).await;
        Ok(version.map_err(explain)?.is_some())
    }

    /// What the commits of its history say of themselves, the newest first.
    ///
    /// # Errors
    /// Its log can't be read.
    pub async fn notes(&self) -> Result<Vec<serde_json::Map<String, Json>>, DeltaError> {
        let history: Result<Vec<_>, _> = self.table.history(None).try_collect().await;
        let history = history.map_err(|source| failed("cannot read", &self.name, source))?;
        Ok(history.into_iter().map(|it| it.info.into_iter().collect()).collect())
    }

    /// When something was committed last.
    ///
    /// # Errors
    /// Its log can't be read.
    pub async fn changed_at(&self) -> Result<DateTime<Utc>, DeltaError> {
        let last: Result<Vec<_>, _> = self.table.history(Some(1)).try_collect().await;
        let last = last.map_err(|source| failed("cannot read", &self.name, source))?;
        let millis = last.first().and_then(|it| it.timestamp);
        Ok(millis.and_then(DateTime::from_timestamp_millis).unwrap_or_default())
    }

    /// Adds columns that rows to come may have, and earlier ones have not.
    ///
    /// # Errors
    /// They can't be written, or Delta tables don't have such types.
    pub async fn add_columns(&mut self, columns: &Schema) -> Result<(), DeltaError> {
        let kernel: Result<StructType, _> = columns.try_into_kernel();
        let columns =
            kernel.map_err(|error| DeltaError::Types { table: self.name.clone(), reason: error.to_string() })?;
        let fields: Vec<_> = columns.fields().cloned().collect();
        let added = self.table.clone().add_columns().with_fields(fields).await;
        self.table = added.map_err(|source| failed("cannot add columns to", &self.name, source))?;
        Ok(())
    }

    /// Begins to write rows. Nobody sees them before they are committed.
    ///
    /// # Errors
    /// Its log can't be read.
    pub fn begin(&self) -> Result<ArrivingRows, DeltaError> {
        let explain = |source| failed("cannot write to", &self.name, source);
        let snapshot = self.table.snapshot().map_err(explain)?;
        let properties = snapshot.table_config();
        let compression = ZstdLevel::try_new(1).map_or(Compression::SNAPPY, Compression::ZSTD);
        let writing = WriterProperties::builder()
            .set_compression(compression)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .build();
        let config = WriterConfig::new(
            self.schema()?,
            Vec::new(),
            Some(writing),
            Some(properties.target_file_size()),
            Some(PIECE),
            properties.num_indexed_cols(),
            None,
        );
        Ok(ArrivingRows::new(self.name.clone(), self.table.object_store(), config))
    }

    /// Reads rows that have arrived and are not taken in yet, in their order.
    pub fn read_arrived(&self, arrived: &Arrived) -> BoxStream<'static, Result<RecordBatch, ArrowError>> {
        let store = self.table.object_store();
        let files: Vec<_> = arrived.files.iter().map(|it| (Path::from(it.path.as_str()), it.size)).collect();
        let read = move |(path, size): (Path, i64)| {
            let reader =
                ParquetFile { store: Arc::clone(&store), path, bytes: u64::try_from(size).unwrap_or_default() };
            async move {
                let builder = ParquetRecordBatchStreamBuilder::new(reader).await?;
                Ok::<_, ArrowError>(builder.with_batch_size(PIECE).build()?.map_err(ArrowError::from))
            }
        };
        futures::stream::iter(files).then(read).try_flatten().boxed()
    }

    /// Takes in what has arrived, all of it at once.
    ///
    /// # Errors
    /// The log can't be written, or somebody else has taken the same.
    pub async fn commit(&mut self, arrived: Arrived, note: CommitNote) -> Result<(), DeltaError> {
        let explain = |source| failed("cannot commit to", &self.name, source);
        let properties = CommitProperties::default()
            .with_application_transaction(Transaction::new(&note.taken, 1))
            .with_metadata(note.info);
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        let actions = arrived.files.into_iter().map(Action::Add).collect();
        let snapshot = self.table.snapshot().map_err(explain)?.snapshot().clone();
        let log_store = self.table.log_store();
        let built = CommitBuilder::from(properties).with_actions(actions);
        built.build(Some(&snapshot), log_store, operation).await.map_err(explain)?;
        self.table.update_state().await.map_err(explain)
    }
}
