//! Templates: dbt's Jinja, its functions, the project's macros, and the way back from rendered text to source.
//! Renders text for a `Scope`; knows nothing of what the text means, of graphs or of engines.

mod functions;
mod macros;
mod problem;
mod relation;
mod scope;
mod source_map;
mod yaml_text;

pub use macros::{MacroDefinition, Macros};
pub use relation::RelationName;
pub use scope::{Captured, Incremental, Invocation, LogLine, Phase, RefCall, Resolve, Scope, SourceCall};
pub use source_map::SourceMap;
pub use yaml_text::YamlText;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, Value};

use crate::diagnostics::{Diagnostic, Diagnostics, SourceText, Span};

/// Name of the template that makes the macros of all packages callable.
const ALL_MACROS: &str = "<macros>";

/// All templates of a project, compiled once, rendered many times and from many threads.
pub struct Templates {
    environment: Environment<'static>,
    sources: BTreeMap<String, Arc<SourceText>>,
    macros: Arc<Macros>,
}

impl Templates {
    /// Compiles the macros. Each mistake is reported and its file left out.
    pub fn new(macros: Macros, found: &mut Diagnostics) -> Templates {
        let macros = Arc::new(macros);
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_formatter(|out, state, value| {
            if value.is_undefined()
                && let Ok(scope) = Scope::of(state)
            {
                scope.captured().unset.insert(state.name().to_owned());
            }
            minijinja::escape_formatter(out, state, value)
        });
        functions::register_all(&mut environment);
        let mut templates = Templates { environment, sources: BTreeMap::new(), macros: Arc::clone(&macros) };
        let mut imports = String::new();
        for (number, file) in macros.files().iter().enumerate() {
            if let Err(problem) = templates.add_as(&file.source, file.template.clone()) {
                found.push(problem);
                continue;
            }
            let path = quoted(&file.source.path);
            imports.push_str(&format!("{{% import {path} as m{number} %}}{{% do __add_macros(m{number}) %}}"));
        }
        // Nothing in this text comes from the user but paths, which are quoted.
        if let Err(error) = templates.environment.add_template_owned(ALL_MACROS, imports) {
            found.push(problem::internal(&error));
        }
        macros::register(&mut templates.environment, &macros);
        templates
    }

    /// The macros of all packages.
    pub fn macros(&self) -> &Macros {
        &self.macros
    }

    /// Compiles one file's text; rendered later under its path.
    ///
    /// # Errors
    /// The mistake in the template, at its place.
    pub fn add(&mut self, source: &Arc<SourceText>) -> Result<(), Diagnostic> {
        self.add_as(source, source.text.clone())
    }

    fn add_as(&mut self, source: &Arc<SourceText>, text: String) -> Result<(), Diagnostic> {
        self.sources.insert(source.path.clone(), Arc::clone(source));
        self.environment
            .add_template_owned(source.path.clone(), text)
            .and_then(|()| {
                let driver = format!("{{% include {ALL_MACROS:?} %}}{{% include {} %}}", quoted(&source.path));
                self.environment.add_template_owned(driver_name(&source.path), driver)
            })
            .map_err(|error| self.explain(&error, source))
    }

    /// Renders a file that was added before.
    ///
    /// # Errors
    /// What went wrong, at its place in the file or in the macro that it calls.
    pub fn render(&self, source: &Arc<SourceText>, scope: &Arc<Scope>) -> Result<String, Diagnostic> {
        self.environment
            .get_template(&driver_name(&source.path))
            .and_then(|template| template.render(Value::from_dyn_object(Arc::clone(scope))))
            .map_err(|error| self.explain(&error, source))
    }

    /// Renders a text that is no file of the project: a hook, an inline query, a description.
    ///
    /// # Errors
    /// What went wrong; places are within `source`.
    pub fn render_text(&self, source: &Arc<SourceText>, scope: &Arc<Scope>) -> Result<String, Diagnostic> {
        let mut environment = self.environment.clone();
        let driver = format!("{{% include {ALL_MACROS:?} %}}{{% include {} %}}", quoted(&source.path));
        environment
            .add_template_owned(source.path.clone(), source.text.clone())
            .and_then(|()| environment.add_template_owned(driver_name(&source.path), driver))
            .and_then(|()| environment.get_template(&driver_name(&source.path)))
            .and_then(|template| template.render(Value::from_dyn_object(Arc::clone(scope))))
            .map_err(|error| self.explain(&error, source))
    }

    /// Calls a macro with named arguments and returns its text. The name has been looked up before.
    ///
    /// # Errors
    /// What went wrong inside, at its place; `at` is where the call is written.
    pub fn call(
        &self,
        name: &str,
        arguments: &serde_json::Map<String, crate::project::Json>,
        scope: &Arc<Scope>,
        at: &Span,
    ) -> Result<String, Diagnostic> {
        let listed =
            arguments.keys().map(|key| format!("{key}=__arguments[{}]", quoted(key))).collect::<Vec<_>>().join(", ");
        let text = format!("{{% include {ALL_MACROS:?} %}}{{{{ {name}({listed}) }}}}");
        let context = minijinja::context! {
            __arguments => functions::test_arguments(arguments),
            ..Value::from_dyn_object(Arc::clone(scope))
        };
        self.environment
            .template_from_named_str(&driver_name(name), &text)
            .and_then(|template| template.render(context))
            .map_err(|error| {
                let problem = self.explain(&error, &at.source);
                if problem.place.as_ref().is_some_and(|it| it.source.path != at.source.path) {
                    problem.related(at.clone(), "called here")
                } else {
                    problem.at(at.clone())
                }
            })
    }

    /// Names that a file uses and that nothing sets. They print as nothing, which is seldom what is meant.
    pub fn unset_names(&self, source: &SourceText) -> BTreeSet<String> {
        let Ok(template) = self.environment.get_template(&source.path) else { return BTreeSet::new() };
        let mut names: BTreeSet<String> = template.undeclared_variables(false).into_iter().collect();
        for (known, _) in self.environment.globals() {
            names.remove(known);
        }
        names.retain(|it| !scope::MEMBERS.contains(&it.as_str()));
        names
    }

    fn explain(&self, error: &minijinja::Error, source: &Arc<SourceText>) -> Diagnostic {
        problem::explain(error, source, &self.sources, &self.macros)
    }
}

/// A path as a string of the template language.
fn quoted(path: &str) -> String {
    crate::project::Json::from(path).to_string()
}

/// The template that brings the macros in and then renders the file, whose own text stays as the user wrote it.
fn driver_name(path: &str) -> String {
    format!("<render> {path}")
}
