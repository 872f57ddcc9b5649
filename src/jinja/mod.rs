//! Templates: dbt's Jinja, its functions, the project's macros, and the way back from rendered text to source.
//! Renders text for a `Scope`; knows nothing of what the text means, of graphs or of engines.

mod arguments;
mod builtin;
mod excerpt;
mod filters;
mod functions;
mod macro_text;
mod macros;
mod members;
mod modules;
mod problem;
mod database;
mod objects;
mod relation_name;
mod rewriting;
mod root;
mod scope;
mod signature;
mod source_map;
mod translation;
mod values;
mod yaml_text;

pub use builtin::add_macros_of_dbt;
pub use database::{Cell, ColumnType, Database, NoDatabase, Refusal, RelationType, Rows};
pub use excerpt::{Excerpt, TimeSpan, moment};
pub use macros::{DBT, MacroDefinition, Macros};
pub use relation_name::RelationName;
pub use scope::{Captured, Incremental, Invocation, LogLine, Phase, RefCall, Resolve, Scope, SourceCall};
pub use source_map::{SourceMap, Traced};
pub use yaml_text::YamlText;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, Value};

use crate::diagnostics::{Diagnostic, Diagnostics, SourceText, Span};
use crate::jinja::arguments::Call;
use crate::jinja::root::{Globals, Root};

/// All templates of a project, compiled once, rendered many times and from many threads.
pub struct Templates {
    environment: Environment<'static>,
    /// What stands behind every scope: all that the environment knows by name.
    globals: Globals,
    sources: BTreeMap<String, Arc<SourceText>>,
    macros: Arc<Macros>,
    /// Macro files that don't compile, and were reported.
    broken: BTreeSet<String>,
}

impl Templates {
    /// Compiles the macros. Each mistake is reported and its file left out.
    pub fn new(macros: Macros, found: &mut Diagnostics) -> Templates {
        let macros = Arc::new(macros);
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_formatter(|out, state, value| {
            if value.is_undefined()
                && let Ok(scope) = Scope::of(state)
            {
                scope.captured().unset.insert(state.name().to_owned());
            }
            values::print(out, state, value)
        });
        functions::register_all(&mut environment);
        values::register(&mut environment);
        filters::register(&mut environment);
        modules::register(&mut environment);
        // What dbt itself has: a project's macro of the same name hides it, and may call it.
        let builtins = root::globals(&environment);
        environment
            .add_global("builtins", Value::from_pairs(builtins.iter().map(|(name, it)| (name.as_str(), it.clone()))));
        let mut templates = Templates {
            environment,
            globals: builtins,
            sources: BTreeMap::new(),
            macros: Arc::clone(&macros),
            broken: BTreeSet::new(),
        };
        for file in macros.files() {
            if let Err(problem) = templates.add_macros(&file.source, file.template.clone()) {
                found.push(problem);
                templates.broken.insert(file.source.path.clone());
            }
        }
        macros::register(&mut templates.environment, &macros);
        templates.globals = root::globals(&templates.environment);
        let all = templates.imports(&(0..macros.files().len()).collect());
        templates.environment.add_global(functions::ALL_MACROS, all);
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
        self.sources.insert(source.path.clone(), Arc::clone(source));
        let imports = self.imports(&self.macros.needed_by(&source.text));
        add_with_driver(&mut self.environment, source, &imports).map_err(|error| self.explain(&error, source))
    }

    fn add_macros(&mut self, source: &Arc<SourceText>, text: String) -> Result<(), Diagnostic> {
        self.sources.insert(source.path.clone(), Arc::clone(source));
        let added = self.environment.add_template_owned(source.path.clone(), text);
        added.map_err(|error| self.explain(&error, source))
    }

    /// The template text that makes the macros of some files callable.
    fn imports(&self, files: &BTreeSet<usize>) -> String {
        let whole = |it: &&usize| !self.broken.contains(&self.macros.files()[**it].source.path);
        let import = |number: &usize| {
            let path = quoted(&self.macros.files()[*number].source.path);
            format!("{{% import {path} as m{number} %}}{{% do __add_macros(m{number}) %}}")
        };
        files.iter().filter(whole).map(import).collect()
    }

