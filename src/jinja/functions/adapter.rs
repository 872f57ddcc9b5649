//! `adapter`: dispatch of macros by adapter type.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::split;
use crate::diagnostics::Code;
use crate::jinja::Macros;
use crate::jinja::macros::Callable;
use crate::jinja::problem::Problem;
use crate::jinja::scope::Scope;

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
            "quote" => {
                let name = positional.first().map(ToString::to_string).unwrap_or_default();
                Ok(Value::from(format!("\"{}\"", name.replace('"', "\"\""))))
            }
            "type" => Ok(Value::from(Scope::of(state)?.invocation.target.kind.as_str())),
            _ => Err(Problem::error(
                Code::Unsupported,
                format!("`adapter.{method}` is not available"),
                Some("Arrowmill has `adapter.dispatch`, `adapter.quote` and `adapter.type`".to_owned()),
            )),
        }
    }
}

impl Adapter {
    /// dbt's search: for each package in order, the adapter's own implementation, then the default one.
    fn dispatch(&self, scope: &Scope, name: &str, namespace: Option<&str>) -> Result<Value, Error> {
        let invocation = &scope.invocation;
        let mut packages: Vec<&str> = match namespace {
            Some(namespace) => match invocation.dispatch.get(namespace) {
                Some(order) => order.iter().map(String::as_str).collect(),
                None => vec![invocation.project.as_str(), namespace],
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
