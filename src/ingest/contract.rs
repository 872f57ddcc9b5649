//! The contract of a source: what its events have, and what every row of its files must meet.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::ToDFSchema;
use datafusion::datasource::empty::EmptyTable;
use datafusion::logical_expr::{Expr, LogicalPlan, cast};
use datafusion::physical_plan::PhysicalExpr;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::graph::{Graph, Node};
use crate::ingest::origins::{Origin, PostgresTable, Server, is_postgres};
use crate::ingest::rules::{self, Check, Convert, Expressions, Rule};
use crate::jinja::RelationName;
use crate::parse::{NodeId, NodeKind};
use crate::plan::{Catalog, Session, declared_type, explain_expression, plan_query};
use crate::project::{DriftPolicy, IngestProperties, Json, Located, RuleProperties, Target};
use crate::warehouse::can_grow;

/// Columns that every event table has behind those of its contract: when the row was taken in, from which file, and where
/// it stood there.
pub(crate) const INGESTED_AT: &str = "ingested_at";
pub(crate) const SOURCE_FILE: &str = "source_file";
pub(crate) const ROW_NUMBER: &str = "row_number";

/// Contracts by source.
pub type Contracts = BTreeMap<NodeId, Arc<Contract>>;

/// What the rows of a source's files must be.
pub struct Contract {
    /// The source's node.
    pub id: NodeId,
    /// `raw.events`.
    pub source: String,
    /// `source `raw.events``, for messages.
    pub display: String,
    /// The event table.
    pub relation: RelationName,
    /// Where its raw rows are.
    pub origin: Origin,
    /// Where that is written.
    pub place: Span,
    /// How they are read.
    pub format: serde_json::Map<String, Json>,
    /// What is done about files with other columns.
    pub drift: DriftPolicy,
    /// The share of bad rows above which a file is refused.
    pub max_error_rate: f64,
    /// Where bad rows go, a folder of the project.
    pub quarantine: String,
    /// Bytes that a row may have.
    pub max_row_bytes: usize,
    pub(crate) columns: Vec<Column>,
    /// The key's columns, by their places.
    pub(crate) key: Vec<usize>,
    /// Rules about whole rows.
    pub(crate) row_rules: Vec<NamedRule>,
}

/// A column of a contract.
pub(crate) struct Column {
    pub(crate) name: String,
    /// What the files call it.
    pub(crate) raw: String,
    pub(crate) data_type: DataType,
    /// How texts become values, where that is declared.
    pub(crate) convert: Option<NamedConvert>,
    pub(crate) rules: Vec<NamedRule>,
}

/// A rule with the name that reasons and audits give it: `amount.range`.
pub(crate) struct NamedRule {
    pub(crate) name: Arc<str>,
    pub(crate) check: Arc<dyn Check>,
}

/// The same of how texts become values.
pub(crate) struct NamedConvert {
    pub(crate) name: Arc<str>,
    pub(crate) convert: Arc<dyn Convert>,
}

impl Contract {
    /// The columns that rows of files are held against.
    pub(crate) fn row_schema(&self) -> Schema {
        let field = |it: &Column| Field::new(&it.name, it.data_type.clone(), true);
        Schema::new(self.columns.iter().map(field).collect::<Vec<_>>())
    }

    /// The columns of the event table, as the contract has them.
    pub fn event_schema(&self) -> SchemaRef {
        let mut fields: Vec<_> = self.row_schema().fields().iter().cloned().collect();
        fields.extend(own_columns().into_iter().map(Arc::new));
        Arc::new(Schema::new(fields))
    }
}

/// The columns that every event table has.
pub(crate) fn own_columns() -> [Field; 3] {
    [
        Field::new(INGESTED_AT, DataType::Timestamp(TimeUnit::Microsecond, None), true),
        Field::new(SOURCE_FILE, DataType::Utf8, true),
        Field::new(ROW_NUMBER, DataType::Int64, true),
    ]
}

/// The contracts of all sources that declare `ingest`, and what is wrong with them.
pub fn contracts(graph: &Graph, session: &Session, target: &Target) -> (Contracts, Diagnostics) {
    let mut found = Diagnostics::new();
    let mut contracts = Contracts::new();
    for node in graph.nodes() {
        let NodeKind::Source(facts) = &node.facts.kind else { continue };
        let Some(declared) = &facts.ingest else { continue };
        let reading = Reading { node, declared, session, target };
        if let Some(contract) = reading.contract(&mut found) {
            contracts.insert(node.facts.id.clone(), Arc::new(contract));
        }
    }
    (contracts, found)
}

