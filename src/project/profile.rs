//! `profiles.yml`: named targets. Optional: without one, an embedded default target writes below the project.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, Span, closest};
use crate::project::yaml::{Yaml, YamlFile};
use crate::project::{Json, RenderText};

/// Whose SQL the project is written in. Decides parsing and the meaning of what the dialects disagree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// DataFusion's own.
    #[default]
    DataFusion,
    /// DuckDB's.
    DuckDb,
    /// PostgreSQL's.
    Postgres,
}

impl Dialect {
    const NAMES: [(&'static str, Dialect); 3] =
        [("datafusion", Dialect::DataFusion), ("duckdb", Dialect::DuckDb), ("postgres", Dialect::Postgres)];

    fn from_name(name: &str) -> Option<Dialect> {
        Self::NAMES.into_iter().find(|(it, _)| *it == name).map(|(_, dialect)| dialect)
    }
}

/// Where and how a project runs.
#[derive(Debug, Clone)]
pub struct Target {
    /// The profile's name.
    pub profile: String,
    /// The target's name: `dev`, `prod`, …
    pub name: String,
    /// The adapter type that macros dispatch on: `datafusion`, or what another tool's target says.
    pub kind: String,
    /// The SQL dialect.
    pub dialect: Dialect,
    /// Root of the warehouse, as a folder or URL.
    pub warehouse: String,
    /// The database (catalog) of relations that name none.
    pub database: String,
    /// The schema of relations that name none.
    pub schema: String,
    /// How many nodes run side by side.
    pub threads: usize,
    /// Bytes that the engine may hold before it spills; `None` for a share of the machine's memory.
    pub memory_limit: Option<u64>,
    /// Everything that the target says, for `{{ target }}`.
    pub raw: serde_json::Map<String, Json>,
}

impl Target {
    /// The target of a project without profile.
    pub fn embedded(profile: &str) -> Target {
        let raw = serde_json::Map::from_iter([("type".to_owned(), Json::from("datafusion"))]);
        Target {
            profile: profile.to_owned(),
            name: "dev".to_owned(),
            kind: "datafusion".to_owned(),
            dialect: Dialect::DataFusion,
            warehouse: "data/warehouse".to_owned(),
            database: "warehouse".to_owned(),
            schema: "main".to_owned(),
            threads: 4,
            memory_limit: None,
            raw,
        }
    }
}

/// A read `profiles.yml`.
pub struct Profiles {
    file: YamlFile,
    path: String,
}

impl Profiles {
    /// Parses the file; which target is wanted is asked later.
    pub fn read(source: &Arc<SourceText>, found: &mut Diagnostics) -> Option<Profiles> {
        let path = source.path.clone();
        YamlFile::parse(source, found).map(|file| Profiles { file, path })
    }

    /// Whether the file has this profile.
    pub fn has(&self, profile: &str) -> bool {
        self.file.root().get(profile).is_some()
    }

    /// The wanted target of the wanted profile.
    pub fn target(
        &self,
        profile: &str,
        target: Option<&str>,
        asked_at: Option<Span>,
        render: &dyn RenderText,
        found: &mut Diagnostics,
    ) -> Option<Target> {
        let root = self.file.root();
        let Some(yaml) = root.get(profile) else {
            let names: Vec<_> =
                root.entries().into_iter().map(|(key, _)| key.value).filter(|it| it != "config").collect();
            found.push(
                Diagnostic::error(Code::Profile, format!("Could not find profile named '{profile}'"))
                    .at_if(asked_at)
                    .help_if(closest(profile, names.iter().map(String::as_str)), |it| format!("did you mean `{it}`?"))
                    .note(format!("{} has: {}", self.path, names.join(", "))),
            );
            return None;
        };
        let written = yaml.get("target");
        let default = match written {
            Some(it) => it.rendered(render, found).as_str().map(str::to_owned),
            None => None,
        };
        let name = target.map(str::to_owned).or(default).unwrap_or_else(|| "default".to_owned());
        let outputs = yaml.get("outputs");
        let Some(output) = outputs.and_then(|it| it.get(&name)) else {
            let names: Vec<_> = outputs.into_iter().flat_map(|it| it.entries()).map(|(key, _)| key.value).collect();
            found.push(
                Diagnostic::error(
                    Code::Profile,
                    format!("The profile '{profile}' does not have a target named '{name}'."),
                )
                .at(written.filter(|_| target.is_none()).or(outputs).unwrap_or(yaml).span())
                .help_if(closest(&name, names.iter().map(String::as_str)), |it| format!("did you mean `{it}`?"))
                .note(format!("it has: {}", names.join(", "))),
            );
            return None;
        };
        let raw = match output.rendered(render, found) {
            Json::Object(raw) => raw,
            _ => {
                found.push(output.wrong_kind(&name, "a mapping"));
                return None;
            }
        };
        read_target(profile, &name, output, raw, found)
    }
}

fn read_target(
    profile: &str,
    name: &str,
    yaml: Yaml<'_>,
    raw: serde_json::Map<String, Json>,
    found: &mut Diagnostics,
) -> Option<Target> {
    let embedded = Target::embedded(profile);
    let text = |key: &str| raw.get(key).and_then(Json::as_str).map(str::to_owned);
    let Some(kind) = text("type") else {
        found.push(
            Diagnostic::error(Code::MissingKey, format!("target `{name}` has no `type`"))
                .at(yaml.span())
                .help("add `type: datafusion`"),
        );
        return None;
    };
    let place = |key: &str| yaml.get(key).map(|it| it.span());
    let dialect_name = text("dialect").unwrap_or_else(|| kind.clone());
    let Some(dialect) = Dialect::from_name(&dialect_name) else {
        let names = Dialect::NAMES.map(|(it, _)| it);
        found.push(
            Diagnostic::error(
                Code::Profile,
                format!("target `{name}` is of type `{dialect_name}`, which Arrowmill doesn't speak"),
            )
            .at_if(place("dialect").or(place("type")))
            .help_if(closest(&dialect_name, names), |it| format!("did you mean `{it}`?"))
            .note(format!("it speaks: {}", names.join(", "))),
        );
        return None;
    };
    let memory_limit = match raw.get("memory_limit") {
        None | Some(Json::Null) => None,
        Some(value) => {
            let bytes = value.as_u64().or_else(|| value.as_str().and_then(parse_bytes));
            if bytes.is_none_or(|it| it == 0) {
                found.push(
                    Diagnostic::error(
                        Code::WrongValue,
                        format!("`memory_limit` must be a size such as `4GiB`, but is {value}"),
                    )
                    .at_if(place("memory_limit")),
                );
            }
            bytes
        }
    };
    let threads = match raw.get("threads") {
        None | Some(Json::Null) => embedded.threads,
        Some(value) => {
            // A value from an environment variable is text.
            let number = value.as_u64().or_else(|| value.as_str().and_then(|it| it.parse().ok())).filter(|it| *it > 0);
            if number.is_none() {
                found.push(
                    Diagnostic::error(
                        Code::WrongValue,
                        format!("`threads` must be a whole number above 0, but is {value}"),
                    )
                    .at_if(place("threads")),
                );
            }
            number.and_then(|it| usize::try_from(it).ok()).unwrap_or(embedded.threads)
        }
    };
    let is_ours = kind == "datafusion";
    // dbt-duckdb names the database after its file.
    let file_stem = |path: String| crate::files::stem(&path).to_owned();
    let database = text("database")
        .or_else(|| text("dbname"))
        .or_else(|| text("path").filter(|it| !is_ours && !it.contains(':')).map(file_stem))
        .unwrap_or(if is_ours { embedded.database } else { "memory".to_owned() });
    Some(Target {
        profile: profile.to_owned(),
        name: name.to_owned(),
        dialect,
        warehouse: text("warehouse").unwrap_or(embedded.warehouse),
        database,
        schema: text("schema").unwrap_or(embedded.schema),
        threads,
        memory_limit,
        raw,
        kind,
    })
}

/// Bytes from `4GiB`, `512 MB`, `1000000`; decimal and binary units as IEC 80000-13 has them.
pub(crate) fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let factor: f64 = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" | "k" => 1e3,
        "mb" | "m" => 1e6,
        "gb" | "g" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number * factor;
    // Above 2^53 a float is no longer exact, and no machine has that much.
    (bytes.is_finite() && bytes < 9e15).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::parse_bytes;

    #[test]
    fn sizes() {
        assert_eq!(parse_bytes("4GiB"), Some(4 << 30));
        assert_eq!(parse_bytes("1.5 kb"), Some(1500));
        assert_eq!(parse_bytes("12"), Some(12));
        assert_eq!(parse_bytes("lots"), None);
    }
}
