//! What selectors take from graphs. The methods' own tests use these helpers too.

mod sketch;

pub(super) use sketch::graph;

use std::collections::BTreeSet;

use crate::diagnostics::Code;
use crate::graph::{Graph, Node};
use crate::parse::{NodeId, NodeKind, ResourceType};
use crate::select::{IndirectSelection, Knowledge, Selection, State, parse};

fn select(selection: &Selection, graph: &Graph) -> (BTreeSet<NodeId>, crate::diagnostics::Diagnostics) {
    crate::select::select(selection, graph, &Knowledge::default())
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
