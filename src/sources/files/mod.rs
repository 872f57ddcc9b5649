//! A source's files as one table: located, their format told, their schema settled.
//! Declared types win over inferred ones; a declared column that the files lack is a mistake.

mod identity;
mod sniff;

pub(super) use sniff::SAMPLE;

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono::{DateTime, Utc};
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use futures::TryStreamExt;
use glob::Pattern;
use object_store::{ObjectMeta, ObjectStore};
use url::Url;

use self::identity::of_files;
use super::{ALL, Connector, Inferred, csv, delta, json};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::project::Json;
use crate::reuse::Digest;

/// The option of what stands between the values of CSV.
const DELIMITER: &str = "delimiter";

/// What a source says about its files.
#[derive(Debug, Clone)]
pub struct SourceOptions {
    /// `source `raw.events``, for messages.
    pub display: String,
    /// Where the files are: a path or pattern, relative to the project.
    pub location: String,
    /// Where that is written.
    pub place: Span,
    /// Format options: `format`, `header`, `delimiter`, `quote`, `escape`, `null`.
    pub options: serde_json::Map<String, Json>,
    /// Declared columns: name, type where one is declared, place.
    pub declared: Vec<(String, Option<DataType>, Span)>,
}

impl SourceOptions {
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.options.get(key).and_then(Json::as_str)
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.options.get(key).and_then(Json::as_bool)
    }

    /// The same with one more option.
    fn with(&self, key: &str, value: Json) -> SourceOptions {
        let mut all = self.clone();
        all.options.insert(key.to_owned(), value);
        all
    }

    pub(super) fn problem(&self, problem: Diagnostic) -> Diagnostic {
        problem.at(self.place.clone()).note(format!("in {}", self.display))
    }

    fn unreadable(&self, message: String) -> Diagnostic {
        Diagnostic::error(Code::UnreadableSource, message).at(self.place.clone())
    }
}

/// A table of files, and what the files are.
pub struct OpenSource {
    /// The table.
    pub table: Arc<dyn TableProvider>,
    /// The same for as long as the files are.
    pub identity: Digest,
}

/// When the newest of a source's files was written.
///
/// # Errors
/// There are none, or they can't be listed.
pub async fn newest_file(
    options: &SourceOptions,
    project: &Path,
    session: &dyn Session,
) -> Result<DateTime<Utc>, Diagnostic> {
    let url = table_url(options, project)?;
    let files = list(options, &url, session).await?;
    Ok(files.iter().map(|it| it.last_modified).max().unwrap_or_default())
}

/// Files that somebody else reads.
pub struct RawFiles {
    /// Where they are.
    pub store: Arc<dyn ObjectStore>,
    /// What stands before their paths: `/`, or the URL of their store with a `/` behind it.
    pub base: String,
    /// Each with how it is packed, sorted by path.
    pub files: Vec<(ObjectMeta, FileCompressionType)>,
}

/// A source's files, for those who read them themselves.
///
/// # Errors
/// There are none, or they can't be listed.
pub async fn raw_files(options: &SourceOptions, project: &Path, session: &dyn Session) -> Result<RawFiles, Diagnostic> {
    let url = table_url(options, project)?;
    let files = list(options, &url, session).await?;
    let store = session.runtime_env().object_store(&url);
    let store = store.map_err(|error| options.unreadable(error.to_string()))?;
    let base = match url.scheme() {
        "file" => "/".to_owned(),
        _ => format!("{}/", url.object_store().as_str().trim_end_matches('/')),
    };
    let packed = |meta: ObjectMeta| {
        let compression = compression_of(meta.location.as_ref()).1;
        (meta, compression)
    };
    Ok(RawFiles { store, base, files: files.into_iter().map(packed).collect() })
}

