//! Graphs from text, and what selectors take from them. The methods' own tests use these helpers too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostics::{Code, SourceText, Span};
use crate::graph::{Graph, Node};
use crate::jinja::{RefCall, RelationName, SourceCall};
use crate::parse::{
    Column, ExposureFacts, FixtureRows, ModelFacts, NodeFacts, NodeId, NodeKind, ResourceType, RowFormat, Rows,
    SemanticFacts, SnapshotFacts, SourceFacts, TestFacts, TestForm, UnitTestFacts, UseOf,
};
use crate::project::{Config, Json, Version};
use crate::select::{IndirectSelection, Knowledge, Selection, State, parse};

fn select(selection: &Selection, graph: &Graph) -> (BTreeSet<NodeId>, crate::diagnostics::Diagnostics) {
    crate::select::select(selection, graph, &Knowledge::default())
}

/// A graph from lines such as `raw.events -> a -> b`, `test_b <- a b` and `a: path=models/x/a.sql tags=["x"]`.
///
/// A dot makes a source, the prefixes `seed_`, `analysis_`, `exposure_`, `metric_`, `saved_query_`, `semantic_model_`,
/// `snapshot_`, `unit_test_` and `test_` what they say, `not_null_` and `unique_` generic tests; all others are models. What is no key of [`Sketch::set`] is configuration.
pub(super) fn graph(text: &str) -> Graph {
    let mut sketches: BTreeMap<String, Sketch> = BTreeMap::new();
    for line in text.split(['\n', ';']).map(str::trim).filter(|it| !it.is_empty()) {
        if let Some((name, inputs)) = line.split_once("<-") {
            for input in inputs.split_whitespace() {
                sketches.entry(input.to_owned()).or_default();
                sketches.entry(name.trim().to_owned()).or_default().inputs.push(input.to_owned());
            }
        } else if let Some((name, settings)) = line.split_once(": ") {
            let sketch = sketches.entry(name.to_owned()).or_default();
            for (key, value) in settings.split_whitespace().map(|it| it.split_once('=').unwrap()) {
                sketch.set(key, value);
            }
        } else {
            let chain: Vec<&str> = line.split("->").map(str::trim).collect();
            for name in &chain {
                sketches.entry((*name).to_owned()).or_default();
            }
            for pair in chain.windows(2) {
                sketches.entry(pair[1].to_owned()).or_default().inputs.push(pair[0].to_owned());
            }
        }
    }
    let mut waiting: Vec<(&String, &Sketch)> = sketches.iter().collect();
    let mut sorted: IndexMap<NodeId, Node> = IndexMap::new();
    while !waiting.is_empty() {
        let (ready, rest): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(_, sketch)| sketch.inputs.iter().all(|it| sorted.contains_key(&sketches[it].id(it))));
        assert!(!ready.is_empty(), "a circle in {text}");
        for (name, sketch) in ready {
            sorted.insert(sketch.id(name), sketch.node(name, |input| sketches[input].id(input)));
        }
        waiting = rest;
    }
    Graph::from_sorted(sorted)
}

#[derive(Default)]
struct Sketch {
    inputs: Vec<String>,
    path: Option<String>,
    patch: Option<String>,
    package: Option<String>,
    inherited: Vec<String>,
    columns: Vec<Json>,
    called: Option<String>,
    model: ModelFacts,
    config: Config,
}

impl Sketch {
    fn set(&mut self, key: &str, value: &str) {
        let json = || serde_json::from_str(value).unwrap_or_else(|_| Json::from(value));
        match key {
            "path" => self.path = Some(value.to_owned()),
            "patch" => self.patch = Some(value.to_owned()),
            "package" => self.package = Some(value.to_owned()),
            "inherited" => self.inherited.push(value.to_owned()),
            "column" => self.columns.push(json()),
            "called" => self.called = Some(value.to_owned()),
            "v" => self.model.version = Version::from_json(&json()),
            "latest" => self.model.latest_version = Version::from_json(&json()),
            key => self.config.set(key, json(), None),
        }
    }

    fn package(&self) -> String {
        self.package.clone().unwrap_or_else(|| "shop".to_owned())
    }

    fn id(&self, name: &str) -> NodeId {
        NodeId::new(format!("{}.{name}", self.package()))
    }

