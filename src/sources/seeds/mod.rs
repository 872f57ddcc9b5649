//! Seeds: CSV files of the project, read and typed as dbt does it. Python's `agate` looks at every value to find a
//! column's type, and DuckDB's `copy` reads the rows, with quotes that it has found by itself; see dbt's
//! `agate_helper.py` and dbt-duckdb's `seed.sql`. Knows neither the graph nor SQL.

mod flavour;
mod guess;
mod values;

use std::fmt;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchReader};
use datafusion::catalog::Session;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt};

use self::flavour::Flavour;
use self::guess::Guess;
use super::files::{OpenSource, SourceOptions, cause, list, report_unreadable_files, table_url};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::project::Dialect;
use crate::reuse::Digest;

/// Rows that are read at once.
const BATCH: usize = 8 * 1024;

/// A seed's file, and how it is to be read.
pub struct SeedOptions {
    /// What messages call it, where it is, and where that is known from.
    pub file: SourceOptions,
    /// Whose types the columns get: `integer` in DuckDB and PostgreSQL, `bigint` in the engine's own dialect.
    pub dialect: Dialect,
    /// Columns whose types are declared: these are texts here, and cast by who reads them.
    pub texts: Vec<String>,
}

/// Opens a seed. Every value is looked at, so the types hold for all of it.
pub async fn open_seed(
    options: &SeedOptions,
    project: &Path,
    session: &dyn Session,
    found: &mut Diagnostics,
) -> Option<OpenSource> {
    let opened = try_open(options, project, session, found).await;
    opened.map_err(|problem| found.push(problem)).ok()
}

async fn try_open(
    options: &SeedOptions,
    project: &Path,
    session: &dyn Session,
    found: &mut Diagnostics,
) -> Result<OpenSource, Diagnostic> {
    let file = &options.file;
    let delimiter = delimiter(file)?;
    let url = table_url(file, project)?;
    let files = list(file, &url, session).await?;
    report_unreadable_files(file, &files, found)?;
    let unreadable = |error: &DataFusionError| {
        Diagnostic::error(Code::UnreadableSource, format!("{} can't be read as CSV", file.display))
            .at(file.place.clone())
            .note(cause(error))
            .help(if cause(error).contains("UTF-8") {
                "save the file as UTF-8"
            } else {
                "does every line have the same number of fields, and is `delimiter` right?"
            })
    };
    let store = session.runtime_env().object_store(&url).map_err(|error| unreadable(&error))?;
    let Some(path) = files.first().map(|it| it.location.clone()) else {
        return Err(unreadable(&DataFusionError::Plan("there is no such file".to_owned())));
    };
    let content = fetch(store.as_ref(), &path).await.map_err(|error| unreadable(&error))?;
    let flavour = Flavour::of(&content, delimiter);
    // Files of the project come and go with branches: what is in them counts, not when they were written.
    let identity = Digest::of("seed", [&Digest::bytes("content", &content), &Digest::bytes("delimiter", &[delimiter])]);
    let (names, types) = look(content, delimiter, options).map_err(|error| unreadable(&error.into()))?;
    let fields: Vec<Field> = names.into_iter().zip(types).map(|(name, it)| Field::new(name, it, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let rows = SeedRows { store, path, flavour, schema: Arc::clone(&schema), zones: zones_count(options.dialect) };
    let table = StreamingTable::try_new(schema, vec![Arc::new(rows)]).map_err(|error| unreadable(&error))?;
    Ok(OpenSource { table: Arc::new(table), identity })
}

fn delimiter(file: &SourceOptions) -> Result<u8, Diagnostic> {
    match file.text("delimiter") {
        None => Ok(b','),
        Some("\\t") => Ok(b'\t'),
        Some(text) => match text.as_bytes() {
            [byte] => Ok(*byte),
            _ => Err(file.problem(Diagnostic::error(
                Code::WrongValue,
                format!("`delimiter` must be one ASCII character, but is `{text}`"),
            ))),
        },
    }
}

/// Whether a time's zone counts. DuckDB 2 takes `10:00+02:00` for ten o'clock.
fn zones_count(dialect: Dialect) -> bool {
    dialect != Dialect::DuckDb
}

async fn fetch(store: &dyn ObjectStore, path: &object_store::path::Path) -> Result<Vec<u8>, DataFusionError> {
    let bytes = store.get(path).await?.bytes().await?;
    Ok(bytes.into())
}

/// The columns' names and types, by every value in them.
fn look(content: Vec<u8>, delimiter: u8, options: &SeedOptions) -> Result<(Vec<String>, Vec<DataType>), ArrowError> {
    let python = Flavour::of_python(delimiter);
    let (header, _) =
        Format::default().with_header(true).with_delimiter(delimiter).infer_schema(content.as_slice(), Some(0))?;
    let names = column_names(header.fields().iter().map(|it| it.name().as_str()));
    let texts = names.iter().map(|it| Field::new(it, DataType::Utf8, true)).collect::<Vec<_>>();
    let mut guesses = vec![Guess::default(); names.len()];
    for batch in reader(python.whole(content, names.len()), &Arc::new(Schema::new(texts)), python)? {
        for (guess, column) in guesses.iter_mut().zip(batch?.columns()) {
            guess.look_at(column);
        }
    }
    let types = names.iter().zip(&guesses).map(|(name, guess)| {
        if options.texts.contains(name) { DataType::Utf8 } else { guess.data_type(options.dialect) }
    });
    let types = types.collect();
    Ok((names, types))
}

/// As `agate` names columns: a letter where there is no name, and a number behind one that was there before.
fn column_names<'a>(header: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (at, name) in header.enumerate() {
        let letter = |at: usize| {
            let letter = char::from(b'a' + u8::try_from(at % 26).unwrap_or_default());
            letter.to_string().repeat(at / 26 + 1)
        };
        let wanted = if name.is_empty() { letter(at) } else { name.to_owned() };
        let mut candidate = wanted.clone();
        let mut number = 1;
        while names.contains(&candidate) {
            number += 1;
            candidate = format!("{wanted}_{number}");
        }
        names.push(candidate);
    }
    names
}

