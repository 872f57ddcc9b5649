//! The project's macros: found in their files, callable from every template by name or through their package.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use minijinja::value::{DynObject, Object, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, Span};
use crate::jinja::problem::Problem;
use crate::jinja::rewriting::{self, Places};
use crate::jinja::scope::Scope;
use crate::jinja::signature::Signature;
use crate::jinja::translation::{self, Translation};

/// A macro or generic test that some file defines.
#[derive(Debug, Clone)]
pub struct MacroDefinition {
    /// Its package.
    pub package: String,
    /// Its name; generic tests are named `test_…`, as in dbt.
    pub name: String,
    /// Where its name is written.
    pub span: Span,
    /// The number of its file.
    file: usize,
    signature: Signature,
}

impl MacroDefinition {
    /// Its name within its package: `dbt_utils.star`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.package, self.name)
    }

    /// The name of an argument by its position.
    pub fn parameter(&self, at: usize) -> Option<&str> {
        self.signature.name(at)
    }

    /// The name that the template engine knows it by. Each file has names of its own, so that no call goes past
    /// [`Callable`], not even one within the file; and none begins with `_`, which the engine would keep to the file.
    fn engine_name(&self) -> String {
        engine_name(self.file, &self.name)
    }
}

fn engine_name(file: usize, name: &str) -> String {
    format!("m{file}__{name}")
}

/// dbt's own package, whose macros every project may call and override.
pub const DBT: &str = "dbt";

/// A macro file, ready for the template engine.
#[derive(Debug)]
pub(super) struct MacroFile {
    pub(super) source: Arc<SourceText>,
    pub(super) template: String,
    pub(super) places: Places,
    package: String,
}

/// All macros of all packages.
#[derive(Debug, Default)]
pub struct Macros {
    files: Vec<MacroFile>,
    by_name: BTreeMap<String, Vec<MacroDefinition>>,
    /// The number of the file with a path.
    by_path: BTreeMap<String, usize>,
    /// Which files define a word, or `something__word`: what a text that has the word may call.
    by_word: BTreeMap<String, BTreeSet<usize>>,
    /// The files that each file needs directly; found when all files are there.
    links: OnceLock<Vec<Vec<usize>>>,
}

impl Macros {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file of a package. Two macros of one name in one package are reported.
    pub fn add_file(&mut self, package: &str, source: &Arc<SourceText>, found: &mut Diagnostics) {
        let translation = translation::translate(&source.text);
        for definition in &translation.definitions {
            let name = definition.name.clone();
            let span = Span::new(source, definition.written.clone());
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
            let file = self.files.len();
            for word in [Some(name.as_str()), name.split_once("__").map(|(_, word)| word)].into_iter().flatten() {
                self.by_word.entry(word.to_owned()).or_default().insert(file);
            }
            let signature = Signature::of(definition);
            definitions.push(MacroDefinition { package: package.to_owned(), name, span, file, signature });
        }
        self.links = OnceLock::new();
        let (template, places) = as_template(&source.text, self.files.len(), translation);
        let package = package.to_owned();
        self.by_path.entry(source.path.clone()).or_insert(self.files.len());
        self.files.push(MacroFile { source: Arc::clone(source), template, package, places });
    }

    /// The macro of this name that a template of `package` sees: its own, else the root's, else any, but not dbt's.
    pub fn find(&self, name: &str, package: &str) -> Option<&MacroDefinition> {
        let definitions = self.by_name.get(name)?;
        let own = definitions.iter().find(|it| it.package == package && package != DBT);
        own.or_else(|| definitions.iter().find(|it| it.package != DBT))
    }

    /// What a call means. Within dbt's own macros the project's come first: that is how they are overridden.
    fn called(&self, name: &str, package: Option<&str>, caller: &str) -> Option<&MacroDefinition> {
        match package {
            Some(package) => self.by_name.get(name)?.iter().find(|it| it.package == package),
            None => self.find(name, caller).or_else(|| self.by_name.get(name)?.first()),
        }
    }

    /// All names of the project's macros and its packages', sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let is_own = |it: &(&String, &Vec<MacroDefinition>)| it.1.iter().any(|it| it.package != DBT);
        self.by_name.iter().filter(is_own).map(|(name, _)| name.as_str())
    }

    /// All definitions but dbt's own, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &MacroDefinition> {
        self.by_name.values().flatten().filter(|it| it.package != DBT)
    }

    /// The texts of all files of macros but dbt's own.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|it| it.package != DBT).map(|it| it.source.text.as_str())
    }

    /// Whether there is a package of this name that has macros.
    pub(super) fn has_package(&self, name: &str) -> bool {
        self.files.iter().any(|it| it.package == name)
    }

    /// Whether a package, dbt's own too, has a macro.
    pub(super) fn has(&self, name: &str, package: &str) -> bool {
        self.called(name, Some(package), package).is_some()
    }

    /// The files whose macros a template may call, directly or through other macros: those that define a word of its
    /// tags. A name that is put together while rendering is not among them.
    pub(super) fn needed_by(&self, template: &str) -> BTreeSet<usize> {
        let links = self.links.get_or_init(|| {
            let of =
                |it: &MacroFile| tags(&it.source.text).flat_map(|it| self.defining_words(it)).collect::<BTreeSet<_>>();
            self.files.iter().map(|it| of(it).into_iter().collect()).collect()
        });
        let mut needed = BTreeSet::new();
        let mut edge: Vec<usize> = tags(template).flat_map(|it| self.defining_words(it)).collect();
        while let Some(file) = edge.pop() {
            if needed.insert(file) {
                edge.extend(links.get(file).into_iter().flatten());
            }
        }
        needed
    }

    /// The files that a call of one macro may need.
    pub(super) fn needed_to_call(&self, name: &str) -> BTreeSet<usize> {
        self.needed_by(&format!("{{{{ {name} }}}}"))
    }

    fn defining_words<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = usize> + 'a {
        let words = tag.split(|it: char| !it.is_ascii_alphanumeric() && it != '_').filter(|it| !it.is_empty());
        words.filter_map(|word| self.by_word.get(word)).flatten().copied()
    }

    pub(super) fn files(&self) -> &[MacroFile] {
        &self.files
    }
}

