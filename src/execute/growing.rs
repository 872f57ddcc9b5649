//! Rows that come to a Delta table: only those files are written anew that hold rows which new ones take the place of.
//! What is then in the table is what the model's plan says (`plan/incremental.rs`): that looks at all rows at once, and each
//! row of a file that nothing touches stays as it is.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::exec_datafusion_err;
use datafusion::error::Result;
use object_store::path::Path;

use crate::diagnostics::Diagnostic;
use crate::execute::run::{Job, bound, in_place};
use crate::execute::steps::parts::{self, WritingParts};
use crate::execute::steps::rows::fetch;
use crate::execute::tables::Tables;
use crate::graph::Node;
use crate::plan::{self, Live, ModelPlan, SortOrder, Touched, open_files};
use crate::reuse::Digest;
use crate::warehouse::{DataFile, Record, StagedFile, nullable};

/// Files of so few rows are written together with what comes, once there are many.
const FEW_ROWS: u64 = 128 * 1024;
const MANY_FILES: usize = 16;

/// What a Delta table is going to consist of.
pub(super) struct Files {
    /// The files that are new.
    pub(super) staged: Vec<StagedFile>,
    /// All of them.
    pub(super) all: Vec<DataFile>,
}

impl Files {
    /// Only new ones.
    pub(super) fn new(staged: Vec<StagedFile>) -> Files {
        Files { all: staged.iter().map(|it| it.file.clone()).collect(), staged }
    }

    /// What all their rows are. Other files with the same rows may be told apart, and other rows always are.
    pub(super) fn digest(&self) -> Digest {
        let mut contents: Vec<&str> = self.all.iter().map(|it| it.content.as_str()).collect();
        contents.sort_unstable();
        Digest::texts("files", contents)
    }

    pub(super) fn rows(&self) -> u64 {
        self.all.iter().map(|it| it.rows).sum()
    }
}

/// What can't be done, or what the user has to mend.
pub(super) type Grown = Result<std::result::Result<Files, Diagnostic>>;

/// A table that grows, and what is there of it.
pub(super) struct Growing<'a> {
    pub(super) node: &'a Node,
    pub(super) model: &'a ModelPlan,
    /// Its record, where it is a Delta table already and rows come to it.
    pub(super) there: Option<&'a Record>,
}

/// The record of a node's table, where rows come to it file by file.
pub(super) fn there<'a>(job: &Job, node: &Node, record: Option<&'a Record>) -> Option<&'a Record> {
    let facts = &node.facts;
    let is_by_batches = facts.config.text("incremental_strategy") == Some("microbatch");
    let comes = job.late.growing.contains_key(&facts.id) && facts.materialized() == "incremental" && !is_by_batches;
    record.filter(|it| comes && it.delta.is_some())
}

/// Stages the files of a Delta table that are new.
pub(super) async fn stage(
    job: &Job,
    tables: &Tables,
    live: &Arc<dyn Live>,
    growing: &Growing<'_>,
    writing: &WritingParts<'_>,
) -> Grown {
    let Growing { node, model, there } = growing;
    let Some(record) = there else {
        return Ok(Ok(Files::new(parts::write(&bound(&model.plan, tables)?, writing).await?)));
    };
    let of = |label: &str| WritingParts { label: format!("{} {label}", writing.label), ..writing.clone() };
    let arrived = parts::write(&bound(&plan::arriving(model)?, tables)?, &of("arrived")).await?;
    let arrived: Vec<StagedFile> = arrived.into_iter().filter(|it| it.file.rows > 0).collect();
    let there = record.files();
    let schema = Arc::new(nullable(&model.schema));
    let touched = match touched(job, node, record, &arrived, &schema).await? {
        Ok(touched) => with_small_ones(touched, there, &arrived),
        Err(problem) => return Ok(Err(problem)),
    };
    let (again, kept): (Vec<_>, Vec<_>) = there.iter().enumerate().partition(|(at, _)| touched.contains(at));
    let of_numbers = |files: Vec<(usize, &DataFile)>| files.into_iter().map(|(_, it)| it.clone()).collect::<Vec<_>>();
    let (again, kept) = (of_numbers(again), of_numbers(kept));
    let staged = if again.is_empty() {
        arrived
    } else {
        let of_file = |it: &DataFile| job.warehouse.path_in_folder(&node.facts.relation, &it.name);
        let again: Vec<Path> = again.iter().map(of_file).collect();
        // With the columns that they have, which may be others than those that they are going to have.
        let existing = plan::existing_files(&job.session, &again, &[]).await?;
        let arrived = open(job, node, &[], &arrived, &schema)?;
        let plan = match in_place(|| job.late.rewritten(node, live, &existing, &arrived)) {
            Ok(plan) => plan,
            Err(problem) => return Ok(Err(problem)),
        };
        let written =
            parts::write(&bound(&plan, tables)?, &WritingParts { watch: Arc::new(|_| Ok(())), ..of("grown") }).await?;
        written.into_iter().filter(|it| it.file.rows > 0 || kept.is_empty()).collect()
    };
    let all = kept.into_iter().chain(staged.iter().map(|it| it.file.clone())).collect();
    Ok(Ok(Files { staged, all }))
}

