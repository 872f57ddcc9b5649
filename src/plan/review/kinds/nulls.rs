//! Comparisons with `null`: they are never true, and never false either.

use datafusion::logical_expr::Operator;

use super::super::comparison::{Comparison, Form};
use super::super::finding::{Finding, Place, name};
use super::super::{Review, Step};
use crate::diagnostics::Code;

pub(super) struct Nulls;

impl Review for Nulls {
    fn comparison(&self, comparison: &Comparison<'_>, _step: &Step<'_>, found: &mut Vec<Finding>) {
        if !comparison.value.is_null() {
            return;
        }
        let subject = name(comparison.subject);
        let bare = subject.trim_matches('`');
        let (words, help) = match comparison.form {
            Form::Operator(Operator::NotEq) => (
                format!("{subject} is compared with `null`, which is never true"),
                format!("write `{bare} is not null`"),
            ),
            Form::Operator(_) => {
                (format!("{subject} is compared with `null`, which is never true"), format!("write `{bare} is null`"))
            }
            Form::NotIn => (
                format!("`not in` is never true with a `null` in its list, whatever {subject} is"),
                "take the `null` out of the list".to_owned(),
            ),
            Form::When => (
                format!("{subject} is compared with `null`, which never matches"),
                format!("write `case when {bare} is null then …`"),
            ),
            Form::Between => (
                format!("{subject} is compared with `null`, which is never true"),
                "write a bound that is there".to_owned(),
            ),
            // The other values of the list are looked for all the same.
            Form::In => return,
        };
        let Some(place) = Place::of(comparison) else { return };
        found.push(Finding::warning(Code::ComparedWithNull, words, place).help(help));
    }
}
