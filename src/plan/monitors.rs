//! Monitors: every piece of SQL in them planned on its own, so that a mistake is shown where it stands, and then the
//! queries that are made of the pieces.

use arrow::datatypes::DataType;
use datafusion::logical_expr::LogicalPlan;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span};
use crate::freshness::Criteria;
use crate::graph::Node;
use crate::jinja::Resolve;
use crate::monitors::{Around, Asked, MustBe, Past, Piece, Question, ValueType};
use crate::parse::{MonitorFacts, NodeKind, UseOf, Watched};
use crate::plan::models::{knows_inputs, plan_text};
use crate::plan::problem::Origin;
use crate::plan::project::{ProjectPlan, Scope};
use crate::plan::wording::sql_type;

/// A monitor that can be asked.
#[derive(Debug, Clone)]
pub struct MonitorPlan {
    /// Its relation as SQL has it.
    pub relation: String,
    /// Its relation as people call it.
    pub shown: String,
    /// Whether it is about a source.
    pub is_source: bool,
    /// What its pieces are.
    pub types: Vec<ValueType>,
    /// What the source promises of its age.
    pub promised: Option<Criteria>,
    /// What is asked, and of queries, how.
    pub questions: Vec<(Question, Option<LogicalPlan>)>,
}

impl MonitorPlan {
    /// What the monitor may know, with its earlier measures.
    pub fn around<'a>(&'a self, now: chrono::DateTime<chrono::Utc>, history: &'a [Past]) -> Around<'a> {
        Around {
            now,
            relation: &self.relation,
            shown: &self.shown,
            is_source: self.is_source,
            types: &self.types,
            promised: self.promised.as_ref(),
            history,
        }
    }
}

/// Plans a monitor. Nothing where it reads what could not be planned, which is reported there, or what is not there yet.
pub(super) fn plan_monitor(
    scope: &Scope<'_>,
    plan: &ProjectPlan,
    node: &Node,
    facts: &MonitorFacts,
) -> Result<Option<MonitorPlan>, Diagnostics> {
    if !knows_inputs(scope, plan, node) {
        return Ok(None);
    }
    let mut found = Diagnostics::new();
    let Some(mut planned) = about(scope, plan, node, facts) else {
        // Who asks is told then.
        return if scope.present { Err(absent(node, facts)) } else { Ok(None) };
    };
    for piece in facts.monitor.watch.pieces() {
        match type_of(scope, plan, node, &planned.relation, &piece) {
            Ok(value_type) => planned.types.push(value_type),
            Err(problem) => found.push(problem),
        }
    }
    if !found.is_empty() {
        return Err(found);
    }
    let one = |problem: Diagnostic| -> Diagnostics { [problem].into_iter().collect() };
    let now = scope.project.invocation.started_at;
    let questions = facts.monitor.watch.questions(&planned.around(now, &[])).map_err(one)?;
    for question in questions {
        let query = query(scope, plan, node, &question).map_err(one)?;
        planned.questions.push((question, query));
    }
    Ok(Some(planned))
}

/// Says that there is nothing yet to plan against.
fn absent(node: &Node, facts: &MonitorFacts) -> Diagnostics {
    let table = facts.of.as_ref().map(Watched::shown).unwrap_or_default();
    let words = format!("{} is not checked: the warehouse has no table {table} yet", node.facts.display());
    let place = facts.monitor.watch.relation().map_or_else(|| node.facts.span.clone(), |it| it.span.clone());
    [Diagnostic::warning(Code::UnknownRelation, words).at(place)].into_iter().collect()
}

/// The names of what it is about.
fn about(scope: &Scope<'_>, plan: &ProjectPlan, node: &Node, facts: &MonitorFacts) -> Option<MonitorPlan> {
    let (relation, source) = match &facts.of {
        None => (String::new(), None),
        Some(Watched::Table(name)) => {
            plan.catalog().find(&name.database, &name.schema, &name.identifier)?;
            (name.to_string(), None)
        }
        Some(Watched::Node(UseOf::Ref(call))) => (node.calls.resolve_ref(call)?.to_string(), None),
        Some(Watched::Node(UseOf::Source(call))) => {
            let source = node.inputs.iter().find_map(|it| scope.graph.get(it));
            (node.calls.resolve_source(call)?.to_string(), source)
        }
    };
    Some(MonitorPlan {
        relation,
        shown: facts.of.as_ref().map(Watched::shown).unwrap_or_default(),
        is_source: source.is_some(),
        types: Vec::new(),
        promised: source.and_then(|it| Criteria::read(&it.facts.config).ok().flatten()),
        questions: Vec::new(),
    })
}

/// What kind of values a piece has.
fn type_of(
    scope: &Scope<'_>,
    plan: &ProjectPlan,
    node: &Node,
    relation: &str,
    piece: &Piece,
) -> Result<ValueType, Diagnostic> {
    let sql = format!("select ({}) as piece\nfrom {relation}", piece.sql.value);
    let who = node.facts.display();
    let text = Origin { template: None, sql: &sql, fallback: &piece.sql.span, who: &who, macros: None };
    let Some(query) = plan_text(scope, plan, node, &text)? else { return Ok(ValueType::Other) };
    let data_type = query.schema.field(0).data_type();
    let is = match data_type {
        DataType::Boolean => ValueType::Boolean,
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => ValueType::Time,
        it if it.is_numeric() => ValueType::Number,
        _ => ValueType::Other,
    };
    let wrong = |expected: &str, help: String| {
        let words =
            format!("`{}` of {} must be {expected}, but is {}", piece.key, node.facts.display(), sql_type(data_type));
        Err(Diagnostic::error(Code::WrongType, words).at(piece.sql.span.clone()).help(help))
    };
    let expression = piece.sql.value.trim();
    match (piece.must_be, is) {
        (MustBe::Boolean, is) if is != ValueType::Boolean => {
            wrong("true or false", format!("write a comparison: `{expression} > 0`"))
        }
        (MustBe::Number, is) if is != ValueType::Number => {
            wrong("a number", format!("cast it: `cast({expression} as double)`"))
        }
        (MustBe::Time, is) if is != ValueType::Time => {
            wrong("a date or a timestamp", format!("cast it: `cast({expression} as timestamp)`"))
        }
        _ => Ok(is),
    }
}

/// The plan of a question, where it is a query.
fn query(
    scope: &Scope<'_>,
    plan: &ProjectPlan,
    node: &Node,
    question: &Question,
) -> Result<Option<LogicalPlan>, Diagnostic> {
    let place: &Span = &question.place;
    let (sql, one_row) = match &question.asked {
        Asked::Row(sql) => (sql, true),
        Asked::Rows(sql) => (sql, false),
        Asked::LoadedAt { .. } | Asked::Tests => return Ok(None),
    };
    let who = node.facts.display();
    let text = Origin { template: None, sql, fallback: place, who: &who, macros: None };
    let query = plan_text(scope, plan, node, &text)?;
    if one_row && query.as_ref().is_some_and(|it| it.plan.max_rows() != Some(1)) {
        let words = format!("{} asks for one value, but would get one for each row", node.facts.display());
        let problem = Diagnostic::error(Code::WrongValue, words).at(place.clone());
        return Err(problem.help("write an aggregate, such as `sum(x)`, `min(x)` or `count(*)`"));
    }
    Ok(query.map(|it| it.plan))
}

/// The facts of a monitor.
pub(super) fn facts(node: &Node) -> Option<&MonitorFacts> {
    match &node.facts.kind {
        NodeKind::Monitor(facts) => Some(facts),
        _ => None,
    }
}
