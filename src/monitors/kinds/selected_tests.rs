//! `tests`: tests of the project, by the selection language; their verdicts are its own.

use std::sync::Arc;

use super::{Kind, Watch};
use crate::diagnostics::{Diagnostic, Span};
use crate::monitors::answers::{Answer, Around, Asked, Piece, Question, TestEnd, TestSelection};
use crate::monitors::checks::{Check, Status};
use crate::monitors::fields::Fields;
use crate::monitors::shown;
use crate::project::Located;

#[derive(Debug)]
pub(super) struct SelectedTests;

#[derive(Debug)]
struct Watching {
    select: Vec<Located<String>>,
    exclude: Vec<Located<String>>,
    place: Span,
}

impl Kind for SelectedTests {
    fn name(&self) -> &'static str {
        "tests"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["exclude", "select"]
    }

    fn read(&self, fields: &mut Fields<'_>) -> Option<Arc<dyn Watch>> {
        let (select, exclude) = (fields.texts("select"), fields.texts("exclude"));
        if select.is_empty() {
            fields.missing(&["select"], "say which tests: `select: tag:hourly`");
            return None;
        }
        let place = select.first().map_or_else(|| fields.place(), |it| it.span.clone());
        Some(Arc::new(Watching { select, exclude, place }))
    }
}

impl Watch for Watching {
    fn relation(&self) -> Option<&Located<String>> {
        None
    }

    fn pieces(&self) -> Vec<Piece> {
        Vec::new()
    }

    fn tests(&self) -> Option<TestSelection> {
        let texts = |it: &[Located<String>]| it.iter().map(|it| it.value.clone()).collect();
        Some(TestSelection { select: texts(&self.select), exclude: texts(&self.exclude), place: self.place.clone() })
    }

    fn questions(&self, _: &Around<'_>) -> Result<Vec<Question>, Diagnostic> {
        Ok(vec![Question { asked: Asked::Tests, place: self.place.clone() }])
    }

    fn judge(&self, _: &Around<'_>, answers: &[Answer]) -> Vec<Check> {
        match answers.first() {
            Some(Answer::Tests(ends)) if !ends.is_empty() => ends.iter().map(check).collect(),
            _ => vec![Check::new("tests", Status::Unknown, "none are selected", "")],
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts that many failures")]
fn check(end: &TestEnd) -> Check {
    let status = match end.status {
        "pass" => Status::Pass,
        "warn" => Status::Warn,
        "fail" => Status::Fail,
        _ => Status::Error,
    };
    let failures = end.failures.map(|it| it as f64);
    let measured = match (&end.problem, failures) {
        (Some(problem), _) => problem.clone(),
        (None, Some(failures)) => shown::counted(failures, "failure"),
        (None, None) => end.status.to_owned(),
    };
    let check = Check::new(&end.name, status, measured, "the test's own verdict");
    Check { value: failures, ..check }
}
