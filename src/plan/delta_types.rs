//! Columns of Delta tables: types that these don't have become the nearest that they have.
//! <https://github.com/delta-io/delta/blob/master/PROTOCOL.md#primitive-types>

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Fields, Schema, TimeUnit};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};

use crate::diagnostics::{Code, Diagnostic};
use crate::parse::NodeFacts;
use crate::plan::incremental::problem;
use crate::plan::query::PlannedQuery;
use crate::plan::wording::sql_type;
use crate::warehouse::can_grow;

/// A query as a Delta table can hold its rows.
///
/// # Errors
/// A column of a type that has no counterpart.
pub(super) fn fit(facts: &NodeFacts, query: PlannedQuery) -> Result<PlannedQuery, Diagnostic> {
    let fields: Vec<FieldRef> = query.schema.fields().iter().map(fitting).collect();
    if let Some(column) = fields.iter().find(|it| !can_grow(it)) {
        let kind = sql_type(column.data_type());
        let words = format!("{}: a Delta table can't hold column `{}` of type {kind}", facts.display(), column.name());
        return Err(problem(facts, "table_format", Code::WrongType, words)
            .help(format!("cast `{}` to another type, or leave `table_format: delta` away", column.name())));
    }
    if fields.iter().zip(query.schema.fields()).all(|(new, old)| new == old) {
        return Ok(query);
    }
    let schema = Arc::new(Schema::new(fields));
    let plan = casts(&query.plan, &schema);
    let plan = plan.map_err(|error| {
        let words = format!("{}: {}", facts.display(), error.strip_backtrace());
        problem(facts, "table_format", Code::WrongType, words)
    })?;
    Ok(PlannedQuery { plan, schema, ..query })
}

fn casts(plan: &LogicalPlan, schema: &Schema) -> EngineResult<LogicalPlan> {
    let columns = plan.schema().columns().into_iter().zip(schema.fields());
    let column =
        |(column, field): (_, &FieldRef)| cast(Expr::Column(column), field.data_type().clone()).alias(field.name());
    LogicalPlanBuilder::from(plan.clone()).project(columns.map(column).collect::<Vec<Expr>>())?.build()
}

fn fitting(field: &FieldRef) -> FieldRef {
    Arc::new(field.as_ref().clone().with_data_type(fitting_type(field.data_type())))
}

fn fitting_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 => DataType::Float32,
        DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Date64 => DataType::Date32,
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Dictionary(_, values) => fitting_type(values),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            DataType::List(fitting(item))
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(fitting).collect::<Fields>()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn what_fits_can_be_held() {
        let list = |item: DataType| DataType::List(Arc::new(Field::new("item", item, true)));
        let times = DataType::Timestamp(TimeUnit::Nanosecond, None);
        for data_type in [DataType::UInt64, DataType::Utf8View, DataType::Null, times.clone(), list(times)] {
            let field = Arc::new(Field::new("a", data_type, true));
            assert!(can_grow(&fitting(&field)), "{field:?}");
        }
        let field = Arc::new(Field::new("a", DataType::Time64(TimeUnit::Microsecond), true));
        assert!(!can_grow(&fitting(&field)));
    }
}
