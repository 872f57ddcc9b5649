//! Snapshots: `{% snapshot name %} … {% endsnapshot %}` blocks in SQL files, and entries of properties files that name
//! a `relation`. What they are configured to do is checked here, as dbt's `SnapshotConfig.final_validate` does.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, Span, closest};
use crate::project::{Config, Json};

/// How a snapshot notices that a row has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// A column says when.
    Timestamp {
        /// The column, or an expression.
        updated_at: String,
    },
    /// Columns are compared; `None`: all of them.
    Check {
        /// The columns.
        columns: Option<Vec<String>>,
        /// What counts as the time of a change, where something is said.
        updated_at: Option<String>,
    },
    /// A macro `snapshot_<name>_strategy` of the project decides.
    Custom(String),
}

/// What happens to rows that the query no longer gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HardDeletes {
    /// They stay as they are.
    #[default]
    Ignore,
    /// They end when the snapshot is taken.
    Invalidate,
    /// They end, and a new row says that they are gone.
    NewRecord,
}

/// What only snapshots have. Filled in when its configuration is complete.
#[derive(Debug, Clone)]
pub struct SnapshotFacts {
    /// How changes are noticed; `None` after a mistake, which was reported.
    pub strategy: Option<Strategy>,
    /// The columns that tell rows from one another.
    pub unique_key: Vec<String>,
    /// What happens to rows that are gone.
    pub hard_deletes: HardDeletes,
    /// An SQL expression that stands for 'still valid' instead of null.
    pub valid_to_current: Option<String>,
    /// The names of its own columns.
    pub columns: SnapshotColumns,
    /// The text of its query, as dbt's `raw_code`.
    pub raw_code: String,
}

/// Names of the columns that a snapshot adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotColumns {
    /// Identity of a version of a row.
    pub scd_id: String,
    /// When that version changed.
    pub updated_at: String,
    /// From when on it held.
    pub valid_from: String,
    /// Until when it held.
    pub valid_to: String,
    /// Whether it says that the row is gone; only with `hard_deletes: new_record`.
    pub is_deleted: String,
}

impl SnapshotFacts {
    /// A snapshot whose configuration is not known yet.
    pub(crate) fn unread(raw_code: String) -> SnapshotFacts {
        SnapshotFacts {
            strategy: None,
            unique_key: Vec::new(),
            hard_deletes: HardDeletes::default(),
            valid_to_current: None,
            columns: column_names(&Config::default()),
            raw_code,
        }
    }

    /// Reads the complete configuration. Every mistake is reported; `place` stands for what has none.
    pub(super) fn read(
        raw_code: String,
        name: &str,
        config: &Config,
        place: &Span,
        found: &mut Diagnostics,
    ) -> SnapshotFacts {
        let at = |key: &str| config.place(key).unwrap_or_else(|| place.clone());
        let unique_key = texts(config.get("unique_key"));
        if unique_key.is_empty() {
            found.push(
                Diagnostic::error(Code::MissingKey, format!("snapshot `{name}` has no `unique_key`"))
                    .at(at("unique_key"))
                    .help("say which column tells its rows apart: `unique_key: id`"),
            );
        }
        SnapshotFacts {
            strategy: strategy(name, config, &at, found),
            unique_key,
            hard_deletes: hard_deletes(name, config, &at, found),
            valid_to_current: config.text("dbt_valid_to_current").map(str::to_owned),
            columns: column_names(config),
            raw_code,
        }
    }
}

