//! `adapter`: dispatch of macros by adapter type, and what templates ask of the warehouse.

use std::sync::Arc;

use minijinja::value::{Kwargs, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::{split, statement};
use crate::diagnostics::{Code, closest};
use crate::jinja::database::{ColumnType, Rows};
use crate::jinja::macros::Callable;
use crate::jinja::objects::{Column, Relation, Table};
use crate::jinja::problem::Problem;
use crate::jinja::scope::Scope;
use crate::jinja::{Macros, RelationName};

/// The `adapter` object.
#[derive(Debug)]
pub(in crate::jinja) struct Adapter {
    pub(in crate::jinja) macros: Arc<Macros>,
}

impl Object for Adapter {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let (positional, named) = split(args);
        match method {
            "dispatch" => {
                let text = |it: Option<&Value>| it.and_then(|it| it.as_str().map(str::to_owned));
                let named = |key: &str| named.as_ref().and_then(|it| it.get::<Option<String>>(key).ok().flatten());
                let name = text(positional.first()).or_else(|| named("macro_name"));
                let namespace = text(positional.get(1)).or_else(|| named("macro_namespace"));
                let name =
                    name.ok_or_else(|| Error::new(ErrorKind::MissingArgument, "adapter.dispatch needs a name"))?;
                self.dispatch(&*Scope::of(state)?, &name, namespace.as_deref())
            }
            "quote" => Ok(Value::from(quote(&positional.first().map(ToString::to_string).unwrap_or_default()))),
            "type" => Ok(Value::from(Scope::of(state)?.invocation.target.kind.as_str())),
            _ => self.ask(&*Scope::of(state)?, method, positional, named.as_ref()),
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            // Flags of behaviour that dbt is about to change: none is on.
            "behavior" => Some(Value::from_pairs(std::iter::empty::<(Value, Value)>())),
            name => super::api::class(name),
        }
    }
}

/// What of the adapter's methods changes the warehouse, as the statement that does it.
fn as_statement(method: &str, arguments: &Arguments<'_>) -> Option<String> {
    let relation = || arguments.get(0, "relation").map(|it| Relation::in_statement(&it));
    Some(match method {
        "create_schema" => format!("create schema if not exists {}", schema_of(&arguments.get(0, "relation")?)),
        "drop_schema" => format!("drop schema if exists {} cascade", schema_of(&arguments.get(0, "relation")?)),
        "drop_relation" => format!("drop table if exists {}", relation()?),
        "truncate_relation" => format!("truncate table {}", relation()?),
        "rename_relation" => {
            let (from, to) = (arguments.get(0, "from_relation")?, arguments.get(1, "to_relation")?);
            format!("alter table {} rename to {}", Relation::in_statement(&from), Relation::in_statement(&to))
        }
        _ => return None,
    })
}

/// The schema part of a relation, or a text as it is.
fn schema_of(value: &Value) -> String {
    let name = Relation::name_of(value).map_or_else(|| value.to_string(), |it| it.schema);
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A method's arguments, by position or by name.
struct Arguments<'a> {
    positional: &'a [Value],
    named: Option<&'a Kwargs>,
}

impl Arguments<'_> {
    fn get(&self, at: usize, name: &str) -> Option<Value> {
        let named = || self.named.and_then(|it| it.get::<Option<Value>>(name).ok().flatten());
        self.positional.get(at).cloned().or_else(named)
    }

    fn text(&self, at: usize, name: &str) -> String {
        self.get(at, name).filter(|it| !it.is_none() && !it.is_undefined()).map(|it| it.to_string()).unwrap_or_default()
    }

    fn relation(&self, at: usize, name: &str) -> RelationName {
        self.get(at, name).and_then(|it| Relation::name_of(&it)).unwrap_or_default()
    }
}