type Batches = Box<dyn RecordBatchReader<Item = Result<RecordBatch, ArrowError>> + Send>;

/// Batches of text.
fn reader(content: Vec<u8>, schema: &SchemaRef, flavour: Flavour) -> Result<Batches, ArrowError> {
    let mut builder = ReaderBuilder::new(Arc::clone(schema))
        .with_header(true)
        .with_batch_size(BATCH)
        .with_delimiter(flavour.delimiter)
        .with_quote(flavour.quote);
    if let Some(escape) = flavour.escape {
        builder = builder.with_escape(escape);
    }
    Ok(Box::new(builder.build_buffered(Cursor::new(content))?))
}

/// The rows of a seed, read anew by whoever asks, so that no table of them is held.
struct SeedRows {
    store: Arc<dyn ObjectStore>,
    path: object_store::path::Path,
    flavour: Flavour,
    schema: SchemaRef,
    zones: bool,
}

impl fmt::Debug for SeedRows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "seed /{}", self.path)
    }
}

impl PartitionStream for SeedRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (store, path, flavour) = (Arc::clone(&self.store), self.path.clone(), self.flavour);
        let (schema, zones) = (Arc::clone(&self.schema), self.zones);
        let batches = async move {
            let content = fetch(store.as_ref(), &path).await?;
            let texts = schema.fields().iter().map(|it| it.as_ref().clone().with_data_type(DataType::Utf8));
            let texts = Arc::new(Schema::new(texts.collect::<Vec<_>>()));
            let batches = reader(flavour.whole(content, schema.fields().len()), &texts, flavour)?;
            let typed = move |batch: Result<RecordBatch, ArrowError>| {
                let batch = batch?;
                let columns = batch.columns().iter().zip(schema.fields());
                let columns = columns.map(|(it, field)| values::typed(it, field.data_type(), zones)).collect();
                Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
            };
            Ok::<_, DataFusionError>(futures::stream::iter(batches.map(typed)))
        };
        let stream = futures::stream::once(batches).try_flatten().boxed();
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream))
    }
}

#[cfg(test)]
mod tests;