/// What stands in `{{ … }}` and `{% … %}`, roughly: what is missed here is noticed while rendering.
pub(super) fn tags(template: &str) -> impl Iterator<Item = &str> {
    let mut rest = template;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('{')?;
            let inner = &rest[start + 1..];
            let end = match inner.as_bytes().first()? {
                b'{' => "}}",
                b'%' => "%}",
                _ => {
                    rest = inner;
                    continue;
                }
            };
            let (tag, after) = inner.split_at(inner.find(end).unwrap_or(inner.len()));
            rest = after;
            return Some(tag);
        }
    })
}

/// Every macro gets its file's own name, whatever kind of block it is.
fn as_template(text: &str, file: usize, translation: Translation) -> (String, Places) {
    let mut changes = translation.changes;
    for definition in translation.definitions {
        changes.push((definition.opening, format!("macro {}", engine_name(file, &definition.name)).into()));
    }
    rewriting::apply(text, changes)
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
    /// The package that it is asked of: `dbt_utils.star(…)`.
    package: Option<String>,
    macros: Arc<Macros>,
}

impl Callable {
    /// The macro that the caller's package sees under a name.
    pub(super) fn value(name: &str, macros: &Arc<Macros>) -> Value {
        Value::from_object(Callable { name: name.to_owned(), package: None, macros: Arc::clone(macros) })
    }

    /// A package's own macro.
    pub(super) fn of_package(name: &str, package: &str, macros: &Arc<Macros>) -> Value {
        let package = Some(package.to_owned());
        Value::from_object(Callable { name: name.to_owned(), package, macros: Arc::clone(macros) })
    }

    fn definition(&self, state: &State<'_, '_>) -> Option<&MacroDefinition> {
        if let Some(package) = &self.package {
            return self.macros.called(&self.name, Some(package), package);
        }
        match self.macros.by_path.get(state.name()) {
            Some(file) => self.macros.called(&self.name, None, &self.macros.files[*file].package),
            None => {
                let scope = Scope::of(state).ok();
                self.macros.called(&self.name, None, scope.as_ref().map_or("", |it| &it.package))
            }
        }
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
            let full = self.package.as_ref().map(|package| format!("{package}.{}", self.name));
            let overrides = &scope.macro_overrides;
            let instead = full.and_then(|it| overrides.get(&it)).or_else(|| overrides.get(&self.name));
            if let Some(value) = instead {
                return Ok(Value::from(minijinja::value::Serde(value)));
            }
        }
        let unknown = || Error::new(ErrorKind::UnknownFunction, format!("{} is not loaded", self.name));
        let definition = self.definition(state).ok_or_else(unknown)?;
        let engine_name = definition.engine_name();
        let arranged = definition.signature.arrange(&definition.name, args)?;
        let loaded = state.get_extension::<Loaded>().and_then(|it| it.0.get(&engine_name).cloned());
        let Some(loaded) = loaded else {
            // Its name was put together while rendering. Everything is rendered again, with all macros at hand.
            if let Ok(scope) = Scope::of(state) {
                scope.captured().needs_all_macros = true;
            }
            return Err(unknown());
        };
        let depth = state.get_or_insert_extension(Depth::default());
        depth.0 += 1;
        if depth.0 > DEEPEST {
            let message = format!("macro `{}` calls itself without end", self.name);
            return Err(Problem::error(Code::BadJinja, message, None));
        }
        let result = loaded.call(state, arranged.as_deref().unwrap_or(args));
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

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    /// Two names of one macro are the same value; other macros are other values.
    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let key = |it: &Callable| {
            let anywhere = || it.macros.by_name.get(&it.name).and_then(|it| it.first()).map(|it| it.package.clone());
            (it.name.clone(), it.package.clone().or_else(anywhere))
        };
        Some(key(self).cmp(&key(other.downcast_ref::<Callable>()?)))
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
        self.macros.has(name, &self.name).then(|| Callable::of_package(name, &self.name, &self.macros))
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        match self.get_value(&Value::from(name)) {
            Some(callable) => callable.call(state, args),
            // What dbt has as a macro may be a function here.
            None if self.name == DBT && state.env().globals().any(|(it, _)| it == name) => match state.lookup(name) {
                Some(function) => function.call(state, args),
                None => Err(Error::new(ErrorKind::UnknownFunction, format!("{name} is not in package dbt"))),
            },
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
    for name in macros.by_name.keys() {
        environment.add_global(name.clone(), Callable::value(name, macros));
    }
    let packages: BTreeSet<&str> = macros.by_name.values().flatten().map(|it| it.package.as_str()).collect();
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
        let file = &macros.files[0];
        assert!(file.template.starts_with("{% macro m0__test_even(model) %}x{% endmacro %}"));
        assert_eq!(file.places.original(file.template.find("x{%").unwrap()), text.find("x{%").unwrap());
    }
}
