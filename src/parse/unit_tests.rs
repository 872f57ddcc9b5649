//! Unit tests as nodes: what a model should give for rows that the test brings along.
//! What they say is read and checked here; nothing is run.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Span, closest};
use crate::jinja::{RefCall, SourceCall};
use crate::parse::calls::parse_call;
use crate::parse::context::Context;
use crate::parse::facts::{InProperties, NodeFacts, NodeId, ParsedNode};
use crate::parse::fixtures::{FixtureRows, rows};
use crate::parse::kinds::NodeKind;
use crate::parse::unit_test_checksum::checksum;
use crate::project::{Json, Located, Properties, UnitTestProperties, Version};

type Map = serde_json::Map<String, Json>;

/// What only unit tests have.
#[derive(Debug, Clone)]
pub struct UnitTestFacts {
    /// The name of the model under test, as written. The node's only input is that model, in this test's version.
    pub model: String,
    /// What stands in for the model's inputs. What the model reads and this does not name is a mistake when it runs.
    pub given: Vec<Given>,
    /// What the model should give; columns that it does not name are not compared.
    pub expect: FixtureRows,
    /// What is other than usual while the model is rendered.
    pub overrides: Option<UnitTestOverrides>,
    /// The version of the model that is tested, where it has any.
    pub version: Option<Version>,
    /// `versions:` as written.
    pub versions: Option<Json>,
    /// The schema of the model under test.
    pub schema: String,
    /// Changes when the test does; dbt's own, so that states can be compared.
    pub checksum: String,
}

/// One input of the model, with the rows that stand in for it.
#[derive(Debug, Clone)]
pub struct Given {
    /// What is replaced.
    pub input: UnitTestInput,
    /// The same as it was written, and where.
    pub written: Located<String>,
    /// By what.
    pub rows: FixtureRows,
}

/// What a unit test can replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitTestInput {
    /// A `ref` of the model.
    Ref(RefCall),
    /// A `source` of the model.
    Source(SourceCall),
    /// The model's own relation, as an incremental model sees it.
    This,
}

/// What is other than usual while a model is rendered for a unit test.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnitTestOverrides {
    /// What macros return, by name or `package.name`; `is_incremental` among them.
    pub macros: Map,
    /// Variables.
    pub vars: Map,
    /// Environment variables.
    pub env_vars: Map,
}

impl UnitTestOverrides {
    /// What `is_incremental()` should say, where that is said.
    pub fn is_incremental(&self) -> Option<bool> {
        self.macros.get("is_incremental").and_then(Json::as_bool)
    }
}

/// All unit tests of a package. `nodes` are those of all packages.
pub(super) fn read(
    context: &Context<'_>,
    properties: &[Properties],
    nodes: &[ParsedNode],
    found: &mut Diagnostics,
) -> Vec<ParsedNode> {
    let all = properties.iter().flat_map(|it| &it.unit_tests);
    all.flat_map(|it| read_one(context, it, nodes, found)).collect()
}

fn read_one(
    context: &Context<'_>,
    test: &UnitTestProperties,
    nodes: &[ParsedNode],
    found: &mut Diagnostics,
) -> Vec<ParsedNode> {
    let package = context.package_name();
    let (name, model) = (&test.name.value, &test.model);
    let mut fqn = context.fqn_of_test(&test.file, &model.value);
    fqn.push(name.clone());
    let mut config = context.config_for("unit_tests", &fqn);
    config.overlay(test.config.clone());
    config.report_wrong_values(&format!("unit test `{name}`"), found);
    let models: Vec<&ParsedNode> = nodes
        .iter()
        .filter(|it| matches!(it.facts.kind, NodeKind::Model))
        .filter(|it| it.facts.package == package && it.facts.name == model.value)
        .collect();
    if models.is_empty() {
        let names = nodes.iter().filter(|it| matches!(it.facts.kind, NodeKind::Model)).map(|it| it.facts.name.as_str());
        found.push(
            Diagnostic::error(Code::UnknownRef, format!("unit test `{name}` is about unknown model `{}`", model.value))
                .at(model.span.clone())
                .help_if(closest(&model.value, names), |it| format!("did you mean `{it}`?")),
        );
        return Vec::new();
    }
    let Some(given) = read_given(context, test, nodes, found) else { return Vec::new() };
    let Some(expect) = rows(context, &test.expect, None, nodes, found) else { return Vec::new() };
    let overrides = test.overrides.as_ref().map(|it| read_overrides(it, found));
    report_incremental(name, models[0], &given, overrides.as_ref(), &test.name.span, found);
    let versions = test.versions.as_ref().map(|it| it.value.clone());
    let checksum = checksum(&model.value, versions.as_ref(), &given, &expect, overrides.as_ref());
    let mut made = Vec::new();
    for tested in wanted_versions(name, test, &models, found) {
        let version = tested.facts.model.version.clone();
        let suffix = version.as_ref().map(|it| format!("_{it}")).unwrap_or_default();
        let mut config = config.clone();
        if !tested.facts.config.enabled() {
            config.set("enabled", Json::Bool(false), None);
        }
        let call = RefCall {
            package: Some(package.to_owned()),
            name: model.value.clone(),
            version: version.as_ref().map(Version::text),
        };
        let kind = NodeKind::UnitTest(Box::new(UnitTestFacts {
            model: model.value.clone(),
            given: given.clone(),
            expect: expect.clone(),
            overrides: overrides.clone(),
            version,
            versions: versions.clone(),
            schema: tested.facts.relation.schema.clone(),
            checksum: checksum.clone(),
        }));
        let facts = NodeFacts::in_properties(InProperties {
            id: NodeId::new(format!("unit_test.{package}.{}.{name}{suffix}", model.value)),
            name: &test.name,
            kind,
            package,
            file: &test.file,
            fqn: fqn.clone(),
            description: context.describe(&test.description, &test.name.span, found),
            config,
        });
        made.push(ParsedNode {
            facts,
            refs: vec![(call, model.span.clone())],
            sources: Vec::new(),
            functions: Vec::new(),
            macros: Vec::new(),
        });
    }
    made
}

