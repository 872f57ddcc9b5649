//! The project's macros: found in their files, callable from every template by name or through their package.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::{Object, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use regex::Regex;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, Span};
use crate::jinja::problem::Problem;
use crate::jinja::scope::Scope;

/// A macro or generic test that some file defines.
#[derive(Debug, Clone)]
pub struct MacroDefinition {
    /// Its package.
    pub package: String,
    /// Its name; generic tests are named `test_…`, as in dbt.
    pub name: String,
    /// Where its name is written.
    pub span: Span,
}

/// A macro file, ready for the template engine.
#[derive(Debug)]
pub(super) struct MacroFile {
    pub(super) source: Arc<SourceText>,
    pub(super) template: String,
}

/// All macros of all packages.
#[derive(Debug, Default)]
pub struct Macros {
    files: Vec<MacroFile>,
    by_name: BTreeMap<String, Vec<MacroDefinition>>,
}

/// Without Unicode, as the others of this crate: its classes take milliseconds to build, at each start.
#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below compiles it")]
static OPENING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)\{%(?P<trim>[-+]?)\s*(?P<kind>macro|test|data_test)\s+(?P<name>\w+)").unwrap());
#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below compiles it")]
static CLOSING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)\{%(?P<trim>[-+]?)\s*end(?:data_)?test\b").unwrap());
#[expect(clippy::unwrap_used, reason = "a constant pattern; the test below compiles it")]
static COMMENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?s)\{#.*?#\}").unwrap());

impl Macros {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file of a package. Two macros of one name in one package are reported.
    pub fn add_file(&mut self, package: &str, source: &Arc<SourceText>, found: &mut Diagnostics) {
        let comments: Vec<_> = COMMENT.find_iter(&source.text).map(|it| it.range()).collect();
        for opening in OPENING.captures_iter(&source.text) {
            let name = &opening["name"];
            let Some(written) = opening.name("name") else { continue };
            if comments.iter().any(|it| it.contains(&written.start())) {
                continue;
            }
            let name = if &opening["kind"] == "macro" { name.to_owned() } else { format!("test_{name}") };
            let span = Span::new(source, written.range());
            let definitions = self.by_name.entry(name.clone()).or_default();
            if let Some(first) = definitions.iter().find(|it| it.package == package) {
                found.push(
                    Diagnostic::error(Code::DuplicateName, format!("macro `{name}` is defined twice in `{package}`"))
                        .at(span.clone())
                        .related(first.span.clone(), "first defined here")
                        .help("rename or remove one of them"),
                );
                continue;
            }
            definitions.push(MacroDefinition { package: package.to_owned(), name, span });
        }
        self.files.push(MacroFile { source: Arc::clone(source), template: as_template(&source.text) });
    }

    /// The macro of this name that a template of `package` sees: its own, else the root's, else any.
    pub fn find(&self, name: &str, package: &str) -> Option<&MacroDefinition> {
        let definitions = self.by_name.get(name)?;
        definitions.iter().find(|it| it.package == package).or_else(|| definitions.first())
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// All definitions, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &MacroDefinition> {
        self.by_name.values().flatten()
    }

    pub(super) fn files(&self) -> &[MacroFile] {
        &self.files
    }
}

/// dbt's `{% test x() %}` is Jinja's `{% macro test_x() %}`. Line numbers stay.
fn as_template(text: &str) -> String {
    let opened = OPENING.replace_all(text, |it: &regex::Captures<'_>| {
        let (trim, name) = (&it["trim"], &it["name"]);
        if &it["kind"] == "macro" { it[0].to_owned() } else { format!("{{%{trim} macro test_{name}") }
    });
    CLOSING.replace_all(&opened, "{%$trim endmacro").into_owned()
}

/// The macros that one rendering has loaded, by name.
#[derive(Default)]
struct Loaded(BTreeMap<String, Value>);

/// Depth of macro calls within one rendering.
#[derive(Default)]
struct Depth(usize);

/// Deeper than this only endless recursion goes.
const DEEPEST: usize = 60;

