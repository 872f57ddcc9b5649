//! Types that the user's words settle, before the engine settles the rest: casts to integers round in DuckDB and
//! PostgreSQL, where the engine cuts off, and a time's text has a space; and digits to round to are known as such while plans are made.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::functions::expr_fn::{replace, round, rtrim, strpos};
use datafusion::logical_expr::Case;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, lit};

/// Settles what a whole plan casts and rounds.
pub(super) fn settle(plan: LogicalPlan, standard_casts: bool) -> Result<LogicalPlan> {
    let transformed = plan.transform_up_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        for input in node.inputs() {
            schema.merge(input.schema());
        }
        // Nodes above know a column by what it was computed with.
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expression| {
            let name = names.save(&expression);
            let settled = expression.transform_up(|it| {
                let it = if standard_casts { standard_cast(it, &schema) } else { Transformed::no(it) };
                it.transform_data(|it| Ok(plain_digits(it)))
            })?;
            Ok(settled.update_data(|it| name.restore(it)))
        })?;
        if node.transformed { Ok(Transformed::yes(node.data.recompute_schema()?)) } else { Ok(node) }
    })?;
    Ok(transformed.data)
}

fn standard_cast(expression: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let rounds = |to: &DataType, from: &Expr| {
        to.is_integer() && from.get_type(schema).is_ok_and(|it| it.is_floating() || is_decimal_fraction(&it))
    };
    match expression {
        Expr::Cast(cast)
            if cast.field.data_type().is_string() && cast.expr.get_type(schema).is_ok_and(|it| is_time(&it)) =>
        {
            Transformed::yes(time_as_text(Expr::Cast(cast)))
        }
        Expr::Cast(mut cast) if rounds(cast.field.data_type(), &cast.expr) => {
            cast.expr = Box::new(round(vec![*cast.expr]));
            Transformed::yes(Expr::Cast(cast))
        }
        Expr::TryCast(mut cast) if rounds(cast.field.data_type(), &cast.expr) => {
            cast.expr = Box::new(round(vec![*cast.expr]));
            Transformed::yes(Expr::TryCast(cast))
        }
        other => Transformed::no(other),
    }
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, None))
}

/// `2026-01-01 10:00:00.5`, where the engine writes `2026-01-01T10:00:00.500`: keys are made of such texts.
fn time_as_text(iso: Expr) -> Expr {
    let text = replace(iso, lit("T"), lit(" "));
    let has_fraction = strpos(text.clone(), lit(".")).gt(lit(0));
    let parts = vec![(Box::new(has_fraction), Box::new(rtrim(vec![text.clone(), lit("0")])))];
    Expr::Case(Case::new(None, parts, Some(Box::new(text))))
}

fn is_decimal_fraction(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) if *scale > 0)
}

/// `round(price, 2)`: the engine casts the 2, plans a type for any number of digits, and then computes another type.
fn plain_digits(expression: Expr) -> Transformed<Expr> {
    match expression {
        Expr::ScalarFunction(mut function) if function.name() == "round" => {
            let number = match function.args.get(1) {
                Some(Expr::Literal(ScalarValue::Int64(Some(number)), _)) => i32::try_from(*number).ok(),
                _ => None,
            };
            let Some(number) = number else { return Transformed::no(Expr::ScalarFunction(function)) };
            function.args[1] = Expr::Literal(ScalarValue::Int32(Some(number)), None);
            Transformed::yes(Expr::ScalarFunction(function))
        }
        other => Transformed::no(other),
    }
}