    fn node(&self, name: &str, id_of: impl Fn(&String) -> NodeId) -> Node {
        let package = self.package();
        let path = self.path.clone().unwrap_or_else(|| format!("models/{name}.sql"));
        let source = SourceText::new(path.clone(), "");
        let span = Span::file(&source);
        let mut fqn = vec![package.clone()];
        let below = path.split_once("models/").map_or(path.as_str(), |(_, below)| below);
        fqn.extend(below.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().map(str::to_owned));
        let called = self.called.as_deref().unwrap_or(name);
        fqn.extend(called.split('.').map(str::to_owned));
        fqn.extend(self.model.version.as_ref().map(Version::to_string));
        let column = |it: &Json| Column {
            name: it["name"].as_str().unwrap().to_owned(),
            description: String::new(),
            data_type: None,
            tags: it["tags"].as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect(),
            meta: Json::Null,
            constraints: Vec::new(),
            quote: None,
            granularity: None,
            doc_blocks: Vec::new(),
            span: span.clone(),
        };
        let facts = NodeFacts {
            id: self.id(name),
            name: called.rsplit('.').next().unwrap().to_owned(),
            kind: self.kind(name),
            package,
            path,
            fqn,
            config: self.config.clone(),
            relation: RelationName::new("db", "main", name),
            source: Arc::clone(&source),
            columns: self.columns.iter().map(column).collect(),
            span,
            description: String::new(),
            patch_path: self.patch.clone(),
            doc_blocks: Vec::new(),
            model: self.model.clone(),
            checksum: None,
        };
        let is_generic = matches!(&facts.kind, NodeKind::Test(it) if matches!(it.form, TestForm::Generic { .. }));
        let mut inputs: Vec<NodeId> = self.inputs.iter().map(&id_of).collect();
        let tested = inputs.first().filter(|_| is_generic).cloned();
        inputs.sort();
        Node { facts, inputs, calls: Arc::default(), macros: Vec::new(), tested }
    }

    fn kind(&self, name: &str) -> NodeKind {
        let generic = ["not_null", "unique"].into_iter().find(|it| name.starts_with(&format!("{it}_")));
        if let Some(kind) = generic {
            let form = TestForm::Generic {
                kind: kind.to_owned(),
                namespace: None,
                arguments: serde_json::Map::new(),
                column: None,
                of: use_of(&self.inputs[0]),
            };
            return NodeKind::Test(TestFacts { form, inherited_tags: self.inherited.clone(), inherited_group: None });
        }
        let semantic = || SemanticFacts { raw: Json::Null, metrics: Vec::new(), measures: Vec::new() };
        match name.split(['_', '.']).next() {
            _ if name.contains('.') => NodeKind::Source(SourceFacts {
                source: name.split('.').next().unwrap().to_owned(),
                source_description: String::new(),
                source_meta: Json::Null,
                loader: String::new(),
                location: None,
            }),
            Some("seed") => NodeKind::Seed,
            Some("analysis") => NodeKind::Analysis,
            Some("exposure") => NodeKind::Exposure(ExposureFacts { raw: Json::Null }),
            Some("metric") => NodeKind::Metric(semantic()),
            Some("saved") => NodeKind::SavedQuery(semantic()),
            Some("semantic") => NodeKind::SemanticModel(semantic()),
            Some("snapshot") => NodeKind::Snapshot(SnapshotFacts::unread(String::new())),
            Some("test") => NodeKind::Test(TestFacts {
                form: TestForm::Singular,
                inherited_tags: self.inherited.clone(),
                inherited_group: None,
            }),
            Some("unit") => NodeKind::UnitTest(Box::new(unit_test())),
            _ => NodeKind::Model,
        }
    }
}

fn unit_test() -> UnitTestFacts {
    let rows = Rows::Values(Vec::new());
    let span = Span::file(&SourceText::new("", ""));
    UnitTestFacts {
        model: String::new(),
        given: Vec::new(),
        expect: FixtureRows { format: RowFormat::Dict, rows, fixture: None, span },
        overrides: None,
        version: None,
        versions: None,
        schema: String::new(),
        checksum: String::new(),
    }
}

fn use_of(name: &str) -> UseOf {
    match name.split_once('.') {
        Some((source, table)) => UseOf::Source(SourceCall { source: source.to_owned(), table: table.to_owned() }),
        None => UseOf::Ref(RefCall { package: None, name: name.to_owned(), version: None }),
    }
}

