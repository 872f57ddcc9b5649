//! `test_type:generic`: tests by how they are written. `generic` (or `schema`): uses of a kind of test; `singular`:
//! queries in files of their own; `data`: both; `unit`: unit tests.

use crate::diagnostics::{Code, Diagnostic, closest};
use crate::graph::Node;
use crate::parse::{NodeKind, TestForm};
use crate::select::Surroundings;
use crate::select::methods::{Method, Wanted};

const KNOWN: &[&str] = &["data", "generic", "schema", "singular", "unit"];

#[derive(Debug)]
pub(super) struct TestType;

impl Method for TestType {
    fn name(&self) -> &'static str {
        "test_type"
    }

    fn check(&self, wanted: &Wanted<'_>) -> Result<(), Diagnostic> {
        if KNOWN.contains(&wanted.value) {
            return Ok(());
        }
        Err(Diagnostic::error(Code::BadSelector, format!("there is no test type `{}`", wanted.value))
            .help_if(closest(wanted.value, KNOWN.iter().copied()), |it| format!("did you mean `{it}`?"))
            .note(format!("there are {}", KNOWN.join(", "))))
    }

    fn fits(&self, wanted: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> bool {
        types(node).contains(&wanted.value)
    }

    fn values(&self, _: &Wanted<'_>, node: &Node, _: &Surroundings<'_>) -> Vec<String> {
        types(node).iter().map(|it| (*it).to_owned()).collect()
    }
}

fn types(node: &Node) -> &'static [&'static str] {
    match &node.facts.kind {
        NodeKind::Test(test) => match test.form {
            TestForm::Generic { .. } => &["data", "generic", "schema"],
            TestForm::Singular => &["data", "singular"],
        },
        NodeKind::UnitTest(_) => &["unit"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use crate::select::tests::{check, check_refused, graph};

    const TESTS: &str = "a -> not_null_a; a -> test_a; a -> unit_test_a";

    #[test]
    fn each_type() {
        check(&graph(TESTS), "test_type:generic", "not_null_a");
        check(&graph(TESTS), "test_type:schema", "not_null_a");
        check(&graph(TESTS), "test_type:singular", "test_a");
        check(&graph(TESTS), "test_type:data", "not_null_a test_a");
        check(&graph(TESTS), "test_type:unit", "unit_test_a");
    }

    #[test]
    fn mistakes() {
        check_refused("test_type:generics", "test_type:generics", "did you mean `generic`?");
    }
}
