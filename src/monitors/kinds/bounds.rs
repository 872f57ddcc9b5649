//! `bounds`: an aggregate over a relation that must be true, or lie between two numbers.

use std::sync::Arc;

use super::{Kind, Watch};
use crate::diagnostics::{Code, Diagnostic};
use crate::jinja::Cell;
use crate::monitors::answers::{Answer, Around, Asked, MustBe, Piece, Question, ValueType, number};
use crate::monitors::checks::{Check, Status};
use crate::monitors::fields::Fields;
use crate::monitors::shown;
use crate::monitors::windows::{Windows, within};
use crate::project::Located;

#[derive(Debug)]
pub(super) struct Bounds;

#[derive(Debug)]
struct Watching {
    relation: Located<String>,
    windows: Windows,
    expression: Located<String>,
    min: Option<f64>,
    max: Option<f64>,
}

impl Kind for Bounds {
    fn name(&self) -> &'static str {
        "bounds"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["expression", "max", "min", "relation", "time", "where", "window"]
    }

    fn read(&self, fields: &mut Fields<'_>) -> Option<Arc<dyn Watch>> {
        let relation = fields.required("relation", "write `relation: ref('model')` or `source('source', 'table')`");
        let expression =
            fields.required("expression", "write an aggregate: `sum(revenue) > 0`, or one with `min` and `max`");
        let (windows, min, max) = (Windows::read(fields), fields.number("min"), fields.number("max"));
        Some(Arc::new(Watching { relation: relation?, expression: expression?, windows, min, max }))
    }
}

impl Watching {
    fn expected(&self) -> String {
        let bounds = shown::bounds(self.min, self.max, shown::number);
        if bounds.is_empty() { "true".to_owned() } else { bounds }
    }
}

impl Watch for Watching {
    fn relation(&self) -> Option<&Located<String>> {
        Some(&self.relation)
    }

    fn pieces(&self) -> Vec<Piece> {
        let bounded = self.min.is_some() || self.max.is_some();
        let must_be = if bounded { MustBe::Number } else { MustBe::Anything };
        let mut pieces = vec![Piece { sql: self.expression.clone(), key: "expression", must_be }];
        pieces.extend(self.windows.pieces());
        pieces
    }

    fn questions(&self, around: &Around<'_>) -> Result<Vec<Question>, Diagnostic> {
        let place = self.expression.span.clone();
        let bounded = self.min.is_some() || self.max.is_some();
        if !bounded && around.types.first() != Some(&ValueType::Boolean) {
            let words = format!("`{}` is neither true nor false, and has no bounds", self.expression.value.trim());
            let problem = Diagnostic::error(Code::MissingKey, words).at(place);
            return Err(problem.help("add `min: …` or `max: …`, or write a comparison: `sum(revenue) > 0`"));
        }
        let time = self.windows.time.iter().map(|it| within(&it.value, self.windows.judged(around.now)));
        let condition = self.windows.condition(&time.collect::<Vec<_>>());
        let sql = format!("select ({}) as measure\nfrom {}{condition}", self.expression.value, around.relation);
        Ok(vec![Question { asked: Asked::Row(sql), place }])
    }

    fn judge(&self, around: &Around<'_>, answers: &[Answer]) -> Vec<Check> {
        let cell = answers.first().and_then(|it| it.row().first());
        let subject =
            format!("{} of {}", self.expression.value.split_whitespace().collect::<Vec<_>>().join(" "), around.shown);
        let check = |status, measured: String| Check::new(&subject, status, measured, self.expected());
        let Some(value) = number(cell) else {
            // A sum over no rows is null, and nobody would call that within bounds.
            return vec![check(Status::Fail, "nothing: there are no rows, or only nulls".to_owned())];
        };
        let check = match cell {
            Some(Cell::Boolean(value)) if self.min.is_none() && self.max.is_none() => {
                check(if *value { Status::Pass } else { Status::Fail }, value.to_string())
            }
            _ => {
                let is_good = self.min.is_none_or(|it| value >= it) && self.max.is_none_or(|it| value <= it);
                check(if is_good { Status::Pass } else { Status::Fail }, shown::number(value))
            }
        };
        vec![check.value(value).between(self.min, self.max)]
    }
}