/// Opens a source's files as one table.
///
/// # Errors
/// There are none, or they can't be read.
pub(super) async fn open(
    options: &SourceOptions,
    project: &Path,
    session: &dyn Session,
    found: &mut Diagnostics,
) -> Result<OpenSource, Diagnostic> {
    let (connector, compression) = format_of(options)?;
    let url = table_url(options, project)?;
    let files = list(options, &url, session).await?;
    report_unreadable_files(options, &files, found)?;
    let identity = of_files(options, &url, &files, session).await;
    let identity = identity.map_err(|error| options.unreadable(cause(&error)))?;
    let is_csv = connector.name() == csv::Csv.name();
    let notes = session.config().get_extension::<Inferred>();
    let found_out = match files.first() {
        Some(first) => {
            let store = session.runtime_env().object_store(&url).map_err(|error| options.unreadable(cause(&error)))?;
            let looked_at = sniff::LookedAt { store: &store, file: first, compression: &compression };
            find_out(connector, options, &looked_at, (&identity, notes.as_deref())).await
        }
        None => None,
    };
    let options = found_out.as_ref().unwrap_or(options);
    let format = connector.format(options, compression)?;
    let ending = files.first().map(|it| file_ending(it.location.as_ref())).unwrap_or_default();
    let mut listing = ListingOptions::new(format).with_file_extension(ending);
    let partitions = partition_columns(&url, &files);
    let declared_type = |name: &str| {
        let declared = options.declared.iter().find(|(it, _, _)| it.eq_ignore_ascii_case(name));
        declared.and_then(|(_, data_type, _)| data_type.clone())
    };
    let partitions: Vec<(String, DataType)> = partitions
        .into_iter()
        .map(|name| {
            let data_type = declared_type(&name).unwrap_or(DataType::Utf8);
            (name, data_type)
        })
        .collect();
    listing = listing.with_table_partition_cols(partitions.clone());
    let delimiter = options.text("delimiter").unwrap_or_default();
    let read_as = Digest::texts("read as", [connector.name(), &format!("{compression:?}"), delimiter]);
    let known_as = Digest::of("columns", [&identity, &read_as]);
    let inferred = match notes.as_ref().and_then(|it| it.get(&known_as)) {
        Some(known) => known,
        None => {
            let inferred = listing.infer_schema(session, &url).await.map_err(|error| {
                options
                    .unreadable(format!("the files of {} can't be read as {}", options.display, connector.name()))
                    .note(cause(&error))
                    .help("is it cut off, or in another format? then mend the file, or set `format`, `delimiter` or `quote`")
            })?;
            let inferred = if is_csv {
                let config = ListingTableConfig::new(url.clone()).with_listing_options(listing.clone());
                let texts = ListingTable::try_new(config.with_schema(csv::as_text(&inferred)));
                let texts = texts.map_err(|error| options.unreadable(cause(&error)))?;
                let settled = sniff::without_leading_zeros(&inferred, Arc::new(texts), session).await;
                // What can't be read is said when it is.
                settled.unwrap_or(inferred)
            } else {
                inferred
            };
            notes.iter().for_each(|it| it.keep(&known_as, &inferred));
            inferred
        }
    };
    let schema = settle_schema(options, &inferred, &partitions, found);
    let null = options.text("null").filter(|it| is_csv && !it.is_empty());
    let read_with = if null.is_some() { csv::as_text(&schema) } else { Arc::clone(&schema) };
    let config = ListingTableConfig::new(url).with_listing_options(listing).with_schema(read_with);
    let table = ListingTable::try_new(config).map_err(|error| options.unreadable(cause(&error)))?;
    let table = match null {
        Some(null) => {
            csv::with_null_text(Arc::new(table), &schema, null).map_err(|error| options.unreadable(cause(&error)))?
        }
        None => Arc::new(table),
    };
    Ok(OpenSource { table, identity })
}

/// What files tell of themselves where nobody has said it, as a further option. What was found out is noted, so that files
/// are not opened for it again.
async fn find_out(
    connector: &dyn Connector,
    options: &SourceOptions,
    file: &sniff::LookedAt<'_>,
    (identity, notes): (&Digest, Option<&Inferred>),
) -> Option<SourceOptions> {
    let is_csv = connector.name() == csv::Csv.name();
    let key = match connector.name() {
        _ if is_csv && options.text(DELIMITER).is_none() => DELIMITER,
        name if name == json::Json.name() => json::LIST,
        _ => return None,
    };
    let noted = Digest::of(key, [identity]);
    let found = match notes.and_then(|it| it.0.get(&noted)) {
        Some(known) => known,
        None => {
            let found = if is_csv { file.delimiter().await? } else { file.is_list().await?.to_string() };
            notes.iter().for_each(|it| it.0.keep(&noted, found.clone()));
            found
        }
    };
    Some(options.with(key, if is_csv { Json::from(found) } else { Json::from(found == "true") }))
}

/// `a/b.csv.gz` → `csv.gz`: what all files of a source end in.
fn file_ending(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let parts: Vec<&str> = name.split('.').collect();
    let compressed = matches!(parts.last(), Some(&("gz" | "zst" | "bz2" | "xz")));
    let keep = if compressed { 2 } else { 1 };
    parts[parts.len().saturating_sub(keep).max(1)..].join(".")
}

