//! `ref('model')`, `ref('package', 'model')`, with `version=` or `v=`.

use minijinja::value::{Kwargs, Rest, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use crate::diagnostics::Code;
use crate::jinja::RelationName;
use crate::jinja::objects::Relation;
use crate::jinja::problem::Problem;
use crate::jinja::scope::{Phase, RefCall, Scope};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function(
        "ref",
        |state: &mut State<'_, '_>, names: Rest<String>, named: Kwargs| -> Result<Value, Error> {
            let scope = Scope::of(state)?;
            let version = ["version", "v"].iter().find_map(|key| named.get::<Option<Value>>(key).ok().flatten());
            let version = version.map(|it| it.to_string());
            let call = match names.as_slice() {
                [name] => RefCall { package: None, name: name.clone(), version },
                [package, name] => RefCall { package: Some(package.clone()), name: name.clone(), version },
                _ => return Err(Error::new(ErrorKind::MissingArgument, "ref takes one or two names")),
            };
            match &scope.phase {
                Phase::Parse => {
                    let relation = RelationName::new("", "parse", call.name.clone());
                    let mut captured = scope.captured();
                    if !captured.refs.contains(&call) {
                        captured.refs.push(call);
                    }
                    Ok(Relation::named(relation))
                }
                Phase::Compile { resolve, .. } => match resolve.resolve_ref(&call) {
                    Some(relation) => Ok(scope.reference(relation)),
                    None => Err(Problem::error(
                        Code::UnknownRef,
                        format!("`ref('{}')` was not seen when the project was parsed", call.name),
                        Some(format!(
                            "state it where parsing sees it: `-- depends_on: {{{{ ref('{}') }}}}`",
                            call.name
                        )),
                    )),
                },
            }
        },
    );
}
