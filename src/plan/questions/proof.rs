//! Whether what is known of a relation's rows leaves a question no other answer than 'none'.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, TableScan};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;

use super::facts::{Facts, Tables, of_relation};
use super::question::{Question, Wanted, tested_schema};
use super::values::of_expression;
use crate::data_tests::Proof;
use crate::plan::Session;

/// Why there can be no failures; `None` where there may be.
pub(in crate::plan) fn proof(question: &Question, tables: Tables, session: &Session) -> Option<Proof> {
    let facts = of_relation(&question.scan, tables);
    let schema = tested_schema(&question.scan)?;
    match &question.wanted {
        Wanted::Rows { condition, .. } | Wanted::Orphans { condition, .. } => {
            never_holds(condition, &schema, &facts, session)
        }
        Wanted::Repeats { condition, key } => {
            let proof = never_holds(condition, &schema, &facts, session);
            proof.or_else(|| is_key(key, &question.scan, &schema, &facts))
        }
        Wanted::Totals { .. } => None,
    }
}

fn never_holds(condition: &Expr, schema: &DFSchema, facts: &Facts, session: &Session) -> Option<Proof> {
    let conditions: Vec<&Expr> = split_conjunction(condition);
    let null = conditions.iter().find_map(|it| match it {
        Expr::IsNull(inner) if of_expression(inner, schema, &facts.columns).never_null => Some(name(inner)),
        _ => None,
    });
    if let Some(column) = null {
        return Some(Proof::NeverNull { column });
    }
    // All that is said about one column, for each value that it can have.
    let mut tried = BTreeSet::new();
    for condition in &conditions {
        let [column] = condition.column_refs().into_iter().collect::<Vec<_>>()[..] else { continue };
        let Some(at) = schema.maybe_index_of_column(column).filter(|it| tried.insert(*it)) else { continue };
        let known = facts.columns.get(at)?;
        let Some(values) = &known.values else { continue };
        let about = conditions.iter().filter(|it| it.column_refs().iter().all(|it| *it == column));
        let about = conjunction(about.map(|it| (*it).clone()))?;
        let null = ScalarValue::try_from(schema.field(at).data_type()).ok()?;
        let null = if known.never_null { None } else { Some(null) };
        let holds = |value: &ScalarValue| can_hold(&about, value, schema, at, session);
        if !values.iter().chain(&null).any(holds) {
            return Some(Proof::Values { column: column.name.clone() });
        }
    }
    None
}

/// Whether a condition about one column may hold for a value of it.
fn can_hold(condition: &Expr, value: &ScalarValue, schema: &DFSchema, at: usize, session: &Session) -> bool {
    let Ok(value) = value.cast_to(schema.field(at).data_type()) else { return true };
    let placed = condition.clone().transform_up(|expr| match expr {
        Expr::Column(_) => Ok(Transformed::yes(Expr::Literal(value.clone(), None))),
        other => Ok(Transformed::no(other)),
    });
    let options = Arc::clone(session.state().config_options());
    let simplifier = ExprSimplifier::new(SimplifyContext::builder().with_config_options(options).build());
    match placed.and_then(|it| simplifier.simplify(it.data)) {
        Ok(Expr::Literal(ScalarValue::Boolean(Some(false)) | ScalarValue::Boolean(None) | ScalarValue::Null, _)) => {
            false
        }
        // What can't be worked out here may hold.
        _ => true,
    }
}

fn is_key(key: &[Expr], scan: &TableScan, schema: &DFSchema, facts: &Facts) -> Option<Proof> {
    let column = |expr: &Expr| match expr {
        Expr::Column(column) => schema.maybe_index_of_column(column),
        _ => None,
    };
    // An expression beside columns that are a key already does no harm.
    let tested: BTreeSet<usize> = key.iter().filter_map(column).collect();
    let (columns, because) = facts.keys.iter().find(|(columns, _)| columns.is_subset(&tested))?;
    let name = |at: &usize| scan.projected_schema.field(*at).name().clone();
    Some(Proof::Key { columns: columns.iter().map(name).collect(), because: *because })
}

fn name(expr: &Expr) -> String {
    match expr {
        Expr::Column(column) => column.name.clone(),
        Expr::Cast(cast) => name(&cast.expr),
        other => other.schema_name().to_string(),
    }
}