struct Reading<'a> {
    node: &'a Node,
    declared: &'a IngestProperties,
    session: &'a Session,
    target: &'a Target,
}

impl Reading<'_> {
    fn contract(&self, found: &mut Diagnostics) -> Option<Contract> {
        let facts = &self.node.facts;
        let display = facts.display();
        let problem = |words: String| Diagnostic::error(Code::MissingKey, words).at(self.declared.span.clone());
        let errors = found.errors();
        let origin = self.origin(found);
        if self.declared.contract.is_empty() {
            let words = format!("{display} declares no columns, so that its rows can't be held against any");
            found.push(problem(words).help("add `columns` with a `name` and a `data_type` each"));
        }
        let types = self.types(found);
        let names: Vec<&str> = self.declared.contract.iter().map(|it| it.name.value.as_str()).collect();
        let raw = self.raw_names(&names, found);
        let key = self.key(&names, found);
        let mut fields: Vec<Field> = Vec::new();
        for (column, data_type) in self.declared.contract.iter().zip(&types) {
            let field = Field::new(&column.name.value, data_type.clone(), true);
            if !can_grow(&field) {
                let is = crate::plan::sql_type(data_type);
                let words = format!("`{}` is of type {is}, which event tables don't have", column.name.value);
                let span = column.data_type.as_ref().map_or(&column.name.span, |it| &it.span);
                found.push(
                    Diagnostic::error(Code::WrongType, words)
                        .at(span.clone())
                        .help("they have numbers with a sign, texts, dates, timestamps, booleans and decimals"),
                );
            }
            // Of two with one name, which is a mistake, rules see the first.
            if !fields.iter().any(|it| it.name().eq_ignore_ascii_case(field.name())) {
                fields.push(field);
            }
        }
        let schema = Schema::new(fields);
        let row = Row { schema: Arc::new(schema), session: self.session, target: self.target, display: &display };
        let mut columns = Vec::new();
        for (at, (declared, data_type)) in self.declared.contract.iter().zip(&types).enumerate() {
            let mut column = Column {
                name: declared.name.value.clone(),
                raw: raw[at].clone(),
                data_type: data_type.clone(),
                convert: None,
                rules: Vec::new(),
            };
            for rule in &declared.rules {
                add_rule(&mut column, rule, &row, found);
            }
            let name: Arc<str> = format!("{}.not_null", column.name).into();
            if key.contains(&at) && !column.rules.iter().any(|it| it.name == name) {
                column.rules.insert(0, NamedRule { name, check: rules::not_null() });
            }
            columns.push(column);
        }
        let row_rules = self.row_rules(&row, found);
        if found.errors() > errors {
            return None;
        }
        let quarantine = self.declared.quarantine.as_ref().map(|it| it.value.trim_end_matches('/').to_owned());
        Some(Contract {
            id: facts.id.clone(),
            source: facts.input_name(),
            relation: facts.relation.clone(),
            origin: origin?,
            place: self.place().clone(),
            format: self.declared.format.iter().map(|(key, it)| (key.clone(), it.value.clone())).collect(),
            drift: self.declared.drift,
            max_error_rate: self.declared.max_error_rate,
            quarantine: quarantine.unwrap_or_else(|| format!("quarantine/{}", facts.input_name().replace('.', "/"))),
            max_row_bytes: self.declared.max_row_bytes,
            columns,
            key,
            row_rules,
            display,
        })
    }

    /// Where what is declared about the origin stands.
    fn place(&self) -> &Span {
        let said = self.declared.location.as_ref().or(self.declared.location_env.as_ref());
        said.map_or(&self.declared.span, |it| &it.span)
    }

    fn origin(&self, found: &mut Diagnostics) -> Option<Origin> {
        let declared = self.declared;
        let display = self.node.facts.display();
        let mut problem = |at: &Span, words: String, help: &str| {
            found.push(Diagnostic::error(Code::MissingKey, words).at(at.clone()).help(help));
        };
        let server = match (&declared.location, &declared.location_env) {
            (Some(location), _) if !is_postgres(&location.value) => {
                let of_table = [declared.table.as_ref(), declared.cursor.as_ref()].into_iter().flatten().next();
                if let Some(of_table) = of_table {
                    let words = format!("{display} says what a server's table is, but its location are files");
                    problem(&of_table.span, words, "write `location: \"postgresql://user@host/database\"`");
                }
                return Some(Origin::Files(location.clone()));
            }
            (Some(location), _) => Server::Url(location.value.clone()),
            (None, Some(variable)) => Server::Variable(variable.value.clone()),
            (None, None) => {
                let words = format!("`ingest` of {display} says nowhere where the raw files are");
                problem(&declared.span, words, "add `location: \"data/raw/{name}/*.csv\"`");
                return None;
            }
        };
        let Some(table) = &declared.table else {
            let words = format!("`ingest` of {display} says no table of the server");
            problem(self.place(), words, "add `table: public.events`");
            return None;
        };
        let is_without_key = declared.key.is_empty();
        if declared.cursor.is_none() && is_without_key {
            let words = format!("nothing tells which rows of {display} are new");
            let help = "add the `cursor`, a column that grows with each new row, or the `key`, which all rows are then \
                        compared by";
            problem(&table.span, words, help);
        }
        if let Some(lookback) = &declared.lookback
            && (is_without_key || declared.cursor.is_none())
        {
            let words = format!("rows within the `lookback` of {display} are read again");
            problem(&lookback.span, words, "add the `key` that tells those which have been taken, and a `cursor`");
        }
        Some(Origin::Postgres(Arc::new(PostgresTable {
            server,
            table: table.value.clone(),
            cursor: declared.cursor.as_ref().map(|it| it.value.clone()),
            lookback: declared.lookback.as_ref().map(|it| it.value.clone()),
        })))
    }

    /// The columns' types; text where none is declared.
    fn types(&self, found: &mut Diagnostics) -> Vec<DataType> {
        let mut types = Vec::new();
        for (at, column) in self.declared.contract.iter().enumerate() {
            let name = &column.name;
            let is_taken = own_columns().iter().any(|it| it.name().eq_ignore_ascii_case(&name.value));
            let before = self.declared.contract[..at].iter();
            if is_taken || before.map(|it| &it.name.value).any(|it| it.eq_ignore_ascii_case(&name.value)) {
                let why = if is_taken { "every event table has a column of this name" } else { "it is there twice" };
                found.push(
                    Diagnostic::error(
                        Code::DuplicateName,
                        format!("`{}` can't be a column of its own: {why}", name.value),
                    )
                    .at(name.span.clone())
                    .help("give it another name; `columns` under `ingest` says what the files call it"),
                );
            }
            let declared = column.data_type.as_ref();
            let declared = declared.map(|it| declared_type(&it.value, &it.span, self.session, self.target));
            types.push(match declared {
                Some(Ok(data_type)) => data_type,
                Some(Err(problem)) => {
                    found.push(problem);
                    DataType::Utf8
                }
                None => DataType::Utf8,
            });
        }
        types
    }

    /// What the files call each column.
    fn raw_names(&self, names: &[&str], found: &mut Diagnostics) -> Vec<String> {
        let mut raw: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
        for (from, to) in &self.declared.columns {
            match names.iter().position(|it| it.eq_ignore_ascii_case(&to.value)) {
                Some(at) => raw[at].clone_from(&from.value),
                None => found.push(self.no_such_column(to, names)),
            }
        }
        raw
    }

    fn key(&self, names: &[&str], found: &mut Diagnostics) -> Vec<usize> {
        let mut key = Vec::new();
        for column in &self.declared.key {
            match names.iter().position(|it| it.eq_ignore_ascii_case(&column.value)) {
                Some(at) => key.push(at),
                // A source without any columns is wrong for that reason.
                None if names.is_empty() => {}
                None => found.push(self.no_such_column(column, names)),
            }
        }
        key
    }

    fn no_such_column(&self, name: &Located<String>, names: &[&str]) -> Diagnostic {
        let words = format!("{} declares no column `{}`", self.node.facts.display(), name.value);
        Diagnostic::error(Code::UnknownColumn, words)
            .at(name.span.clone())
            .help_if(closest(&name.value, names.iter().copied()), |it| format!("did you mean `{it}`?"))
            .note(format!("it declares: {}", names.join(", ")))
    }

    fn row_rules(&self, row: &Row<'_>, found: &mut Diagnostics) -> Vec<NamedRule> {
        let mut named: Vec<NamedRule> = Vec::new();
        for rule in &self.declared.rules {
            match rules::read(rule, None, row) {
                Ok(Rule::Checks(check)) => {
                    let number = named.len() + 1;
                    let name =
                        if number == 1 { "row.expression".to_owned() } else { format!("row.expression_{number}") };
                    named.push(NamedRule { name: name.into(), check });
                }
                // Rules that convert are about columns, and say so when they are read.
                Ok(Rule::Converts(_)) => {}
                Err(problem) => found.push(problem),
            }
        }
        named
    }
}

