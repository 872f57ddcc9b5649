//! A column that can have a few values only, because a `case` or a `union` gives them, compared with another one.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Operator};

use super::super::comparison::{Comparison, Form};
use super::super::finding::{Finding, Place, name};
use super::super::{Review, Step};
use crate::diagnostics::{Code, closest};
use crate::plan::questions::known_values;

pub(super) struct KnownValues;

impl Review for KnownValues {
    fn comparison(&self, comparison: &Comparison<'_>, step: &Step<'_>, found: &mut Vec<Finding>) {
        if !matches!(comparison.form, Form::Operator(Operator::Eq) | Form::In | Form::When) {
            return;
        }
        let (Expr::Column(column), Some(text)) = (comparison.subject, comparison.value.try_as_str().flatten()) else {
            return;
        };
        let of = step.node.inputs().into_iter().find(|it| it.schema().has_column(column));
        let Some(values) = of.and_then(|it| known_values(it, column)).filter(|it| !it.is_empty()) else { return };
        let texts: Option<Vec<&str>> = values.iter().map(|it: &ScalarValue| it.try_as_str().flatten()).collect();
        let Some(mut texts) = texts.filter(|it| !it.contains(&text)) else { return };
        texts.sort_unstable();
        let Some(place) = Place::of(comparison) else { return };
        let listed = texts.iter().take(12).map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", ");
        let more = texts.len().checked_sub(12).filter(|it| *it > 0).map(|it| format!(" and {it} more"));
        let words = format!("{} is never '{text}'", name(comparison.subject));
        let mut finding = Finding::warning(Code::NeverTrue, words, place)
            .note(format!("it can be: {listed}{}", more.unwrap_or_default()));
        if let Some(meant) = closest(text, texts.iter().copied()) {
            finding = finding.help(format!("did you mean '{meant}'?"));
        }
        found.push(finding);
    }
}