/// The models that are tested: one, or those versions that are wanted.
fn wanted_versions<'n>(
    name: &str,
    test: &UnitTestProperties,
    models: &[&'n ParsedNode],
    found: &mut Diagnostics,
) -> Vec<&'n ParsedNode> {
    let listed = |key: &str| -> Option<Vec<String>> {
        let list = test.versions.as_ref()?.value.get(key)?.as_array()?;
        Some(list.iter().filter_map(Version::from_json).map(|it| it.text()).collect())
    };
    let (include, exclude) = (listed("include"), listed("exclude"));
    let place = test.versions.as_ref().map(|it| it.span.clone());
    if models.iter().any(|it| it.facts.model.version.is_none()) {
        if include.is_some() || exclude.is_some() {
            found.push(
                Diagnostic::error(Code::WrongValue, format!("model `{}` has no versions", test.model.value))
                    .at_if(place)
                    .help("leave `versions` away"),
            );
        }
        return models.to_vec();
    }
    let wanted: Vec<&ParsedNode> = models
        .iter()
        .filter(|it| {
            let version = it.facts.model.version.as_ref().map(Version::text).unwrap_or_default();
            include.as_ref().is_none_or(|list| list.contains(&version))
                && !exclude.as_ref().is_some_and(|list| list.contains(&version))
        })
        .copied()
        .collect();
    if wanted.is_empty() {
        let message = format!("unit test `{name}` wants versions of `{}` that are not there", test.model.value);
        found.push(Diagnostic::error(Code::UnknownRef, message).at_if(place));
    }
    wanted
}

fn read_given(
    context: &Context<'_>,
    test: &UnitTestProperties,
    nodes: &[ParsedNode],
    found: &mut Diagnostics,
) -> Option<Vec<Given>> {
    let mut all = Vec::new();
    for (written, given) in &test.given {
        let text = written.value.trim();
        let input = match parse_call(text) {
            _ if text == "this" => UnitTestInput::This,
            Some(Ok(call)) => UnitTestInput::Ref(call),
            Some(Err(call)) => UnitTestInput::Source(call),
            None => {
                found.push(
                    Diagnostic::error(Code::WrongValue, format!("`{text}` is no input that a unit test can replace"))
                        .at(written.span.clone())
                        .help("write `ref('model')`, `source('source', 'table')` or `this`"),
                );
                return None;
            }
        };
        let is_there = match &input {
            UnitTestInput::This => true,
            UnitTestInput::Ref(call) => nodes.iter().any(|it| it.facts.can_be_read() && it.facts.name == call.name),
            UnitTestInput::Source(call) => nodes.iter().any(|it| {
                matches!(&it.facts.kind, NodeKind::Source(facts) if facts.source == call.source)
                    && it.facts.name == call.table
            }),
        };
        if !is_there {
            found.push(
                Diagnostic::error(
                    Code::UnknownRef,
                    format!("unit test `{}` replaces `{text}`, which is not in the project", test.name.value),
                )
                .at(written.span.clone()),
            );
            return None;
        }
        let seed = match &input {
            UnitTestInput::Ref(call) => Some(call.name.as_str()),
            UnitTestInput::Source(_) | UnitTestInput::This => None,
        };
        let rows = rows(context, given, seed, nodes, found)?;
        all.push(Given { input, written: written.clone(), rows });
    }
    Some(all)
}

fn read_overrides(written: &Located<Json>, found: &mut Diagnostics) -> UnitTestOverrides {
    let mut part = |key: &str| match written.value.get(key) {
        Some(Json::Object(map)) => map.clone(),
        Some(Json::Null) | None => Map::new(),
        Some(_) => {
            let message = format!("`{key}` of `overrides` must be a mapping");
            found.push(Diagnostic::error(Code::WrongValue, message).at(written.span.clone()));
            Map::new()
        }
    };
    UnitTestOverrides { macros: part("macros"), vars: part("vars"), env_vars: part("env_vars") }
}

#[expect(clippy::unwrap_used, reason = "a constant pattern; the cases use it")]
static IS_INCREMENTAL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)\bis_incremental\s*\(").unwrap());

/// A model that asks `is_incremental()` must be told.
fn report_incremental(
    name: &str,
    model: &ParsedNode,
    given: &[Given],
    overrides: Option<&UnitTestOverrides>,
    place: &Span,
    found: &mut Diagnostics,
) {
    if !IS_INCREMENTAL.is_match(&model.facts.source.text) {
        return;
    }
    match overrides.and_then(UnitTestOverrides::is_incremental) {
        None => found.push(
            Diagnostic::error(
                Code::MissingKey,
                format!("unit test `{name}` must say what `is_incremental` is: {} asks for it", model.facts.display()),
            )
            .at(place.clone())
            .help("write `overrides: {macros: {is_incremental: false}}`"),
        ),
        Some(true) if !given.iter().any(|it| it.input == UnitTestInput::This) => found.push(
            Diagnostic::error(
                Code::MissingKey,
                format!("unit test `{name}` is incremental, and so needs the rows that are there already"),
            )
            .at(place.clone())
            .help("add an input `this` to `given`"),
        ),
        Some(_) => {}
    }
}
