//! `selectors.yml`: selectors with names. Definitions are texts as on the command line, `method: value`, mappings with
//! `method` and `value`, and `union`, `intersection` and `exclude` of these. As `dbt/graph/cli.py` (dbt-core 1.11).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, closest};
use crate::jinja::YamlText;
use crate::parse::ParsedProject;
use crate::project::{Json, RenderText, Yaml, YamlFile};
use crate::select::expression::{Combine, Criterion, Depth, Expression, Group, Part, Relatives};
use crate::select::indirect::IndirectSelection;
use crate::select::{methods, parser};

/// The selectors of a project.
#[derive(Debug, Default)]
pub struct Selectors {
    named: BTreeMap<String, Expression>,
    default: Option<String>,
    /// As the manifest lists them: every text taken apart.
    pub listed: serde_json::Map<String, Json>,
}

impl Selectors {
    /// The file's name.
    pub const FILE: &'static str = "selectors.yml";

    /// The selectors of a project; none where it has no such file.
    pub fn of(project: &ParsedProject, found: &mut Diagnostics) -> Selectors {
        let read = |source| Selectors::read(source, &YamlText::new(&project.invocation), found);
        project.selectors.as_ref().map(read).unwrap_or_default()
    }

    /// Reads the file. A selector with a mistake is reported and left out.
    pub fn read(source: &Arc<SourceText>, render: &dyn RenderText, found: &mut Diagnostics) -> Selectors {
        let mut selectors = Selectors::default();
        let Some(file) = YamlFile::parse(source, found) else { return selectors };
        file.root().report_unknown_keys(Self::FILE, &["selectors", "version", "anchors"], found);
        for entry in file.root().mappings("selectors", found) {
            selectors.add(entry, render, found);
        }
        selectors
    }

