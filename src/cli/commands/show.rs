//! `show`: rows of a model or of a query.

use std::sync::Arc;

use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;

use crate::cli::arguments::{Selecting, ShowOutput};
use crate::cli::prepare::{self, Loaded, Planned, Purpose};
use crate::cli::settings::inline_source;
use crate::cli::{Exit, Settings, Stop};
use crate::diagnostics::{Diagnostics, Span};
use crate::execute::{self, Rows, Tables};
use crate::graph;
use crate::jinja::{Phase, Scope};
use crate::parse::{ModelFacts, NodeFacts, NodeId, NodeKind, ParsedNode, ResourceType};
use crate::plan::{self, bind, explain_execution};
use crate::project::Config;
use crate::warehouse::RecordKind;

/// The name of the node that an inline query becomes.
const INLINE: &str = "inline_query";

/// What is to be shown.
pub(super) struct What<'a> {
    /// A model,
    pub(super) selecting: &'a Selecting,
    /// or a query,
    pub(super) inline: Option<&'a str>,
    /// or what was laid aside of the model.
    pub(super) staged: bool,
}

pub(super) fn run(settings: &Settings, what: &What<'_>, limit: i64, output: ShowOutput) -> Result<Exit, Stop> {
    let selecting = what.selecting;
    let mut loaded = prepare::load(settings)?;
    let id = match what.inline {
        Some(sql) => add_inline(&mut loaded, sql)?,
        None => {
            let types = [ResourceType::Analysis, ResourceType::Model, ResourceType::Seed, ResourceType::Test];
            let mut chosen = prepare::choose(settings, &mut loaded, selecting, &types)?;
            // A model's tests come along in a selection; what is shown is the model.
            let is_test =
                |id: &NodeId| loaded.graph.get(id).is_some_and(|it| matches!(it.facts.kind, NodeKind::Test(_)));
            if chosen.iter().any(|it| !is_test(it)) {
                chosen.retain(|it| !is_test(it));
            }
            match (selecting.select.is_empty(), chosen.as_slice()) {
                (false, [id]) => id.clone(),
                (false, []) => {
                    prepare::report(settings, loaded.found)?;
                    return Err(Stop::Reported);
                }
                (false, several) => {
                    return Err(Stop::Outside(format!("`show` takes one node, but {} are selected", several.len())));
                }
                (true, _) => {
                    return Err(Stop::Outside(
                        "say what to show: `--select model` or `--inline 'select …'`".to_owned(),
                    ));
                }
            }
        }
    };
    let limit = usize::try_from(limit).ok();
    let runtime = prepare::runtime()?;
    let rows = match what.staged {
        true => runtime.block_on(fetch_laid_aside(settings, &loaded, &id, limit))?,
        false => runtime.block_on(fetch(settings, loaded, &id, limit))?,
    };
    let text = match output {
        ShowOutput::Table => rows.to_table(),
        ShowOutput::Csv => rows.to_csv(),
        ShowOutput::Json => rows.to_json().map(|it| it.to_string()),
    };
    settings.console.print(text.map_err(Stop::outside)?.trim_end());
    Ok(Exit::Success)
}

/// What was made of a node and not published.
async fn fetch_laid_aside(
    settings: &Settings,
    loaded: &Loaded,
    id: &NodeId,
    limit: Option<usize>,
) -> Result<Rows, Stop> {
    let node = loaded.graph.get(id).ok_or(Stop::Reported)?;
    let warehouse = prepare::warehouse(settings, &loaded.project)?;
    let session = prepare::session(&loaded.project, None, &Arc::default())?;
    let relation = &node.facts.relation;
    let nothing = || format!("nothing of {} was held back from publishing", node.facts.display());
    let record = warehouse.aside(relation).await.ok_or_else(|| Stop::Outside(nothing()))?;
    if record.kind == RecordKind::View {
        let words = format!("{} is a view, and was held back as a query:", node.facts.display());
        let sql = record.sql.unwrap_or_default();
        return Err(Stop::Outside(format!("{words}\n{sql}")));
    }
    let table =
        plan::existing_files(&session, &warehouse.aside_files(relation, &record).await, &record.sorted_by).await;
    let table = table.map_err(Stop::outside)?;
    let query = LogicalPlanBuilder::scan("staged", provider_as_source(table), None).and_then(LogicalPlanBuilder::build);
    execute::fetch(&session, &query.map_err(Stop::outside)?, limit).await.map_err(Stop::outside)
}

