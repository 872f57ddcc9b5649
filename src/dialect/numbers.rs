//! Floating-point numbers beside decimals: together they are floating-point in DuckDB, decimals in the engine.

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::{Expr, ExprSchemable, cast};

/// Functions whose arguments get one type.
const OF_ONE_TYPE: [&str; 4] = ["coalesce", "greatest", "least", "nullif"];

/// Gives the branches of a `case`, and the arguments of such functions, one kind of number.
pub(super) fn settle(expression: Expr, schema: &DFSchema) -> Transformed<Expr> {
    match expression {
        Expr::Case(mut case) => {
            let values = case.when_then_expr.iter_mut().map(|(_, then)| then.as_mut());
            let values: Vec<&mut Expr> = values.chain(case.else_expr.as_deref_mut()).collect();
            let changed = to_one_kind(values, schema);
            changed_or_not(Expr::Case(case), changed)
        }
        Expr::ScalarFunction(mut function) if OF_ONE_TYPE.contains(&function.func.name()) => {
            let changed = to_one_kind(function.args.iter_mut().collect(), schema);
            changed_or_not(Expr::ScalarFunction(function), changed)
        }
        other => Transformed::no(other),
    }
}

fn changed_or_not(expression: Expr, changed: bool) -> Transformed<Expr> {
    if changed { Transformed::yes(expression) } else { Transformed::no(expression) }
}

fn to_one_kind(values: Vec<&mut Expr>, schema: &DFSchema) -> bool {
    // What has no type yet is the engine's to judge.
    let Ok(types) = values.iter().map(|it| it.get_type(schema)).collect::<Result<Vec<DataType>, _>>() else {
        return false;
    };
    let has_floats = types.iter().any(DataType::is_floating);
    let mut changed = false;
    for (value, _) in values.into_iter().zip(types).filter(|(_, it)| has_floats && it.is_decimal()) {
        *value = cast(std::mem::take(value), DataType::Float64);
        changed = true;
    }
    changed
}
