//! `function('name')`, `function('package', 'name')`: a function that the project defines.

use minijinja::value::{Rest, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use crate::diagnostics::Code;
use crate::jinja::RelationName;
use crate::jinja::objects::Relation;
use crate::jinja::problem::Problem;
use crate::jinja::scope::{Phase, RefCall, Scope};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("function", |state: &mut State<'_, '_>, names: Rest<String>| -> Result<Value, Error> {
        let scope = Scope::of(state)?;
        let (package, name) = match names.as_slice() {
            [name] => (None, name.clone()),
            [package, name] => (Some(package.clone()), name.clone()),
            _ => return Err(Error::new(ErrorKind::MissingArgument, "function takes one or two names")),
        };
        let call = RefCall { package, name, version: None };
        match &scope.phase {
            Phase::Parse => {
                let relation = RelationName::new("", "parse", call.name.clone());
                let mut captured = scope.captured();
                if !captured.functions.contains(&call) {
                    captured.functions.push(call);
                }
                Ok(Relation::named(relation))
            }
            // However many rows are read, a function is a function.
            Phase::Compile { resolve, .. } => resolve.resolve_function(&call).map(Relation::named).ok_or_else(|| {
                let words = format!("`function('{}')` was not seen when the project was parsed", call.name);
                Problem::error(Code::UnknownFunction, words, None)
            }),
        }
    });
}