fn format_of(options: &SourceOptions) -> Result<(&'static dyn Connector, FileCompressionType), Diagnostic> {
    let (parts, compression) = compression_of(options.location.trim_end_matches('/'));
    let wanted = options.text("format").or_else(|| parts.last().copied().filter(|_| parts.len() > 1));
    let fits =
        |it: &&&dyn Connector| wanted.is_some_and(|wanted| it.name() == wanted || it.endings().contains(&wanted));
    match ALL.iter().find(fits) {
        Some(connector) => Ok((*connector, compression)),
        None => {
            let names: Vec<&str> = ALL.iter().map(|it| it.name()).chain([delta::NAME]).collect();
            let message = match wanted {
                Some(wanted) => format!("{} is in format `{wanted}`, which Arrowmill can't read", options.display),
                None => format!("the format of {} can't be told from `{}`", options.display, options.location),
            };
            Err(options.unreadable(message).help(format!("set `format` to one of: {}", names.join(", "))))
        }
    }
}

/// The parts of a file's name, without the one that tells how it is packed; and how it is.
fn compression_of(path: &str) -> (Vec<&str>, FileCompressionType) {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut parts: Vec<&str> = name.split('.').collect();
    let compression = match parts.last() {
        Some(&("gz" | "gzip")) => "gzip",
        Some(&("zst" | "zstd")) => "zstd",
        Some(&"bz2") => "bzip2",
        Some(&"xz") => "xz",
        _ => "",
    };
    if !compression.is_empty() {
        parts.pop();
    }
    (parts, FileCompressionType::from_str(compression).unwrap_or(FileCompressionType::UNCOMPRESSED))
}

pub(super) fn table_url(options: &SourceOptions, project: &Path) -> Result<ListingTableUrl, Diagnostic> {
    let location = &options.location;
    let full = if location.contains("://") {
        location.clone()
    } else {
        project.join(location.trim_start_matches("./")).to_string_lossy().into_owned()
    };
    parse(&full).map_err(|error| {
        options.unreadable(format!("`{location}` is no usable location of {}", options.display)).note(error.to_string())
    })
}

/// A location with its pattern. The engine knows patterns of this machine only; a web server lists nothing.
fn parse(location: &str) -> Result<ListingTableUrl, DataFusionError> {
    let remote = location.split_once("://").filter(|(scheme, _)| !["file", "http", "https"].contains(scheme));
    let split = remote.and_then(|_| {
        let first = location.find(['*', '?', '['])?;
        location[..first].rfind('/').map(|slash| location.split_at(slash + 1))
    });
    let Some((folder, pattern)) = split else { return ListingTableUrl::parse(location) };
    let url = Url::parse(folder).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let pattern = Pattern::new(pattern).map_err(|error| DataFusionError::External(Box::new(error)))?;
    ListingTableUrl::try_new(url, Some(pattern))
}

pub(super) async fn list(
    options: &SourceOptions,
    url: &ListingTableUrl,
    session: &dyn Session,
) -> Result<Vec<ObjectMeta>, Diagnostic> {
    let missing = || {
        Diagnostic::error(
            Code::MissingFile,
            format!("there are no files for {} at `{}`", options.display, options.location),
        )
        .at(options.place.clone())
        .help("check the path; it is relative to the project's folder")
    };
    let refused = |error: &DataFusionError| {
        error.to_string().contains("Permission denied").then(|| {
            let words = format!("no permission to read the files of {} at `{}`", options.display, options.location);
            Diagnostic::error(Code::UnreadableFile, words)
                .at(options.place.clone())
                .help("check the permissions of the files and of the folders above them")
        })
    };
    let unreachable = |error: &DataFusionError| {
        let is_here = url.scheme() == "file";
        let is_absent = matches!(error.find_root(), DataFusionError::ObjectStore(it) if matches!(it.as_ref(), object_store::Error::NotFound { .. }));
        (!is_here && !is_absent).then(|| {
            let words = format!("the files of {} at `{}` can't be listed", options.display, options.location);
            Diagnostic::error(Code::UnreadableSource, words)
                .at(options.place.clone())
                .note(cause(error))
                .help("credentials and endpoints come from the environment: `AWS_…`, `GOOGLE_…`, `AZURE_…`")
        })
    };
    let explain = |error: &DataFusionError| unreachable(error).or_else(|| refused(error)).unwrap_or_else(missing);
    let store = session.runtime_env().object_store(url).map_err(|error| match error.find_root() {
        DataFusionError::ObjectStore(_) => explain(&error),
        _ => options.unreadable(format!("the location of {} is of a kind that can't be read", options.display)),
    })?;
    let ending = if url.is_folder() { options.text("format").unwrap_or_default() } else { "" };
    let listed = url.list_all_files(session, store.as_ref(), ending).await;
    let mut files: Vec<ObjectMeta> = match listed {
        Ok(stream) => stream.try_collect().await.map_err(|error| explain(&error))?,
        Err(error) => return Err(explain(&error)),
    };
    files.sort_by(|a, b| a.location.cmp(&b.location));
    if files.is_empty() { Err(missing()) } else { Ok(files) }
}

