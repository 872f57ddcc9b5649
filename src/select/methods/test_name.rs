//! `test_name:not_null`: tests by the kind of test that they use, whatever they test, and unit tests by their names.
//! Not by a data test's own name.

use crate::graph::Node;
use crate::parse::{NodeKind, TestForm};
use crate::select::methods::{Method, Wanted};
use crate::select::{Surroundings, wildcard};

#[derive(Debug)]
pub(super) struct TestName;

impl Method for TestName {
    fn name(&self) -> &'static str {
        "test_name"
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        kind(node).is_some_and(|it| wildcard::fits(wanted.value, it))
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        kind(node).map(str::to_owned).into_iter().collect()
    }
}

fn kind(node: &Node) -> Option<&str> {
    match &node.facts.kind {
        NodeKind::Test(test) => match &test.form {
            TestForm::Generic { kind, .. } => Some(kind),
            TestForm::Singular => None,
        },
        NodeKind::UnitTest(_) => Some(&node.facts.name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_hint, graph};

    const TESTS: &str = "a -> not_null_a; a -> unique_a; a -> test_a; b -> not_null_b; b -> unit_test_b";

    #[test]
    fn by_kind_or_pattern() {
        check(&graph(TESTS), "test_name:not_null", "not_null_a not_null_b");
        check(&graph(TESTS), "test_name:u*", "unique_a unit_test_b");
        check(&graph(TESTS), "a+,test_name:not_null", "not_null_a");
        check(&graph(TESTS), "test_name:test_a", "");
    }

    #[test]
    fn the_nearest_kind_is_offered() {
        check_hint(&graph(TESTS), "test_name:notnull", "did you mean `not_null`?");
    }
}