/// The selection of a text, where what hangs on it can be seen plainly: no test comes along.
fn selection(select: &str) -> Selection {
    Selection {
        select: vec![select.to_owned()],
        indirect: IndirectSelection::Empty,
        project: "shop".to_owned(),
        ..Selection::default()
    }
}

fn names(graph: &Graph, selection: &Selection) -> Vec<String> {
    let (nodes, found) = select(selection, graph);
    assert!(!found.has_errors(), "{:?}", found.iter().map(|it| it.one_line()).collect::<Vec<_>>());
    let name = |it: &Node| match &it.facts.kind {
        NodeKind::Source(source) => format!("{}.{}", source.source, it.facts.name),
        _ => it.facts.full_name(),
    };
    let mut names: Vec<String> = nodes.iter().map(|it| name(graph.get(it).unwrap())).collect();
    names.sort();
    names
}

fn sorted(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.sort_unstable();
    words
}

/// What a selector takes, without the tests that would come along.
pub(super) fn check(graph: &Graph, text: &str, expected: &str) {
    assert_eq!(names(graph, &selection(text)), sorted(expected), "{text}");
}

/// What a selector takes where there is an earlier state.
pub(super) fn check_state(graph: &Graph, state: &State, text: &str, expected: &str) {
    let knowledge = Knowledge { selectors: None, state: Some(state) };
    let (nodes, found) = crate::select::select(&selection(text), graph, &knowledge);
    assert!(!found.has_errors());
    let name = |it: &NodeId| it.as_str().split_once('.').unwrap().1.to_owned();
    let mut names: Vec<String> = nodes.iter().map(name).collect();
    names.sort();
    assert_eq!(names, sorted(expected), "{text}");
}

/// Why a selector can't be answered with this state.
pub(super) fn refused_state(graph: &Graph, state: Option<&State>, text: &str) -> String {
    let (nodes, found) = crate::select::select(&selection(text), graph, &Knowledge { selectors: None, state });
    assert!(nodes.is_empty() && found.has_errors());
    found.iter().next().unwrap().one_line()
}

/// What a selector takes, with tests.
fn check_tests(mode: IndirectSelection, graph: &Graph, select: &str, exclude: &str, expected: &str) {
    let mut selection = Selection { indirect: mode, ..Selection::default() };
    selection.select.extend((!select.is_empty()).then(|| select.to_owned()));
    selection.exclude.extend((!exclude.is_empty()).then(|| exclude.to_owned()));
    assert_eq!(names(graph, &selection), sorted(expected), "{} {select} --exclude {exclude}", mode.as_str());
}

/// That a selector takes nothing, and what is advised.
pub(super) fn check_hint(graph: &Graph, text: &str, hint: &str) {
    let (nodes, found) = select(&selection(text), graph);
    assert!(nodes.is_empty());
    let found: Vec<_> = found.iter().collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code, Code::NothingSelected);
    let (line, place) = (found[0].one_line(), found[0].place.as_ref().unwrap().text());
    assert!(line.contains(&format!("`--select {place}` matches no nodes")) && line.contains(hint), "{line}");
}

/// That a selector is refused at a place, and with which words.
pub(super) fn check_refused(text: &str, place: &str, words: &str) {
    let problem = parse(text).unwrap_err();
    assert_eq!(problem.code, Code::BadSelector);
    assert_eq!(problem.place.as_ref().unwrap().text(), place);
    let all: Vec<&String> = [&problem.message].into_iter().chain(&problem.help).chain(&problem.notes).collect();
    assert!(all.iter().any(|it| it.contains(words)), "{all:?}");
}

use IndirectSelection::{Buildable, Cautious, Eager, Empty};

#[test]
fn a_name_takes_one_node() {
    check(&graph("a -> b -> c"), "b", "b");
}

#[test]
fn a_space_is_or_and_a_comma_is_and() {
    check(&graph("a -> b -> c"), "a c", "a c");
    check(&graph("a -> b -> c"), "a+,+b", "a b");
    check(&graph("a -> b -> c"), "a+,+b c", "a b c");
    check(&graph("a -> b -> c"), "a,b", "");
}

