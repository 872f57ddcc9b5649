//! Columns of `union` whose sides are floating-point numbers and decimals: floating-point in DuckDB, decimals in the
//! engine.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Union, cast};

/// Settles the types of such columns. For a plan whose types are not settled yet.
pub(super) fn settle(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut changed = false;
    let settled = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Union(union) => {
            let wanted = wanted(&union);
            if wanted.iter().all(Option::is_none) {
                return Ok(Transformed::no(LogicalPlan::Union(union)));
            }
            changed = true;
            let inputs: Result<Vec<_>> = union.inputs.iter().map(|it| with_types(it, &wanted).map(Arc::new)).collect();
            Ok(Transformed::yes(LogicalPlan::Union(Union::try_new_with_loose_types(inputs?)?)))
        }
        // What stands above has the old types in its schema.
        node if changed => Ok(Transformed::yes(node.recompute_schema()?)),
        node => Ok(Transformed::no(node)),
    })?;
    Ok(settled.data)
}

/// The type that each column should have, where the engine would choose another one.
fn wanted(union: &Union) -> Vec<Option<DataType>> {
    let of = |at: usize| {
        let types = || union.inputs.iter().filter_map(move |it| it.schema().fields().get(at).map(|it| it.data_type()));
        let widest = types().filter(|it| it.is_floating()).max_by_key(|it| it.primitive_width())?.clone();
        types().any(DataType::is_decimal).then_some(widest)
    };
    (0..union.schema.fields().len()).map(of).collect()
}

fn with_types(input: &Arc<LogicalPlan>, wanted: &[Option<DataType>]) -> Result<LogicalPlan> {
    let column = |((qualifier, field), wanted): ((Option<&_>, &arrow::datatypes::FieldRef), &Option<DataType>)| {
        let column = Expr::from((qualifier, field));
        match wanted {
            Some(wanted) if wanted != field.data_type() => cast(column, wanted.clone()).alias(field.name()),
            _ => column,
        }
    };
    let columns: Vec<Expr> = input.schema().iter().zip(wanted).map(column).collect();
    LogicalPlanBuilder::from(Arc::clone(input)).project(columns)?.build()
}
