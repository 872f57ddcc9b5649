//! `source('name', 'table')`.

use minijinja::value::Value;
use minijinja::{Environment, Error, State};

use crate::diagnostics::Code;
use crate::jinja::RelationName;
use crate::jinja::objects::Relation;
use crate::jinja::problem::Problem;
use crate::jinja::scope::{Phase, Scope, SourceCall};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function(
        "source",
        |state: &mut State<'_, '_>, source: String, table: String| -> Result<Value, Error> {
            let scope = Scope::of(state)?;
            let call = SourceCall { source, table };
            match &scope.phase {
                Phase::Parse => {
                    let relation = RelationName::new("", call.source.clone(), call.table.clone());
                    let mut captured = scope.captured();
                    if !captured.sources.contains(&call) {
                        captured.sources.push(call);
                    }
                    Ok(Relation::named(relation))
                }
                Phase::Compile { resolve, .. } => {
                    resolve.resolve_source(&call).map(|it| scope.reference(it)).ok_or_else(|| {
                        let message =
                            format!("source `{}.{}` was not seen when the project was parsed", call.source, call.table);
                        Problem::error(Code::UnknownSource, message, None)
                    })
                }
            }
        },
    );
}
