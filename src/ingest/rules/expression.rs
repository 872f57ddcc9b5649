//! `expression: "ends_at >= starts_at"`: SQL over the row's columns is not false. As in a `check` constraint, null is not
//! false.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::not;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::PhysicalExpr;

use super::{Check, Rule, RuleKind, RuleOf, Values, known};
use crate::diagnostics::Diagnostic;

pub(super) struct Expression;

impl RuleKind for Expression {
    fn name(&self) -> &'static str {
        "expression"
    }

    fn read(&self, of: &RuleOf<'_>) -> Result<Rule, Diagnostic> {
        let sql =
            of.arguments.value.as_str().ok_or_else(|| {
                of.problem("`expression` must be given SQL").help("write `expression: \"amount >= 0\"`")
            })?;
        let compiled = of.expressions.compile(sql, &of.arguments.span)?;
        Ok(Rule::Checks(Arc::new(Holds { compiled, words: format!("breaks {sql}") })))
    }
}

struct Holds {
    compiled: Arc<dyn PhysicalExpr>,
    words: String,
}

impl Holds {
    fn broken_in(&self, rows: &RecordBatch) -> Result<BooleanArray, DataFusionError> {
        let good = self.compiled.evaluate(rows)?.into_array(rows.num_rows())?;
        Ok(known(not(good.as_boolean())?))
    }
}

impl Check for Holds {
    fn broken(&self, values: &Values<'_>) -> Result<BooleanArray, ArrowError> {
        if let Ok(broken) = self.broken_in(values.rows) {
            return Ok(broken);
        }
        // One row of which it can't be computed, such as by a division by zero, must not take all others down.
        let one = |at: usize| match self.broken_in(&values.rows.slice(at, 1)) {
            Ok(broken) => broken.is_empty() || broken.value(0),
            Err(_) => true,
        };
        Ok((0..values.rows.num_rows()).map(|at| Some(one(at))).collect())
    }

    fn words(&self) -> &str {
        &self.words
    }
}