    /// Renders a file that was added before.
    ///
    /// # Errors
    /// What went wrong, at its place in the file or in the macro that it calls.
    pub fn render(&self, source: &Arc<SourceText>, scope: &Arc<Scope>) -> Result<String, Diagnostic> {
        let rendered = self
            .environment
            .get_template(&driver_name(&source.path))
            .and_then(|template| template.render(self.root(scope)));
        match rendered {
            Err(_) if self.must_load_all(scope) => self.render_with_all(source, scope),
            rendered => rendered.map_err(|error| self.explain(&error, source)),
        }
    }

    /// Renders a text that is no file of the project: a hook, an inline query, a description.
    ///
    /// # Errors
    /// What went wrong; places are within `source`.
    pub fn render_text(&self, source: &Arc<SourceText>, scope: &Arc<Scope>) -> Result<String, Diagnostic> {
        let rendered = self.render_alone(source, scope, &self.macros.needed_by(&source.text));
        match rendered {
            Err(_) if self.must_load_all(scope) => self.render_with_all(source, scope),
            rendered => rendered.map_err(|error| self.explain(&error, source)),
        }
    }

    /// Whether a rendering failed for a macro whose name could not be seen in the text.
    fn must_load_all(&self, scope: &Arc<Scope>) -> bool {
        let mut captured = scope.captured();
        let must = captured.needs_all_macros;
        if must {
            *captured = Captured::default();
        }
        must
    }

    fn render_with_all(&self, source: &Arc<SourceText>, scope: &Arc<Scope>) -> Result<String, Diagnostic> {
        let all = (0..self.macros.files().len()).collect();
        self.render_alone(source, scope, &all).map_err(|error| self.explain(&error, source))
    }

    fn render_alone(
        &self,
        source: &Arc<SourceText>,
        scope: &Arc<Scope>,
        files: &BTreeSet<usize>,
    ) -> Result<String, minijinja::Error> {
        let mut environment = self.environment.clone();
        add_with_driver(&mut environment, source, &self.imports(files))?;
        let template = environment.get_template(&driver_name(&source.path))?;
        template.render(self.root(scope))
    }

    /// Calls a macro with named arguments and returns its text. The name has been looked up before. Arguments that are
    /// Jinja, or a call of `ref` and its like, are what they evaluate to.
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
        let Call { before, listed } = arguments::call(arguments);
        let mut files = self.macros.needed_to_call(name);
        files.extend(self.macros.needed_by(&format!("{before}{{{{ {listed} }}}}")));
        let with = |files: &BTreeSet<usize>| format!("{}{before}{{{{ {name}({listed}) }}}}", self.imports(files));
        let context = minijinja::context! {
            __arguments => functions::test_arguments(arguments, scope),
            ..self.root(scope)
        };
        let driver = driver_name(name);
        let render = |text: String| {
            let (text, _) = rewriting::apply(&text, translation::translate(&text).changes);
            let template = self.environment.template_from_named_str(&driver, &text);
            template.and_then(|it| it.render(context.clone()))
        };
        let rendered = match render(with(&files)) {
            Err(_) if self.must_load_all(scope) => render(with(&(0..self.macros.files().len()).collect())),
            rendered => rendered,
        };
        rendered.map_err(|error| {
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

    /// What a template is rendered with.
    fn root(&self, scope: &Arc<Scope>) -> Value {
        Root::value(scope, &self.globals)
    }

    fn explain(&self, error: &minijinja::Error, source: &Arc<SourceText>) -> Diagnostic {
        problem::explain(error, source, &self.sources, &self.macros)
    }
}

/// A path as a string of the template language.
fn quoted(path: &str) -> String {
    crate::project::Json::from(path).to_string()
}

/// A file's text as it is compiled, with the way back.
fn as_written(source: &SourceText) -> (String, rewriting::Places) {
    rewriting::apply(&source.text, translation::translate(&source.text).changes)
}

fn add_with_driver(
    environment: &mut Environment<'static>,
    source: &Arc<SourceText>,
    imports: &str,
) -> Result<(), minijinja::Error> {
    let (text, _) = as_written(source);
    environment.add_template_owned(source.path.clone(), text)?;
    let driver = format!("{imports}{{% include {} %}}", quoted(&source.path));
    environment.add_template_owned(driver_name(&source.path), driver)
}

/// The template that brings the macros in and then renders the file, whose own text stays as the user wrote it.
fn driver_name(path: &str) -> String {
    format!("<render> {path}")
}

#[cfg(test)]
mod tests;