#[test]
fn plus_takes_relatives() {
    check(&graph("a -> b -> c"), "+c", "a b c");
    check(&graph("a -> b -> c"), "a+", "a b c");
    check(&graph("a -> b -> c"), "+b+", "a b c");
    check(&graph("a -> b -> c; x -> y"), "+b", "a b");
}

#[test]
fn a_number_says_how_far() {
    let chain = graph("a -> b -> c -> d -> e");
    check(&chain, "1+c", "b c");
    check(&chain, "c+1", "c d");
    check(&chain, "2+c+1", "a b c d");
    check(&chain, "0+c+0", "c");
    check(&chain, "99+c", "a b c");
    check(&chain, "1+b 1+e", "a b d e");
    check(&chain, "1+models/*.sql", "a b c d e");
}

#[test]
fn at_takes_descendants_and_all_that_they_need() {
    let wide = graph("a -> b -> c; x -> c; y -> x; a -> d; other");
    check(&wide, "@b", "a b c x y");
    check(&wide, "@c", "a b c x y");
    check(&wide, "@d", "a d");
    check(&wide, "@y", "a b c x y");
}

#[test]
fn a_diamond_is_walked_once() {
    check(&graph("a -> b -> d; a -> c -> d"), "+d", "a b c d");
    check(&graph("a -> b -> d; a -> c -> d"), "1+d", "b c d");
    check(&graph("a -> b -> d; a -> d"), "a+1", "a b d");
}

#[test]
fn operators_go_through_sources_and_exposures() {
    let graph = graph("raw.x -> a -> b -> exposure_e; seed_s -> b");
    check(&graph, "+b", "raw.x a b seed_s");
    check(&graph, "b+", "b exposure_e");
    check(&graph, "@source:raw", "raw.x a b seed_s exposure_e");
}

#[test]
fn tests_are_descendants() {
    check(&graph("a -> b; test_t <- a b"), "a+", "a b test_t");
    check(&graph("a -> b; x; test_t <- b x"), "@a", "a b test_t x");
    check(&graph("a; b; test_t <- a b"), "+test_t", "a b test_t");
}

const TESTED: &str = "
    raw.x -> a -> b -> c
    not_null_a <- a
    not_null_b <- b
    test_ab <- a b
    test_bc <- b c
    test_xc <- raw.x c";

#[test]
fn without_a_selector_everything_is_selected() {
    let all = "raw.x a b c not_null_a not_null_b test_ab test_bc test_xc";
    for mode in IndirectSelection::ALL {
        check_tests(mode, &graph(TESTED), "", "", all);
    }
}

#[test]
fn eager_takes_a_test_with_any_of_its_nodes() {
    check_tests(Eager, &graph(TESTED), "a", "", "a not_null_a test_ab");
    check_tests(Eager, &graph(TESTED), "+b", "", "raw.x a b not_null_a not_null_b test_ab test_bc test_xc");
    check_tests(Eager, &graph(TESTED), "source:raw", "", "raw.x test_xc");
}

#[test]
fn cautious_takes_a_test_with_all_of_its_nodes() {
    check_tests(Cautious, &graph(TESTED), "a", "", "a not_null_a");
    check_tests(Cautious, &graph(TESTED), "a b", "", "a b not_null_a not_null_b test_ab");
    check_tests(Cautious, &graph(TESTED), "b+", "", "b c not_null_b test_ab test_bc test_xc");
}

#[test]
fn buildable_takes_a_test_whose_nodes_are_there_or_needed() {
    check_tests(Buildable, &graph(TESTED), "a", "", "a not_null_a");
    check_tests(Buildable, &graph(TESTED), "b", "", "b not_null_b test_ab");
    check_tests(Buildable, &graph(TESTED), "c", "", "c test_bc test_xc");
}

#[test]
fn empty_takes_no_test() {
    check_tests(Empty, &graph(TESTED), "a b", "", "a b");
}

#[test]
fn a_test_can_be_named() {
    for mode in IndirectSelection::ALL {
        check_tests(mode, &graph(TESTED), "test_ab", "", "test_ab");
        check_tests(mode, &graph(TESTED), "test_type:generic", "", "not_null_a not_null_b");
    }
}

#[test]
fn an_intersection_holds_the_tests_of_all_its_parts() {
    check_tests(Eager, &graph(TESTED), "a,test_type:singular", "", "test_ab");
    check_tests(Eager, &graph(TESTED), "a,b", "", "test_ab");
    check_tests(Cautious, &graph(TESTED), "a+,+b", "", "a b not_null_a not_null_b test_ab");
}