fn texts(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::String(text)) => vec![text.clone()],
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn strategy(name: &str, config: &Config, at: &dyn Fn(&str) -> Span, found: &mut Diagnostics) -> Option<Strategy> {
    let missing =
        |key: &str, why: &str| Diagnostic::error(Code::MissingKey, format!("snapshot `{name}` has no `{key}`{why}"));
    let updated_at = config.text("updated_at").map(str::to_owned);
    match config.text("strategy") {
        None => {
            found.push(
                missing("strategy", "").at(at("strategy")).help(
                    "write `strategy: timestamp` and `updated_at: …`, or `strategy: check` and `check_cols: all`",
                ),
            );
            None
        }
        Some("timestamp") => {
            if config.get("check_cols").is_some() {
                found.push(
                    Diagnostic::error(
                        Code::WrongValue,
                        format!("snapshot `{name}` has `check_cols`, but its strategy is `timestamp`"),
                    )
                    .at(at("check_cols"))
                    .help("leave `check_cols` away, or write `strategy: check`"),
                );
            }
            if updated_at.is_none() {
                let problem = missing("updated_at", ", which the strategy `timestamp` needs");
                found.push(problem.at(at("strategy")).help("name the column that says when a row has changed"));
            }
            updated_at.map(|updated_at| Strategy::Timestamp { updated_at })
        }
        Some("check") => match config.get("check_cols") {
            Some(Json::String(all)) if all == "all" => Some(Strategy::Check { columns: None, updated_at }),
            Some(list @ Json::Array(items)) if !items.is_empty() => {
                Some(Strategy::Check { columns: Some(texts(Some(list))), updated_at })
            }
            Some(other) => {
                found.push(
                    Diagnostic::error(
                        Code::WrongValue,
                        format!("`check_cols` must be `all` or a list of columns, but is `{other}`"),
                    )
                    .at(at("check_cols")),
                );
                None
            }
            None => {
                let problem = missing("check_cols", ", which the strategy `check` needs");
                found.push(problem.at(at("strategy")).help("write `check_cols: all`, or list the columns to compare"));
                None
            }
        },
        Some(custom) => Some(Strategy::Custom(custom.to_owned())),
    }
}

fn hard_deletes(name: &str, config: &Config, at: &dyn Fn(&str) -> Span, found: &mut Diagnostics) -> HardDeletes {
    let names = ["ignore", "invalidate", "new_record"];
    let old = config.flag("invalidate_hard_deletes");
    match (config.text("hard_deletes"), old) {
        (Some(_), Some(_)) => {
            found.push(
                Diagnostic::error(
                    Code::WrongValue,
                    format!("snapshot `{name}` has both `hard_deletes` and `invalidate_hard_deletes`"),
                )
                .at(at("invalidate_hard_deletes"))
                .help("leave `invalidate_hard_deletes` away"),
            );
            HardDeletes::Ignore
        }
        (Some("ignore"), _) | (None, Some(false) | None) => HardDeletes::Ignore,
        (Some("invalidate"), _) | (None, Some(true)) => HardDeletes::Invalidate,
        (Some("new_record"), _) => HardDeletes::NewRecord,
        (Some(other), _) => {
            found.push(
                Diagnostic::error(Code::WrongValue, format!("there is no `hard_deletes: {other}`"))
                    .at(at("hard_deletes"))
                    .help_if(closest(other, names), |it| format!("did you mean `{it}`?"))
                    .note(format!("there are {}", names.join(", "))),
            );
            HardDeletes::Ignore
        }
    }
}

fn column_names(config: &Config) -> SnapshotColumns {
    let named = config.get("snapshot_meta_column_names");
    let name = |key: &str| named.and_then(|it| it.get(key)).and_then(Json::as_str).unwrap_or(key).to_owned();
    SnapshotColumns {
        scd_id: name("dbt_scd_id"),
        updated_at: name("dbt_updated_at"),
        valid_from: name("dbt_valid_from"),
        valid_to: name("dbt_valid_to"),
        is_deleted: name("dbt_is_deleted"),
    }
}

/// A block of a file.
pub(super) struct Block {
    pub(super) name: String,
    /// The file's text with everything outside of the block blank, so that places stay those of the file.
    pub(super) source: Arc<SourceText>,
    pub(super) raw_code: String,
    /// Where its name is written.
    pub(super) span: Span,
}

