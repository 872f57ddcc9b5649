//! Jinja in YAML values: `var`, `env_var` and `target`, as dbt allows there.

use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, Value};

use crate::diagnostics::{Code, Diagnostic, SourceText};
use crate::jinja::{
    Invocation, Macros, Phase, Scope, filters, functions, modules, problem, rewriting, translation, values,
};
use crate::project::{Json, RenderText};

/// Renders the strings of YAML files.
pub struct YamlText {
    environment: Environment<'static>,
    scope: Arc<Scope>,
}

impl YamlText {
    /// With what the invocation knows at this point.
    pub fn new(invocation: &Arc<Invocation>) -> Self {
        Self::of_package(invocation, &invocation.project)
    }

    /// For the files of a package, which has variables of its own.
    pub fn of_package(invocation: &Arc<Invocation>, package: &str) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        functions::register_all(&mut environment);
        values::register(&mut environment);
        filters::register(&mut environment);
        modules::register(&mut environment);
        environment.set_formatter(values::print);
        for name in ["as_bool", "as_number", "as_native"] {
            environment.add_filter(name, functions::as_native);
        }
        environment.add_filter("as_text", |value: Value| value.to_string());
        let mut scope = Scope::new(invocation, Phase::Parse);
        // The same reader serves profiles.yml, where secrets belong.
        scope.may_see_secrets = true;
        package.clone_into(&mut scope.package);
        YamlText { environment, scope: Arc::new(scope) }
    }
}

impl RenderText for YamlText {
    fn render(&self, text: &str) -> Result<Json, Diagnostic> {
        let context = Value::from_dyn_object(Arc::clone(&self.scope));
        let (translated, _) = rewriting::apply(text, translation::translate(text).changes);
        let trimmed = translated.trim();
        let inner = trimmed.strip_prefix("{{").and_then(|it| it.strip_suffix("}}"));
        let single = inner.filter(|it| !it.contains("{{") && !it.contains("}}") && !it.contains("{%"));
        let rendered = match single {
            Some(expression) => self
                .environment
                .compile_expression(expression.trim_matches(['-', ' ', '\n']))
                .and_then(|it| it.eval(context))
                .and_then(|value| {
                    serde_json::to_value(&value).map_err(|error| {
                        minijinja::Error::new(minijinja::ErrorKind::BadSerialization, error.to_string())
                    })
                }),
            None => self.environment.render_str(&translated, context).map(Json::from),
        };
        rendered.map_err(|error| {
            let place = SourceText::new("", text);
            let mut found = problem::explain(&error, &place, &Default::default(), &Macros::new());
            found.place = None;
            if found.code == Code::UnknownMacro {
                found.help = vec!["in YAML files only `var`, `env_var` and `target` can be used".to_owned()];
            }
            found
        })
    }
}