#[test]
fn an_excluded_node_takes_its_tests_with_it() {
    check_tests(Eager, &graph(TESTED), "", "a", "raw.x b c not_null_b test_bc test_xc");
    check_tests(Eager, &graph(TESTED), "a b", "b", "a not_null_a");
    check_tests(Eager, &graph(TESTED), "b", "test_ab", "b not_null_b test_bc");
    check_tests(Eager, &graph(TESTED), "+c", "1+b", "raw.x c test_xc");
}

#[test]
fn what_an_exclusion_takes_with_it_follows_the_mode_as_in_dbt() {
    check_tests(Cautious, &graph(TESTED), "", "a", "raw.x b c not_null_b test_ab test_bc test_xc");
    check_tests(Empty, &graph(TESTED), "", "a", "raw.x b c not_null_a not_null_b test_ab test_bc test_xc");
    check_tests(Buildable, &graph(TESTED), "a b c", "b", "a c not_null_a test_bc test_xc");
}

#[test]
fn resource_types_narrow_the_result() {
    let graph = graph(TESTED);
    let mut of_types = Selection { resource_types: vec![ResourceType::Model], ..selection("raw.x+") };
    of_types.select = vec!["source:raw+".to_owned()];
    assert_eq!(names(&graph, &of_types), ["a", "b", "c"]);
    of_types.select.clear();
    of_types.resource_types = vec![ResourceType::Source, ResourceType::Model];
    assert_eq!(names(&graph, &of_types), ["a", "b", "c", "raw.x"]);
}

#[test]
fn several_values_are_one_selector() {
    let graph = graph("a -> b -> c");
    let select = vec!["a".to_owned(), "c b".to_owned()];
    assert_eq!(names(&graph, &Selection { select, ..Selection::default() }), ["a", "b", "c"]);
}

fn lines(selection: &Selection, graph: &Graph) -> Vec<String> {
    let (nodes, found) = select(selection, graph);
    assert!(nodes.is_empty());
    found.iter().map(|it| format!("{}: {}", it.severity.as_str(), it.one_line())).collect()
}

#[test]
fn what_fits_nothing_is_a_warning_and_the_rest_stands() {
    let graph = graph("orders -> b");
    let (nodes, found) = select(&selection("b order"), &graph);
    assert_eq!(nodes.len(), 1);
    assert_eq!(found.warnings(), 1);
    assert_eq!(
        found.iter().next().unwrap().one_line(),
        "--select:1:3: `--select order` matches no nodes; did you mean `orders`?"
    );
}

#[test]
fn each_part_of_an_intersection_is_told_of() {
    let graph = graph("a; b; b: tags=[\"x\"]");
    assert_eq!(
        lines(&selection("a,tag:x"), &graph),
        ["warning: --select:1:1: `--select a,tag:x` matches no nodes; \
          each part fits something, but nothing fits all of them"]
    );
    assert_eq!(
        lines(&selection("a,tag:nope"), &graph),
        ["warning: --select:1:3: `--select tag:nope` matches no nodes"]
    );
}

#[test]
fn an_exclusion_that_fits_nothing_is_told_of_too() {
    let graph = graph("a -> b");
    let selection = Selection { exclude: vec!["nope".to_owned()], ..Selection::default() };
    let (nodes, found) = select(&selection, &graph);
    assert_eq!(nodes.len(), 2);
    assert_eq!(found.iter().next().unwrap().one_line(), "--exclude:1:1: `--exclude nope` matches no nodes");
}

#[test]
fn an_empty_text_is_not_everything() {
    let expected = "warning: `--select` is empty and matches no nodes; leave `--select` away, or say what to match";
    assert_eq!(lines(&selection(""), &graph("a -> b")), [expected]);
}

#[test]
fn mistakes_in_both_options_are_told_at_once() {
    let selection = Selection { exclude: vec!["tga:x".to_owned()], ..selection("state:modifed") };
    let lines = lines(&selection, &graph("a -> b"));
    assert_eq!(
        lines,
        [
            "error: --select:1:1: there is no state `modifed`; did you mean `modified`?",
            "error: --exclude:1:1: there is no selector method `tga`; did you mean `tag`?"
        ]
    );
}
