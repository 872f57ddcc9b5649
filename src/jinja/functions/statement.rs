//! `run_query`, `statement` and `load_result`: queries, and other statements, while templates render.

use minijinja::value::{Kwargs, Rest, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use crate::diagnostics::Code;
use crate::jinja::database::{Refusal, Rows};
use crate::jinja::objects::Table;
use crate::jinja::problem::Problem;
use crate::jinja::scope::Scope;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("run_query", |state: &mut State<'_, '_>, sql: String| -> Result<Value, Error> {
        let scope = Scope::of(state)?;
        if !scope.executes() {
            return Ok(Value::from(()));
        }
        Ok(Value::from_object(Table::from(&execute(&scope, &sql)?)))
    });
    environment.add_function("statement", statement);
    let noop = |state: &mut State<'_, '_>, args: Rest<Value>, named: Kwargs| -> Result<Value, Error> {
        let name = args.first().cloned().or_else(|| argument(&named, "name"));
        store(&*Scope::of(state)?, name.as_ref(), &Rows::default());
        Ok(Value::from(""))
    };
    environment.add_function("noop_statement", noop);
    environment.add_function("load_result", |state: &mut State<'_, '_>, name: String| -> Result<Value, Error> {
        let scope = Scope::of(state)?;
        let found = scope.captured().results.get(&name).cloned();
        Ok(found.unwrap_or(Value::from(())))
    });
    for name in ["store_result", "store_raw_result"] {
        let keep = |state: &mut State<'_, '_>, args: Rest<Value>, named: Kwargs| -> Result<Value, Error> {
            let get = |at: usize, key: &str| args.get(at).cloned().or_else(|| argument(&named, key));
            let name = get(0, "name").unwrap_or_default().to_string();
            let response = get(1, "response").unwrap_or(Value::from("OK"));
            let table = get(2, "agate_table").unwrap_or(Value::from(()));
            let data = table.downcast_object_ref::<Table>().map_or(Value::from(()), Table::data);
            let result = minijinja::context! { response, data, table };
            Scope::of(state)?.captured().results.insert(name, result);
            Ok(Value::from(""))
        };
        environment.add_function(name, keep);
    }
}

fn argument(named: &Kwargs, key: &str) -> Option<Value> {
    named.get::<Option<Value>>(key).ok().flatten()
}

/// `{% call statement('name', fetch_result=True) %} … {% endcall %}`.
fn statement(state: &mut State<'_, '_>, args: Rest<Value>, named: Kwargs) -> Result<Value, Error> {
    let scope = Scope::of(state)?;
    let name = args.first().cloned().or_else(|| argument(&named, "name"));
    if !scope.executes() {
        return Ok(Value::from(""));
    }
    let caller = argument(&named, "caller").ok_or_else(|| {
        Error::new(ErrorKind::MissingArgument, "`statement` is called with a block: `{% call statement(…) %}`")
    })?;
    let sql = caller.call(state, &[])?.to_string();
    let rows = execute(&scope, &sql)?;
    store(&scope, name.as_ref(), &rows);
    Ok(Value::from(""))
}

fn store(scope: &Scope, name: Option<&Value>, rows: &Rows) {
    let Some(name) = name.filter(|it| !it.is_none()) else { return };
    let table = Table::from(rows);
    let data = table.data();
    let result = minijinja::context! { response => "OK", data, table => Value::from_object(table) };
    scope.captured().results.insert(name.to_string(), result);
}

/// Carries a statement out for a template.
pub(super) fn execute(scope: &Scope, sql: &str) -> Result<Rows, Error> {
    if sql.trim().is_empty() {
        return Ok(Rows::default());
    }
    scope.database().execute(sql).map_err(|refusal| refused(scope, refusal))
}

/// A refusal as an error of the template.
pub(super) fn refused(scope: &Scope, refusal: Refusal) -> Error {
    match refusal {
        Refusal::TooEarly => {
            scope.captured().early = true;
            let words = "the template asks for rows of what is not built yet";
            Problem::error(Code::UnknownRelation, words, Some("run it: `arrowmill run`, or `build`".to_owned()))
        }
        Refusal::Failed(words) => Problem::error(Code::InvalidQuery, words, None),
    }
}