impl Adapter {
    /// Everything that concerns the warehouse. While the project is parsed, there is none.
    fn ask(&self, scope: &Scope, method: &str, positional: &[Value], named: Option<&Kwargs>) -> Result<Value, Error> {
        let arguments = Arguments { positional, named };
        let none = || Ok(Value::from(()));
        let executes = scope.executes();
        let database = scope.database();
        if let Some(sql) = as_statement(method, &arguments) {
            if executes {
                statement::execute(scope, &sql)?;
            }
            return none();
        }
        match method {
            "get_relation" | "load_relation" if !executes => none(),
            "get_relation" => {
                let text = |at, name| arguments.text(at, name);
                let mut name = RelationName::new(text(0, "database"), text(1, "schema"), text(2, "identifier"));
                if name.database.is_empty() {
                    name.database.clone_from(&scope.invocation.target.database);
                }
                let found = database.find(&name);
                Ok(found.map_or(Value::from(()), |kind| Relation::existing(name, kind)))
            }
            "already_exists" => {
                let target = &scope.invocation.target;
                let (schema, identifier) = (arguments.text(0, "schema"), arguments.text(1, "name"));
                let name = RelationName::new(target.database.as_str(), schema, identifier);
                Ok(Value::from(executes && database.find(&name).is_some()))
            }
            "check_schema_exists" => {
                let schema = arguments.text(1, "schema");
                Ok(Value::from(executes && !database.list(&schema).is_empty()))
            }
            "list_relations" | "list_relations_without_caching" => {
                let schema = match arguments.positional {
                    [relation] => Relation::name_of(relation).map(|it| it.schema).unwrap_or_default(),
                    _ => arguments.text(1, "schema"),
                };
                let found = if executes { database.list(&schema) } else { Vec::new() };
                Ok(found.into_iter().map(|(name, kind)| Relation::existing(name, kind)).collect())
            }
            "get_columns_in_relation" | "get_missing_columns" if !executes => Ok(Value::from(Vec::<Value>::new())),
            "get_columns_in_relation" => {
                Ok(self.columns(scope, &arguments.relation(0, "relation"))?.into_iter().map(column).collect())
            }
            "get_missing_columns" => {
                let from = self.columns(scope, &arguments.relation(0, "from_relation"))?;
                let to = self.columns(scope, &arguments.relation(1, "to_relation"))?;
                let is_missing = |it: &ColumnType| !to.iter().any(|other| other.name.eq_ignore_ascii_case(&it.name));
                Ok(from.into_iter().filter(is_missing).map(column).collect())
            }
            "get_column_schema_from_query" if !executes => Ok(Value::from(Vec::<Value>::new())),
            "get_column_schema_from_query" => {
                let columns = database.describe(&arguments.text(0, "sql"));
                Ok(columns.map_err(|it| statement::refused(scope, it))?.into_iter().map(column).collect())
            }
            "execute" => {
                let rows = match executes {
                    true => statement::execute(scope, &arguments.text(0, "sql"))?,
                    false => Rows::default(),
                };
                Ok(Value::from(vec![Value::from("OK"), Value::from_object(Table::from(&rows))]))
            }
            "run_query" => none(),
            "quote_as_configured" => Ok(Value::from(quote(&arguments.text(0, "identifier")))),
            "expand_target_column_types"
            | "commit"
            | "cache_dropped"
            | "cache_added"
            | "cache_renamed"
            | "valid_snapshot_target"
            | "verify_database"
            | "drop_without_caching" => none(),
            "is_motherduck" | "is_ducklake" | "disable_transactions" | "supports" => Ok(Value::from(false)),
            "external_root" => Ok(Value::from(".")),
            "get_hard_deletes_behavior" => {
                let old = scope.config.flag("invalidate_hard_deletes").unwrap_or_default().then_some("invalidate");
                Ok(Value::from(scope.config.text("hard_deletes").or(old).unwrap_or("ignore")))
            }
            "get_incremental_strategy_macro" => {
                let strategy = arguments.text(1, "strategy").replace('+', "_");
                let name = format!("get_incremental_{strategy}_sql");
                Ok(Callable::value(&name, &self.macros))
            }
            "standardize_grants_dict" => Ok(Value::from_pairs(std::iter::empty::<(Value, Value)>())),
            // As in dbt, what does not exist is an error of the node, and not of the project.
            _ if !executes => Ok(Value::from("")),
            _ => Err(Problem::error(
                Code::Unsupported,
                format!("`adapter.{method}` is not available"),
                closest(method, METHODS.iter().copied()).map(|it| format!("did you mean `adapter.{it}`?")),
            )),
        }
    }

    fn columns(&self, scope: &Scope, relation: &RelationName) -> Result<Vec<ColumnType>, Error> {
        let columns = scope.database().columns(relation).map_err(|it| statement::refused(scope, it))?;
        Ok(columns.unwrap_or_default())
    }
}

fn column(column: ColumnType) -> Value {
    Value::from_object(Column::from(column))
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// For 'did you mean'.
const METHODS: [&str; 18] = [
    "already_exists",
    "check_schema_exists",
    "create_schema",
    "dispatch",
    "drop_relation",
    "drop_schema",
    "execute",
    "expand_target_column_types",
    "get_column_schema_from_query",
    "get_columns_in_relation",
    "get_missing_columns",
    "get_relation",
    "list_relations",
    "quote",
    "quote_as_configured",
    "rename_relation",
    "truncate_relation",
    "type",
];

impl Adapter {
    /// dbt's search: for each package in order, the adapter's own implementation, then the default one.
    fn dispatch(&self, scope: &Scope, name: &str, namespace: Option<&str>) -> Result<Value, Error> {
        let invocation = &scope.invocation;
        let mut packages: Vec<&str> = match namespace {
            Some(namespace) => match invocation.dispatch.get(namespace) {
                Some(order) => order.iter().map(String::as_str).collect(),
                None if self.macros.has_package(namespace) => vec![invocation.project.as_str(), namespace],
                None => vec![scope.package.as_str(), invocation.project.as_str()],
            },
            None => vec![invocation.project.as_str(), scope.package.as_str()],
        };
        packages.push("dbt");
        let kind = invocation.target.kind.as_str();
        let mut tried = Vec::new();
        for package in packages {
            // Whatever the target is called, the engine is DataFusion.
            for prefix in [kind, "datafusion", "default"] {
                let full = format!("{prefix}__{name}");
                if self.macros.has(&full, package) {
                    return Ok(Callable::of_package(&full, package, &self.macros));
                }
                let shown = format!("{package}.{full}");
                if !tried.contains(&shown) {
                    tried.push(shown);
                }
            }
        }
        Err(Problem::error(
            Code::UnknownMacro,
            format!("no implementation of macro `{name}` for `{kind}`"),
            Some(format!("looked for: {}", tried.join(", "))),
        ))
    }
}