/// Makes the query a node of the graph, so that it is resolved and planned as every other.
fn add_inline(loaded: &mut Loaded, sql: &str) -> Result<NodeId, Stop> {
    let source = inline_source(sql);
    // Nobody else has the project yet.
    let Some(project) = Arc::get_mut(&mut loaded.project) else { return Err(Stop::Reported) };
    let scope = Arc::new(Scope::new(&project.invocation, Phase::Parse));
    let id = NodeId::new(format!("analysis.{}.{INLINE}", project.file.name.value));
    if let Err(problem) = project.templates.add(&source).and_then(|()| project.templates.render(&source, &scope)) {
        loaded.found.push(problem);
        return Ok(id);
    }
    let captured = scope.captured().clone();
    let span = Span::file(&source);
    let facts = NodeFacts {
        id: id.clone(),
        name: INLINE.to_owned(),
        kind: NodeKind::Analysis,
        package: project.file.name.value.clone(),
        path: source.path.clone(),
        fqn: vec![project.file.name.value.clone(), INLINE.to_owned()],
        config: Config::default(),
        relation: crate::jinja::RelationName::new("", "", INLINE),
        source: Arc::clone(&source),
        span: span.clone(),
        description: String::new(),
        columns: Vec::new(),
        patch_path: None,
        doc_blocks: Vec::new(),
        model: ModelFacts::default(),
        checksum: None,
    };
    let refs = captured.refs.into_iter().map(|it| (it, span.clone())).collect();
    let sources = captured.sources.into_iter().map(|it| (it, span.clone())).collect();
    let functions = captured.functions.into_iter().map(|it| (it, span.clone())).collect();
    project.nodes.push(ParsedNode { facts, refs, sources, functions, macros: Vec::new() });
    let (graph, problems) = graph::build(project);
    // The project's own problems have been found before; only the query's are new.
    let about_query =
        |it: &crate::diagnostics::Diagnostic| it.place.as_ref().is_some_and(|it| it.source.path == source.path);
    loaded.found.extend(problems.into_iter().filter(about_query).collect());
    loaded.graph = Arc::new(graph);
    Ok(id)
}

async fn fetch(settings: &Settings, mut loaded: Loaded, id: &NodeId, limit: Option<usize>) -> Result<Rows, Stop> {
    // What exists is shown as it is; everything else is computed from what exists.
    let (Planned { plan, session, spill: _spill, .. }, mut found) =
        prepare::plan(settings, &mut loaded, std::slice::from_ref(id), Purpose::Run).await?;
    found.extend(plan.late.get(id).cloned().into_iter().collect());
    prepare::report(settings, found)?;
    let query = plan.models.get(id).map(|it| &it.plan).or(plan.tests.get(id).map(|it| &it.rows.plan));
    let query = query.ok_or(Stop::Reported)?;
    let tables = Tables::new();
    let rows = match bind(query.clone(), &|relation, schema| tables.open(relation, schema)) {
        Ok(bound) => execute::fetch(&session, &bound, limit).await,
        Err(error) => Err(error),
    };
    rows.map_err(|error| {
        let (who, span) = match loaded.graph.get(id) {
            Some(node) => (node.facts.display(), node.facts.span.clone()),
            None => (INLINE.to_owned(), Span::file(&inline_source(""))),
        };
        let found: Diagnostics = [explain_execution(&error, &who, &span)].into_iter().collect();
        settings.console.diagnostics(&found);
        Stop::Reported
    })
}