fn add_rule(column: &mut Column, rule: &RuleProperties, row: &Row<'_>, found: &mut Diagnostics) {
    let kind = format!("{}.{}", column.name, rule.name.value);
    let same = column.rules.iter().filter(|it| it.name.starts_with(kind.as_str())).count();
    let name: Arc<str> = if same == 0 { kind.into() } else { format!("{kind}_{}", same + 1).into() };
    match rules::read(rule, Some(&column.data_type), row) {
        Ok(Rule::Checks(check)) => column.rules.push(NamedRule { name, check }),
        Ok(Rule::Converts(convert)) => column.convert = Some(NamedConvert { name, convert }),
        Err(problem) => found.push(problem),
    }
}

/// A row as SQL sees it.
struct Row<'a> {
    schema: SchemaRef,
    session: &'a Session,
    target: &'a Target,
    display: &'a str,
}

impl Expressions for Row<'_> {
    fn compile(&self, sql: &str, place: &Span) -> Result<Arc<dyn PhysicalExpr>, Diagnostic> {
        let mut catalog = Catalog::default();
        let relation = RelationName::new("", "", "row");
        catalog.add_existing(&relation, Arc::new(EmptyTable::new(Arc::clone(&self.schema))));
        let query = format!("select ({sql}) as it from \"row\"");
        let explain = |error| explain_expression(&error, &query, self.display, place, &catalog);
        let planned = plan_query(&query, self.session, &catalog, self.target);
        let planned = planned.map_err(explain)?;
        let simple = || {
            Diagnostic::error(Code::InvalidQuery, "a rule can only compute with the columns of its row")
                .at(place.clone())
                .help("ask across rows and tables in a test of a model")
        };
        let LogicalPlan::Projection(projection) = &planned.plan else { return Err(simple()) };
        if !matches!(projection.input.as_ref(), LogicalPlan::TableScan(_)) {
            return Err(simple());
        }
        let expr = projection.expr.first().cloned().ok_or_else(simple)?.unalias();
        let expr = unqualified(expr).map_err(explain)?;
        let schema = Arc::clone(&self.schema).to_dfschema().map_err(explain)?;
        if planned.schema.field(0).data_type() != &DataType::Boolean {
            let is = crate::plan::sql_type(planned.schema.field(0).data_type());
            return Err(Diagnostic::error(
                Code::WrongType,
                format!("a rule must be true or false, but is of type {is}"),
            )
            .at(place.clone())
            .help("write a comparison"));
        }
        self.session.state().create_physical_expr(cast(expr, DataType::Boolean), &schema).map_err(explain)
    }
}