/// A global that calls a macro loaded into the running template.
#[derive(Debug)]
pub(super) struct Callable {
    name: String,
}

impl Callable {
    pub(super) fn value(name: &str) -> Value {
        Value::from_object(Callable { name: name.to_owned() })
    }
}

/// Carries the value of `return()` up to the macro that returns it.
#[derive(Debug)]
struct Return(Value);

impl fmt::Display for Return {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`return` outside of a macro")
    }
}

impl std::error::Error for Return {}

impl Object for Callable {
    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        if let Ok(scope) = Scope::of(state) {
            scope.captured().macros.insert(self.name.clone());
        }
        let loaded = state.get_extension::<Loaded>().and_then(|it| it.0.get(&self.name).cloned());
        let loaded =
            loaded.ok_or_else(|| Error::new(ErrorKind::UnknownFunction, format!("{} is not loaded", self.name)))?;
        let depth = state.get_or_insert_extension(Depth::default());
        depth.0 += 1;
        if depth.0 > DEEPEST {
            let message = format!("macro `{}` calls itself without end", self.name);
            return Err(Problem::error(Code::BadJinja, message, None));
        }
        let result = loaded.call(state, args);
        if let Some(depth) = state.get_extension_mut::<Depth>() {
            depth.0 -= 1;
        }
        result.or_else(|error| match returned(&error) {
            Some(value) => Ok(value),
            // An error of its own for each call: the engine notes where the call is.
            None => {
                let words = format!("in macro `{}`", self.name);
                Err(Error::new(ErrorKind::InvalidOperation, words).with_source(error))
            }
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<macro {}>", self.name)
    }
}

fn returned(error: &Error) -> Option<Value> {
    let mut current: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(it) = current {
        if let Some(Return(value)) = it.downcast_ref::<Return>() {
            return Some(value.clone());
        }
        current = it.source();
    }
    None
}

/// A package's name as a value: `dbt_utils.star(…)`.
#[derive(Debug)]
struct Package {
    name: String,
    macros: Arc<Macros>,
}

impl Object for Package {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        self.macros.by_name.get(name)?.iter().any(|it| it.package == self.name).then(|| Callable::value(name))
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        match self.get_value(&Value::from(name)) {
            Some(callable) => callable.call(state, args),
            None => Err(Error::new(ErrorKind::UnknownFunction, format!("{name} is not in package {}", self.name))),
        }
    }
}

/// Makes the macros known to the template engine.
pub(super) fn register(environment: &mut Environment<'static>, macros: &Arc<Macros>) {
    environment.add_function("__add_macros", |state: &mut State<'_, '_>, module: Value| -> Result<Value, Error> {
        let mut found = Vec::new();
        for key in module.try_iter()? {
            found.push((key.to_string(), module.get_item(&key)?));
        }
        state.get_or_insert_extension(Loaded::default()).0.extend(found);
        Ok(Value::UNDEFINED)
    });
    environment.add_function("return", |value: Value| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, "return").with_source(Return(value)))
    });
    for name in macros.names() {
        environment.add_global(name.to_owned(), Callable::value(name));
    }
    let packages: std::collections::BTreeSet<&str> = macros.iter().map(|it| it.package.as_str()).collect();
    for name in packages {
        let package = Package { name: name.to_owned(), macros: Arc::clone(macros) };
        environment.add_global(name.to_owned(), Value::from_object(package));
    }
    let adapter = super::functions::Adapter { macros: Arc::clone(macros) };
    environment.add_global("adapter", Value::from_object(adapter));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_become_macros_and_comments_are_no_definitions() {
        let mut macros = Macros::new();
        let text = "{% test even(model) %}x{% endtest %}{# {% macro no() %} #}{%- macro yes(a) -%}{%- endmacro -%}";
        macros.add_file("shop", &SourceText::new("macros/a.sql", text), &mut Diagnostics::new());
        assert_eq!(macros.names().collect::<Vec<_>>(), ["test_even", "yes"]);
        assert!(macros.files[0].template.starts_with("{% macro test_even(model) %}x{% endmacro %}"));
    }
}
