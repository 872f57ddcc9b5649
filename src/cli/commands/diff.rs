//! `diff`: what two versions of a table do not have in common.

use std::path::Path as FilePath;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use object_store::ObjectStoreExt;
use object_store::path::Path;

use super::versions;
use crate::cli::arguments::DiffOutput;
use crate::cli::prepare::Loaded;
use crate::cli::{Exit, Settings, Stop, named, prepare};
use crate::diagnostics::closest;
use crate::differences;
use crate::execute::{self, Common, Compared};
use crate::graph::Node;
use crate::materialize::Existing;
use crate::plan::{self, Session};
use crate::warehouse::{RecordKind, Warehouse};

/// What is compared with what.
pub(super) struct Wanted<'a> {
    /// A version or a file, instead of the version before.
    pub(super) against: Option<&'a str>,
    /// What was held back from publishing, instead of what is in place.
    pub(super) staged: bool,
    /// The columns that tell rows apart, instead of those that the project names.
    pub(super) key: &'a [String],
}

/// Where tables are, and what reads them.
struct Around<'a> {
    settings: &'a Settings,
    warehouse: &'a Warehouse,
    session: &'a Session,
    node: &'a Node,
}

pub(super) fn run(settings: &Settings, name: &str, wanted: &Wanted<'_>, output: DiffOutput) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let node = named::relation(settings, &mut loaded, name)?.clone();
    let warehouse = prepare::warehouse(settings, &loaded.project)?;
    let spill = prepare::spill_folder(settings, &loaded.project)?;
    let session = prepare::session(&loaded.project, Some(&spill), &Arc::default())?;
    let found = prepare::runtime()?.block_on(async {
        prepare::recover(settings, &loaded, &warehouse).await?;
        let around = Around { settings, warehouse: &warehouse, session: &session, node: &node };
        let to = if wanted.staged { around.held_back().await? } else { around.in_place().await? };
        let from = match wanted.against {
            Some(text) => around.named(text).await?,
            None if wanted.staged => around.in_place().await?,
            None => around.version(None).await?,
        };
        let (_, common) = execute::columns(&from.table.schema(), &to.table.schema());
        let key = match wanted.key {
            [] => declared_key(&loaded, &node, &common),
            key => given_key(key, &common, &to.table.schema())?,
        };
        let model = node.facts.full_name();
        let found = execute::differences(&session, &model, (from, to), &key).await;
        found.map_err(|error| {
            let facts = &node.facts;
            let problem = plan::explain_execution(&error, &facts.display(), &facts.span);
            settings.console.diagnostics(&[problem].into_iter().collect());
            Stop::Reported
        })
    })?;
    let text = match output {
        DiffOutput::Table => found.to_table(),
        DiffOutput::Json => serde_json::to_string(&found).map_err(Stop::outside)?,
        DiffOutput::Markdown => found.to_markdown(),
    };
    settings.console.print(&text);
    // As diff(1): 0 where there is no difference, 1 where there is one, 2 where nobody can tell.
    Ok(if found.equal { Exit::Success } else { Exit::Failed })
}

impl Around<'_> {
    async fn in_place(&self) -> Result<Compared, Stop> {
        let facts = &self.node.facts;
        match self.warehouse.existing(&facts.relation).await {
            (Existing::Table, Some(record)) => {
                let name = match record.number {
                    0 => "in place".to_owned(),
                    number => format!("version {number}, in place"),
                };
                self.open(name, &self.warehouse.data_files(&facts.relation, &record)).await
            }
            (Existing::View, _) => Err(self.is_view()),
            (Existing::Absent | Existing::Table | Existing::Unknown, _) => {
                let words = format!("{} is not in the warehouse", facts.display());
                Err(Stop::Outside(format!("{words}; make it first: `arrowmill run --select {}`", facts.name)))
            }
        }
    }

    async fn held_back(&self) -> Result<Compared, Stop> {
        let facts = &self.node.facts;
        match self.warehouse.aside(&facts.relation).await {
            Some(record) if record.kind == RecordKind::View => Err(self.is_view()),
            Some(record) => {
                let files = self.warehouse.aside_files(&facts.relation, &record).await;
                self.open("held back".to_owned(), &files).await
            }
            None => Err(Stop::Outside(format!("nothing of {} was held back from publishing", facts.display()))),
        }
    }

    fn is_view(&self) -> Stop {
        Stop::Outside(format!("{} is a view, which has no rows of its own to compare", self.node.facts.display()))
    }

    async fn version(&self, number: Option<u64>) -> Result<Compared, Stop> {
        let record = versions::find(self.warehouse, &self.node.facts, number).await?;
        let files = self.warehouse.version_files(&self.node.facts.relation, &record);
        self.open(format!("version {}", record.number), &files).await
    }

    /// What `--against` names: the number of a version, or a file.
    async fn named(&self, text: &str) -> Result<Compared, Stop> {
        if let Ok(number) = text.parse() {
            return self.version(Some(number)).await;
        }
        let path = self.settings.current_folder.join(text);
        let looks_like_file = FilePath::new(text).extension().is_some() || text.contains('/');
        let path = Path::from_absolute_path(&path).map_err(Stop::outside)?;
        match self.warehouse.location().store.head(&path).await {
            Ok(_) => self.open(text.to_owned(), &[path]).await,
            Err(_) if looks_like_file => Err(Stop::Outside(format!("there is no file {text}"))),
            Err(_) => {
                Err(Stop::Outside(format!("`--against` takes a version's number or a Parquet file, but is `{text}`")))
            }
        }
    }

    async fn open(&self, name: String, files: &[Path]) -> Result<Compared, Stop> {
        let table: Result<Arc<dyn TableProvider>, _> = plan::existing_files(self.session, files, &[]).await;
        let table = table.map_err(|_| Stop::Outside(format!("{name}: the file can't be read as Parquet")))?;
        Ok(Compared { name, table })
    }
}

/// The first key of the project whose columns both tables have.
fn declared_key(loaded: &Loaded, node: &Node, common: &[Common]) -> Vec<String> {
    let keys = differences::keys(&loaded.graph, &node.facts);
    let known = |key: Vec<String>| key.iter().map(|it| common_name(it, common)).collect::<Option<Vec<String>>>();
    keys.into_iter().find_map(known).unwrap_or_default()
}

fn common_name(name: &str, common: &[Common]) -> Option<String> {
    let unquoted = name.trim().trim_matches('"');
    common.iter().find(|it| it.name.eq_ignore_ascii_case(unquoted)).map(|it| it.name.clone())
}

fn given_key(key: &[String], common: &[Common], schema: &SchemaRef) -> Result<Vec<String>, Stop> {
    let names: Vec<&str> = key.iter().flat_map(|it| it.split(',')).map(str::trim).filter(|it| !it.is_empty()).collect();
    let known = |name: &&str| {
        common_name(name, common).ok_or_else(|| {
            if schema.fields().iter().any(|it| it.name().eq_ignore_ascii_case(name)) {
                let words =
                    format!("column `{name}` of `--key` can't tell rows apart: the other table has it not, or ");
                return Stop::Outside(words + "with a type that can't be compared");
            }
            let near = closest(name, common.iter().map(|it| it.name.as_str()));
            let meant = near.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
            Stop::Outside(format!("there is no column `{name}`, which `--key` names{meant}"))
        })
    };
    names.iter().map(known).collect()
}