/// The engine passes over empty files; a user wants to know of them. Unreadable ones it reports late and at length.
pub(super) fn report_unreadable_files(
    options: &SourceOptions,
    files: &[ObjectMeta],
    found: &mut Diagnostics,
) -> Result<(), Diagnostic> {
    if files.iter().all(|it| it.size == 0) {
        return Err(options
            .unreadable(format!("the file of {} at `{}` is empty", options.display, options.location))
            .help("an empty table has a header line, or is a Parquet file without rows"));
    }
    for file in files.iter().filter(|it| it.size == 0) {
        found.push(
            Diagnostic::warning(Code::UnreadableSource, format!("/{} of {} is empty", file.location, options.display))
                .at(options.place.clone()),
        );
    }
    Ok(())
}

/// Names of Hive partitions (`date=2026-01-01`) in the paths below the location.
fn partition_columns(url: &ListingTableUrl, files: &[ObjectMeta]) -> Vec<String> {
    let Some(file) = files.first() else { return Vec::new() };
    let Some(parts) = url.strip_prefix(&file.location) else { return Vec::new() };
    let parts: Vec<&str> = parts.collect();
    let folders = &parts[..parts.len().saturating_sub(1)];
    folders.iter().filter_map(|it| it.split_once('=')).map(|(name, _)| name.to_owned()).collect()
}

/// The columns that a source has: declared types win, and declared columns that are not there are reported.
pub(super) fn settle_schema(
    options: &SourceOptions,
    inferred: &SchemaRef,
    partitions: &[(String, DataType)],
    found: &mut Diagnostics,
) -> SchemaRef {
    let settle = |field: &Arc<Field>| {
        let declared = options.declared.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(field.name()));
        match declared {
            Some((_, Some(data_type), _)) => Arc::new(field.as_ref().clone().with_data_type(data_type.clone())),
            // A CSV column with nothing in it has no type; text is the least wrong.
            _ if field.data_type() == &DataType::Null => {
                Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8))
            }
            _ => Arc::clone(field),
        }
    };
    for (name, _, span) in &options.declared {
        let there = inferred.fields().iter().any(|it| it.name().eq_ignore_ascii_case(name));
        if !there && !partitions.iter().any(|(it, _)| it.eq_ignore_ascii_case(name)) {
            let names = inferred.fields().iter().map(|it| it.name().as_str());
            found.push(
                Diagnostic::error(
                    Code::UnknownColumn,
                    format!("{} has no column `{name}` in its files", options.display),
                )
                .at(span.clone())
                .help_if(closest(name, names.clone()), |it| format!("did you mean `{it}`?"))
                .note(format!("they have: {}", names.collect::<Vec<_>>().join(", "))),
            );
        }
    }
    Arc::new(Schema::new(inferred.fields().iter().map(settle).collect::<Vec<_>>()))
}

/// The innermost reason, without the names of the layers that it came through.
pub(super) fn cause(error: &DataFusionError) -> String {
    let text = error.find_root().strip_backtrace();
    let text = text.lines().map(str::trim).rfind(|it| !it.is_empty() && *it != "caused by").unwrap_or_default();
    let layers = ["Arrow", "Csv", "Execution", "External", "IO", "Io", "Json", "Parquet", "Parser"];
    let mut rest = text;
    while let Some(inner) = layers.iter().find_map(|it| rest.strip_prefix(it)?.strip_prefix(" error: ")) {
        rest = inner;
    }
    // `Expected 3 records, found 4 records at line 3`: the fields of a line, in truth.
    if let Some((expected, found)) = rest.split_once("Expected ").and_then(|(_, it)| it.split_once(", found "))
        && let (Some(expected), Some((found, line))) = (first_word(expected), found.split_once(" at "))
    {
        return format!("{line} has {} fields where {expected} are expected", first_word(found).unwrap_or(found));
    }
    let rest = rest.trim_end_matches('.').replace("Encountered UTF-8 error while reading CSV file: ", "");
    let mut characters = rest.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => rest,
    }
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}
