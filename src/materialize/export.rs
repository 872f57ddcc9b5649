//! Where and how a table of `materialized: external` is written beside the warehouse: `location`, `format`, `delimiter`,
//! `partition_by` and `options` of its configuration. Reads configuration only.

use crate::diagnostics::{Code, Diagnostic, closest};
use crate::parse::NodeFacts;
use crate::project::{Json, Target};

/// A format that tables are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Text with a header.
    Csv,
    /// An object a line.
    Json,
    /// Parquet.
    Parquet,
}

impl ExportFormat {
    const NAMES: [(&'static str, ExportFormat); 3] =
        [("csv", ExportFormat::Csv), ("json", ExportFormat::Json), ("parquet", ExportFormat::Parquet)];

    fn named(name: &str) -> Option<ExportFormat> {
        Self::NAMES.into_iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, format)| format)
    }
}

/// What is written, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// A file, or with partitions a folder; relative to the project, or absolute.
    pub location: String,
    /// Its format.
    pub format: ExportFormat,
    /// `gzip` or `zstd`, where the text is compressed.
    pub compression: Option<&'static str>,
    /// What stands between the fields of CSV.
    pub delimiter: String,
    /// Whether CSV has a header.
    pub header: bool,
    /// Columns whose values are folders: `key=value`.
    pub partition_by: Vec<String>,
}

impl Export {
    /// What a model's configuration says.
    ///
    /// # Errors
    /// Values that can't be followed, at their place.
    pub fn read(facts: &NodeFacts, target: &Target) -> Result<Export, Diagnostic> {
        let config = &facts.config;
        let option = |key: &str| {
            let found = config.get("options").and_then(|it| it.get(key)).or_else(|| config.get(key));
            found.filter(|it| !it.is_null())
        };
        let text = |key: &str| option(key).map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
        let wrong = |key: &str, words: String| {
            let place = facts.place_of_config(key);
            Diagnostic::error(Code::WrongValue, format!("{}: {words}", facts.display())).at(place)
        };
        let given = config.text("location").map(|it| it.trim().trim_matches('\'').to_owned());
        let (stem, compression) = match given.as_deref() {
            Some(path) if path.ends_with(".gz") => (path.trim_end_matches(".gz"), Some("gzip")),
            Some(path) if path.ends_with(".zst") => (path.trim_end_matches(".zst"), Some("zstd")),
            Some(path) => (path, None),
            None => ("", None),
        };
        let of_ending = || {
            let name = stem.rsplit('/').next().unwrap_or(stem);
            name.rsplit_once('.').and_then(|(_, ending)| ExportFormat::named(ending))
        };
        let format = match text("format") {
            Some(name) => ExportFormat::named(&name).ok_or_else(|| {
                let names = ExportFormat::NAMES.map(|(it, _)| it);
                wrong("format", format!("Invalid format: {name}. Allowed formats are: {}", names.join(", ")))
                    .help_if(closest(&name, names), |it| format!("did you mean `{it}`?"))
            })?,
            None => of_ending().unwrap_or(match text("delimiter") {
                Some(_) => ExportFormat::Csv,
                None => ExportFormat::Parquet,
            }),
        };
        let partition_by = match option("partition_by") {
            Some(Json::Array(names)) => names.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
            Some(Json::String(names)) => {
                let names = names.trim_matches(['(', ')']).split(',').map(|it| it.trim().to_owned());
                names.filter(|it| !it.is_empty()).collect()
            }
            _ => Vec::new(),
        };
        let location = given.unwrap_or_else(|| {
            let root = target.raw.get("external_root").and_then(Json::as_str).unwrap_or(".");
            let name = &facts.relation.identifier;
            let ending = ExportFormat::NAMES.into_iter().find(|(_, it)| *it == format).map_or("parquet", |(it, _)| it);
            if partition_by.is_empty() { format!("{root}/{name}.{ending}") } else { format!("{root}/{name}") }
        });
        if location.contains("://") && !location.starts_with("file://") {
            let words = format!("`{location}` is no folder of this machine, and tables are written to no other place");
            return Err(wrong("location", words));
        }
        let delimiter = text("delimiter").unwrap_or_else(|| ",".to_owned());
        if delimiter.len() != 1 {
            return Err(wrong("delimiter", format!("`delimiter` must be one character, but is `{delimiter}`")));
        }
        let header = !matches!(option("header"), Some(Json::Bool(false)) | Some(Json::Number(_)))
            || option("header").and_then(Json::as_u64) == Some(1);
        let compression = compression.filter(|_| format != ExportFormat::Parquet);
        let location = location.trim_start_matches("file://").to_owned();
        Ok(Export { location, format, compression, delimiter, header, partition_by })
    }
}