    /// The selector of a name.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn find(&self, name: &str) -> Result<&Expression, Diagnostic> {
        self.named.get(name).ok_or_else(|| {
            let near = closest(name, self.named.keys().map(String::as_str));
            Diagnostic::error(Code::BadSelector, format!("there is no selector `{name}` in {}", Self::FILE))
                .help_if(near, |it| format!("did you mean `{it}`?"))
        })
    }

    /// The one that is used where nothing is asked for.
    pub fn standing(&self) -> Option<&Expression> {
        self.default.as_ref().and_then(|it| self.named.get(it))
    }

    fn add(&mut self, entry: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) {
        let Some(name) = entry.required_text("name", "a selector", found) else { return };
        entry.report_unknown_keys(
            &format!("selector `{}`", name.value),
            &["default", "definition", "description", "name"],
            found,
        );
        let Some(definition) = entry.get("definition") else {
            found.push(
                Diagnostic::error(Code::MissingKey, format!("selector `{}` has no `definition`", name.value))
                    .at(name.span)
                    .help("add `definition: tag:nightly`, for example"),
            );
            return;
        };
        let keys: Vec<String> = definition.entries().into_iter().map(|(key, _)| key.value).collect();
        if keys.len() > 1 && keys.iter().any(|it| it == "union" || it == "intersection") {
            found.push(bad("a definition can have one `union` or `intersection` only").at(definition.span()));
            return;
        }
        let is_default = entry.get("default").is_some_and(|it| it.rendered(render, found) == Json::Bool(true));
        if is_default && let Some(first) = &self.default {
            found.push(
                bad(&format!("both `{first}` and `{}` are the default selector", name.value)).at(name.span.clone()),
            );
        }
        match self.part(definition, render, found) {
            Ok(root) => {
                if is_default {
                    self.default.get_or_insert_with(|| name.value.clone());
                }
                let mut listed = match entry.json() {
                    Json::Object(listed) => listed,
                    _ => serde_json::Map::new(),
                };
                listed.insert("definition".to_owned(), self.listed(&definition.rendered(render, found)));
                self.listed.insert(name.value.clone(), Json::Object(listed));
                self.named.insert(name.value, Expression { root });
            }
            Err(problem) => found.push(*problem),
        }
    }

    fn part(&self, yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Result<Part, Box<Diagnostic>> {
        if let Some(text) = yaml.scalar() {
            let text = rendered(yaml, render, found).unwrap_or(text);
            return Ok(Part::Criterion(parser::criterion(&text, &yaml.span())?));
        }
        for (key, combine) in [("union", Combine::Union), ("intersection", Combine::Intersection)] {
            if let Some(list) = yaml.get(key) {
                return self.group(yaml, list, combine, render, found);
            }
        }
        let entries = yaml.entries();
        if let [(key, value)] = entries.as_slice() {
            let text = rendered(*value, render, found).ok_or_else(|| bad("a method needs a text").at(value.span()))?;
            return Ok(Part::Criterion(method_criterion(&key.value, &text, Relatives::default(), &yaml.span())?));
        }
        let text = |key: &str, found: &mut Diagnostics| yaml.get(key).and_then(|it| rendered(it, render, found));
        let (Some(method), Some(value)) = (text("method", found), text("value", found)) else {
            let problem = bad("this is no definition of a selector").at(yaml.span());
            return Err(problem.help("write a text, `method: value`, or `method` and `value`").into());
        };
        if method == "selector" {
            let other = self.named.get(&value).ok_or_else(|| {
                let near = closest(&value, self.named.keys().map(String::as_str));
                bad(&format!("there is no selector `{value}` above this one"))
                    .at(yaml.get("value").unwrap_or(yaml).span())
                    .help_if(near, |it| format!("did you mean `{it}`?"))
            })?;
            return Ok(other.root.clone());
        }
        let mut criterion = method_criterion(&method, &value, relatives(yaml), &yaml.span())?;
        if let Some(mode) = text("indirect_selection", found) {
            let known = IndirectSelection::ALL.into_iter().find(|it| it.as_str() == mode);
            criterion.mode = Some(known.ok_or_else(|| {
                let names = IndirectSelection::ALL.map(IndirectSelection::as_str);
                bad(&format!("there is no indirect selection `{mode}`"))
                    .at(yaml.get("indirect_selection").unwrap_or(yaml).span())
                    .help_if(closest(&mode, names), |it| format!("did you mean `{it}`?"))
            })?);
        }
        let first = Part::Criterion(criterion);
        match yaml.get("exclude") {
            Some(list) => Ok(without(first, self.parts(list, render, found)?, yaml)),
            None => Ok(first),
        }
    }

    fn parts(
        &self,
        list: Yaml<'_>,
        render: &dyn RenderText,
        found: &mut Diagnostics,
    ) -> Result<Vec<Part>, Box<Diagnostic>> {
        if !list.is_list() {
            return Err(bad("this must be a list").at(list.span()).into());
        }
        list.items().into_iter().map(|it| self.part(it, render, found)).collect()
    }

    fn group(
        &self,
        yaml: Yaml<'_>,
        list: Yaml<'_>,
        combine: Combine,
        render: &dyn RenderText,
        found: &mut Diagnostics,
    ) -> Result<Part, Box<Diagnostic>> {
        if !list.is_list() {
            return Err(bad("`union` and `intersection` must be lists").at(list.span()).into());
        }
        let is_exclusion = |it: &Yaml<'_>| it.get("exclude").is_some() && it.get("method").is_none();
        let (exclusions, included): (Vec<_>, Vec<_>) = list.items().into_iter().partition(is_exclusion);
        if let [_, second, ..] = exclusions.as_slice() {
            return Err(bad("there can be one `exclude` only in a list").at(second.span()).into());
        }
        let parts = included.into_iter().map(|it| self.part(it, render, found)).collect::<Result<_, _>>()?;
        let group = Part::Group(Group { combine, parts, mode: Some(IndirectSelection::Eager), span: yaml.span() });
        match exclusions.first().and_then(|it| it.get("exclude")) {
            Some(list) => Ok(without(group, self.parts(list, render, found)?, yaml)),
            None => Ok(group),
        }
    }

    /// As dbt's `SelectorDict` writes a definition.
    fn listed(&self, definition: &Json) -> Json {
        match definition {
            Json::String(text) => listed_text(text),
            Json::Object(map) => {
                let list = |items: &[Json]| Json::Array(items.iter().map(|it| self.listed(it)).collect());
                let inner = |value: &Json| value.as_array().map_or_else(|| value.clone(), |it| list(it));
                for key in ["union", "intersection"] {
                    if let Some(value) = map.get(key) {
                        return serde_json::json!({ key: inner(value) });
                    }
                }
                match (map.iter().next(), map.len()) {
                    (Some((key, value)), 1) if key == "exclude" => serde_json::json!({ "exclude": inner(value) }),
                    (Some((key, value)), 1) => serde_json::json!({"method": key, "value": inner(value)}),
                    _ if map.get("method").and_then(Json::as_str) == Some("selector") => {
                        let other = map.get("value").and_then(Json::as_str).and_then(|it| self.listed.get(it));
                        other.and_then(|it| it.get("definition")).cloned().unwrap_or_default()
                    }
                    _ => definition.clone(),
                }
            }
            other => other.clone(),
        }
    }
}