/// The same, its columns without the name of their table.
fn unqualified(expr: Expr) -> datafusion::error::Result<Expr> {
    use datafusion::common::Column as Name;
    use datafusion::common::tree_node::{Transformed, TreeNode};
    let bare = |it: Expr| match it {
        Expr::Column(column) => Ok(Transformed::yes(Expr::Column(Name::new_unqualified(column.name)))),
        other => Ok(Transformed::no(other)),
    };
    Ok(expr.transform_up(bare)?.data)
}

#[cfg(test)]
impl Contract {
    /// A contract of columns without rules: what the files call them, and their types.
    pub(crate) fn of_columns(columns: &[(&str, DataType)]) -> Contract {
        let span = Span::file(&crate::diagnostics::SourceText::new("sources.yml", ""));
        let column = |(name, data_type): &(&str, DataType)| Column {
            name: (*name).to_owned(),
            raw: (*name).to_owned(),
            data_type: data_type.clone(),
            convert: None,
            rules: Vec::new(),
        };
        Contract {
            id: NodeId::new("source.shop.raw.events"),
            source: "raw.events".to_owned(),
            display: "source `raw.events`".to_owned(),
            relation: RelationName::new("", "raw", "events"),
            origin: Origin::Files(Located::new(String::new(), span.clone())),
            place: span,
            format: serde_json::Map::new(),
            drift: DriftPolicy::Warn,
            max_error_rate: 1.0,
            quarantine: String::new(),
            max_row_bytes: 1 << 20,
            columns: columns.iter().map(column).collect(),
            key: Vec::new(),
            row_rules: Vec::new(),
        }
    }
}