/// The numbers of the files in which rows that have come take the place of others.
async fn touched(
    job: &Job,
    node: &Node,
    record: &Record,
    arrived: &[StagedFile],
    schema: &SchemaRef,
) -> Result<std::result::Result<Vec<usize>, Diagnostic>> {
    let there = record.files();
    if !has_columns_of(record, schema) {
        // Their columns are others now.
        return Ok(Ok((0..there.len()).collect()));
    }
    let opened = there.iter().map(|it| open(job, node, std::slice::from_ref(it), &[], schema));
    let opened = opened.collect::<Result<Vec<_>>>()?;
    match plan::touched(&node.facts, &opened, &open(job, node, &[], arrived, schema)?) {
        Ok(Touched::Asked(_)) if arrived.is_empty() => Ok(Ok(Vec::new())),
        Ok(touched) => Ok(Ok(numbers(job, touched, there.len()).await?)),
        Err(problem) => Ok(Err(problem)),
    }
}

/// Where the files of a table are, of which some are still staged.
pub(super) fn paths(job: &Job, node: &Node, files: &Files) -> Vec<Path> {
    let path = |it: &DataFile| match files.staged.iter().find(|staged| staged.file.name == it.name) {
        Some(staged) => Path::from(staged.path.as_str()),
        None => job.warehouse.path_in_folder(&node.facts.relation, &it.name),
    };
    files.all.iter().map(path).collect()
}

fn open(
    job: &Job,
    node: &Node,
    files: &[DataFile],
    staged: &[StagedFile],
    schema: &SchemaRef,
) -> Result<Arc<dyn TableProvider>> {
    let in_place = files.iter().map(|it| job.warehouse.path_in_folder(&node.facts.relation, &it.name));
    let paths: Vec<Path> = in_place.chain(staged.iter().map(|it| Path::from(it.path.as_str()))).collect();
    match paths.as_slice() {
        [] => Ok(Arc::new(datafusion::datasource::empty::EmptyTable::new(Arc::clone(schema)))),
        paths => open_files(paths, Arc::clone(schema), &SortOrder::new()),
    }
}

/// Whether a table has just these columns.
fn has_columns_of(record: &Record, schema: &Schema) -> bool {
    let wanted = schema.fields().iter().map(|it| (it.name().clone(), it.data_type().to_string()));
    record.columns.iter().map(|it| (it.name.clone(), it.data_type.clone())).eq(wanted)
}

async fn numbers(job: &Job, touched: Touched, files: usize) -> Result<Vec<usize>> {
    let plan = match touched {
        Touched::None => return Ok(Vec::new()),
        Touched::All => return Ok((0..files).collect()),
        Touched::Asked(plan) => plan,
    };
    let rows = fetch(&job.session, &plan, None).await?;
    let mut numbers = Vec::new();
    for batch in &rows.batches {
        for number in batch.column(0).as_primitive::<Int64Type>().iter().flatten() {
            numbers.push(usize::try_from(number).map_err(|_| exec_datafusion_err!("a file has number {number}"))?);
        }
    }
    Ok(numbers)
}

/// Files of few rows, too, once there are many of them.
fn with_small_ones(mut touched: Vec<usize>, there: &[DataFile], arrived: &[StagedFile]) -> Vec<usize> {
    let small: Vec<usize> = there.iter().enumerate().filter(|(_, it)| it.rows < FEW_ROWS).map(|(at, _)| at).collect();
    if small.len() >= MANY_FILES && !arrived.is_empty() {
        touched.extend(small);
    }
    touched
}