fn listed_text(text: &str) -> Json {
    let source = SourceText::new("", text);
    let Ok(criterion) = parser::criterion(text, &crate::diagnostics::Span::file(&source)) else {
        return Json::from(text);
    };
    let mut listed = serde_json::Map::new();
    let mut add = |key: &str, value: Json| drop(listed.insert(key.to_owned(), value));
    if criterion.relatives.whole_family {
        add("childrens_parents", Json::Bool(true));
    }
    let mut depth = |key: &str, depth: Option<Depth>| {
        if let Some(depth) = depth {
            add(key, Json::Bool(true));
            if let Depth::Steps(steps) = depth {
                add(&format!("{key}_depth"), Json::from(steps.to_string()));
            }
        }
    };
    depth("parents", criterion.relatives.ancestors);
    depth("children", criterion.relatives.descendants);
    let arguments: String = criterion.arguments.iter().map(|it| format!(".{it}")).collect();
    add("method", Json::from(format!("{}{arguments}", criterion.method.name())));
    add("value", Json::from(criterion.value));
    Json::Object(listed)
}

fn bad(message: &str) -> Diagnostic {
    Diagnostic::error(Code::BadSelector, message)
}

fn rendered(yaml: Yaml<'_>, render: &dyn RenderText, found: &mut Diagnostics) -> Option<String> {
    match yaml.rendered(render, found) {
        Json::String(text) => Some(text),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
        other => Some(other.to_string()),
    }
}

fn method_criterion(
    method: &str,
    value: &str,
    relatives: Relatives,
    span: &crate::diagnostics::Span,
) -> Result<Criterion, Box<Diagnostic>> {
    let mut parts = method.split('.');
    let name = parts.next().unwrap_or_default();
    let method = methods::find(name).ok_or_else(|| parser::unknown(name).at(span.clone()))?;
    Ok(parser::with_method(method, parts.map(str::to_owned).collect(), value, relatives, span)?)
}

fn relatives(yaml: Yaml<'_>) -> Relatives {
    let is_on = |key: &str| yaml.get(key).is_some_and(|it| it.json() == Json::Bool(true));
    let depth = |key: &str| {
        is_on(key).then(|| {
            let steps = yaml.get(&format!("{key}_depth")).and_then(|it| it.scalar()).and_then(|it| it.parse().ok());
            steps.map_or(Depth::All, Depth::Steps)
        })
    };
    Relatives { whole_family: is_on("childrens_parents"), ancestors: depth("parents"), descendants: depth("children") }
}

/// The first part without all the others.
fn without(first: Part, others: Vec<Part>, yaml: Yaml<'_>) -> Part {
    let (mode, span) = (Some(IndirectSelection::Eager), yaml.span());
    let parts = std::iter::once(first).chain(others).collect();
    Part::Group(Group { combine: Combine::Difference, parts, mode, span })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain;
    impl RenderText for Plain {
        fn render(&self, text: &str) -> Result<Json, Diagnostic> {
            Ok(Json::from(text))
        }
    }

    fn read(definitions: &str) -> (Selectors, Vec<String>) {
        let mut found = Diagnostics::new();
        let source = SourceText::new("selectors.yml", format!("selectors:\n{definitions}"));
        let selectors = Selectors::read(&source, &Plain, &mut found);
        (selectors, found.iter().map(|it| it.one_line()).collect())
    }

    fn check(definition: &str, spelt_out: &str) {
        let (selectors, found) = read(&format!("  - {{name: s, definition: {definition}}}\n"));
        assert_eq!(found, [] as [&str; 0]);
        assert_eq!(selectors.find("s").unwrap().to_string(), spelt_out);
    }

    #[test]
    fn forms_of_definitions() {
        check("'+orders'", "+fqn:orders");
        check("{tag: nightly}", "tag:nightly");
        check("{config.materialized: table}", "config.materialized:table");
        check("{method: fqn, value: a, parents: true, children: true, children_depth: 2}", "+fqn:a+2");
        check("{union: [a, {intersection: ['tag:x', b]}]}", "fqn:a tag:x,fqn:b");
        check("{union: [a, b, {exclude: [c, d]}]}", "fqn:a fqn:b but not fqn:c but not fqn:d");
        check("{method: tag, value: x, exclude: ['y']}", "tag:x but not fqn:y");
    }

    #[test]
    fn one_selector_in_another() {
        let (selectors, found) = read(
            "  - {name: a, definition: 'tag:x', default: true}\n  - {name: b, definition: {union: [{method: selector, value: a}, c]}}\n",
        );
        assert_eq!(found, [] as [&str; 0]);
        assert_eq!(selectors.find("b").unwrap().to_string(), "tag:x fqn:c");
        assert_eq!(selectors.standing().unwrap().to_string(), "tag:x");
        assert_eq!(selectors.listed["a"]["definition"].to_string(), r#"{"method":"tag","value":"x"}"#);
    }

    #[test]
    fn mistakes_are_at_their_place() {
        let (selectors, found) = read("  - name: a\n    definition:\n      union:\n        - {tga: x}\n");
        assert_eq!(found, ["selectors.yml:5:11: there is no selector method `tga`; did you mean `tag`?"]);
        assert!(selectors.find("a").is_err());
    }
}