#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below uses it")]
static BLOCK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?s)\{%[-+]?(?-u:\s*)snapshot(?-u:\s+(\w+)\s*)[-+]?%\}(.*?)\{%[-+]?(?-u:\s*)endsnapshot(?-u:\s*)[-+]?%\}",
    )
    .unwrap()
});
#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below uses it")]
static OPENING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)\{%[-+]?\s*snapshot\s+\w+").unwrap());

/// The snapshot blocks of a file.
pub(super) fn blocks(source: &Arc<SourceText>, found: &mut Diagnostics) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut end = 0;
    for block in BLOCK.captures_iter(&source.text) {
        let (Some(whole), Some(name), Some(code)) = (block.get(0), block.get(1), block.get(2)) else { continue };
        end = whole.end();
        let text = blank(&source.text, code.range());
        // Templates are known by their path: a second one in a file needs a path of its own.
        let path = match blocks.is_empty() {
            true => source.path.clone(),
            false => format!("{} ({})", source.path, name.as_str()),
        };
        blocks.push(Block {
            name: name.as_str().to_owned(),
            source: SourceText::new(path, text),
            raw_code: code.as_str().to_owned(),
            span: Span::new(source, name.range()),
        });
    }
    if let Some(open) = OPENING.find_at(&source.text, end) {
        found.push(
            Diagnostic::error(Code::BadJinja, "a snapshot block is never closed")
                .at(Span::new(source, open.range()))
                .help("end it with `{% endsnapshot %}`"),
        );
    }
    blocks
}

fn blank(text: &str, keep: std::ops::Range<usize>) -> String {
    let outside = |part: &str| -> String { part.bytes().map(|it| if it == b'\n' { '\n' } else { ' ' }).collect() };
    format!("{}{}{}", outside(&text[..keep.start]), &text[keep.clone()], outside(&text[keep.end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_keep_their_places() {
        let text =
            "-- é\n{% snapshot one %}select 1{% endsnapshot %}\n{%- snapshot two -%} select 2 {%- endsnapshot -%}";
        let source = SourceText::new("snapshots/s.sql", text);
        let mut found = Diagnostics::new();
        let blocks = blocks(&source, &mut found);
        assert!(!found.has_errors());
        assert_eq!(blocks.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(blocks[0].source.text.find("select 1"), text.find("select 1"));
        assert_eq!((blocks[1].raw_code.trim(), blocks[1].source.text.len()), ("select 2", text.len()));
        assert!(blocks[1].source.path.ends_with("(two)"));
    }

    #[test]
    fn an_open_block_is_reported() {
        let mut found = Diagnostics::new();
        assert!(blocks(&SourceText::new("s.sql", "{% snapshot a %}select 1"), &mut found).is_empty());
        assert!(found.iter().next().unwrap().message.contains("never closed"));
    }

    fn read(yaml: &[(&str, Json)]) -> (SnapshotFacts, Vec<String>) {
        let mut config = Config::default();
        for (key, value) in yaml {
            config.set(key, value.clone(), None);
        }
        let mut found = Diagnostics::new();
        let place = Span::file(&SourceText::new("s.sql", ""));
        let facts = SnapshotFacts::read(String::new(), "s", &config, &place, &mut found);
        (facts, found.iter().map(|it| it.message.clone()).collect())
    }

    #[test]
    fn configurations() {
        let (facts, found) =
            read(&[("strategy", "check".into()), ("unique_key", "id".into()), ("check_cols", "all".into())]);
        assert!(found.is_empty());
        assert_eq!(facts.strategy, Some(Strategy::Check { columns: None, updated_at: None }));
        let (facts, found) = read(&[("strategy", "timestamp".into()), ("hard_deletes", "new".into())]);
        assert_eq!(facts.strategy, None);
        assert_eq!(
            found,
            [
                "snapshot `s` has no `unique_key`",
                "snapshot `s` has no `updated_at`, which the strategy `timestamp` needs",
                "there is no `hard_deletes: new`"
            ]
        );
    }
}
