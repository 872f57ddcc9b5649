//! Expressions: what they compute from the columns at their place, whatever these are called.

use arrow::util::display::array_value_to_string;
use datafusion::common::{Column, DFSchemaRef, ScalarValue};
use datafusion::logical_expr::expr::{Case, GroupingSet, Like, WindowFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, Volatility};

use recursive::recursive;

use super::shape::Shape;
use super::{Leaves, Untold, Walk};
use crate::reuse::Digest;

/// Where an expression stands: the columns that it may name.
pub(super) struct At<'a> {
    schema: &'a DFSchemaRef,
    columns: &'a [Digest],
}

impl<'a> At<'a> {
    pub(super) fn new(schema: &'a DFSchemaRef, shape: &'a Shape) -> At<'a> {
        At { schema, columns: &shape.columns }
    }

    fn column(&self, column: &Column) -> Option<&Digest> {
        self.columns.get(self.schema.maybe_index_of_column(column)?)
    }
}

impl Walk<'_> {
    /// The conditions that must all hold where this one does.
    pub(super) fn conditions(&mut self, predicate: &Expr, at: &At<'_>) -> Result<Vec<Digest>, Untold> {
        match predicate {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                let mut all = self.conditions(left, at)?;
                all.extend(self.conditions(right, at)?);
                Ok(all)
            }
            Expr::Alias(it) => self.conditions(&it.expr, at),
            other => Ok(vec![self.expression(other, at)?]),
        }
    }

    /// What an expression computes.
    #[recursive]
    pub(super) fn expression(&mut self, expression: &Expr, at: &At<'_>) -> Result<Digest, Untold> {
        Ok(match expression {
            Expr::Alias(it) => self.expression(&it.expr, at)?,
            Expr::Column(column) => {
                let digest = at.column(column).cloned();
                let digest = digest.ok_or_else(|| Untold(format!("the plan has no column `{}`", column.name)))?;
                self.is_read(&digest);
                digest
            }
            Expr::OuterReferenceColumn(_, column) => {
                let around = self.outer.iter().rev();
                let found = around.filter_map(|(schema, columns)| At { schema, columns }.column(column).cloned());
                let digest = { found }.next();
                let digest = digest.ok_or_else(|| Untold(format!("the plan has no column `{}`", column.name)))?;
                self.is_read(&digest);
                Digest::of("outer", [&digest])
            }
            Expr::Literal(value, _) => literal(value)?,
            Expr::BinaryExpr(it) => self.binary(it, at)?,
            Expr::Like(it) => self.like("like", it, at)?,
            Expr::SimilarTo(it) => self.like("similar to", it, at)?,
            Expr::Not(it) => self.unary("not", it, at)?,
            Expr::IsNotNull(it) => self.unary("is not null", it, at)?,
            Expr::IsNull(it) => self.unary("is null", it, at)?,
            Expr::IsTrue(it) => self.unary("is true", it, at)?,
            Expr::IsFalse(it) => self.unary("is false", it, at)?,
            Expr::IsUnknown(it) => self.unary("is unknown", it, at)?,
            Expr::IsNotTrue(it) => self.unary("is not true", it, at)?,
            Expr::IsNotFalse(it) => self.unary("is not false", it, at)?,
            Expr::IsNotUnknown(it) => self.unary("is not unknown", it, at)?,
            Expr::Negative(it) => self.unary("-", it, at)?,
            Expr::Between(it) => {
                let parts = self.each([it.expr.as_ref(), it.low.as_ref(), it.high.as_ref()], at)?;
                Digest::of(if it.negated { "not between" } else { "between" }, &parts)
            }
            Expr::Case(it) => self.case(it, at)?,
            Expr::Cast(it) => {
                let data_type = Digest::text("type", &it.field.data_type().to_string());
                Digest::of("cast", [&self.expression(&it.expr, at)?, &data_type])
            }
            Expr::TryCast(it) => {
                let data_type = Digest::text("type", &it.field.data_type().to_string());
                Digest::of("try cast", [&self.expression(&it.expr, at)?, &data_type])
            }
            Expr::ScalarFunction(it) => {
                self.constant(it.name(), it.func.signature().volatility)?;
                let arguments = self.all(&it.args, at)?;
                self.call(it.name(), &arguments)
            }
            Expr::HigherOrderFunction(it) => {
                self.constant(it.func.name(), it.func.signature().volatility)?;
                let arguments = self.all(&it.args, at)?;
                self.call(it.func.name(), &arguments)
            }
            Expr::Lambda(it) => {
                let parameters = Digest::texts("parameters", it.params.iter().map(String::as_str));
                Digest::of("lambda", [&parameters, &self.expression(&it.body, at)?])
            }
            Expr::LambdaVariable(it) => Digest::text("parameter", &it.name),
            Expr::AggregateFunction(it) => {
                self.constant(it.func.name(), it.func.signature().volatility)?;
                let mut parts = self.all(&it.params.args, at)?;
                parts.push(self.filter(it.params.filter.as_deref(), at)?);
                parts.push(self.order(&it.params.order_by, at)?);
                let how = format!("{} {:?}", it.params.distinct, it.params.null_treatment);
                parts.push(Digest::text("how", &how));
                self.call(it.func.name(), &parts)
            }
            Expr::WindowFunction(it) => self.window_function(it, at)?,
            Expr::InList(it) => {
                let list = self.all(&it.list, at)?;
                let kind = if it.negated { "not in" } else { "in" };
                Digest::of(kind, [&self.expression(&it.expr, at)?, &Digest::of_set("list", &list)])
            }
            Expr::Exists(it) => {
                let rows = self.subquery(&it.subquery.subquery, at)?.rows();
                Digest::of(if it.negated { "not exists" } else { "exists" }, [&rows])
            }
            Expr::InSubquery(it) => {
                let of = self.subquery(&it.subquery.subquery, at)?.all();
                Digest::of(if it.negated { "not in" } else { "in" }, [&self.expression(&it.expr, at)?, &of])
            }
            Expr::SetComparison(it) => {
                let of = self.subquery(&it.subquery.subquery, at)?.all();
                let kind = format!("{} {:?}", it.op, it.quantifier);
                Digest::of(&kind, [&self.expression(&it.expr, at)?, &of])
            }
            Expr::ScalarSubquery(it) => Digest::of("scalar", [&self.subquery(&it.subquery, at)?.all()]),
            Expr::GroupingSet(it) => self.grouping_set(it, at)?,
            Expr::Unnest(it) => {
                let kind = if it.outer { "unnest outer" } else { "unnest" };
                Digest::of(kind, [&self.expression(&it.expr, at)?])
            }
            other => match self.leaves {
                Leaves::Named(_) => Digest::text("other", &other.to_string()),
                Leaves::Identified(_) => return Err(Untold(format!("not known what `{other}` gives"))),
            },
        })
    }

    fn each<const N: usize>(&mut self, parts: [&Expr; N], at: &At<'_>) -> Result<Vec<Digest>, Untold> {
        parts.into_iter().map(|it| self.expression(it, at)).collect()
    }

    fn unary(&mut self, kind: &str, of: &Expr, at: &At<'_>) -> Result<Digest, Untold> {
        Ok(Digest::of(kind, [&self.expression(of, at)?]))
    }

    fn call(&mut self, name: &str, arguments: &[Digest]) -> Digest {
        let name = Digest::text("name", name);
        Digest::of("call", std::iter::once(&name).chain(arguments))
    }

    fn binary(&mut self, it: &BinaryExpr, at: &At<'_>) -> Result<Digest, Untold> {
        // However many of them there are, and in whatever order.
        if matches!(it.op, Operator::And | Operator::Or) {
            let (mut parts, mut open) = (Vec::new(), vec![it.left.as_ref(), it.right.as_ref()]);
            while let Some(part) = open.pop() {
                match part {
                    Expr::BinaryExpr(inner) if inner.op == it.op => open.extend([&*inner.left, &*inner.right]),
                    other => parts.push(self.expression(other, at)?),
                }
            }
            parts.sort();
            parts.dedup();
            return Ok(Digest::of(&it.op.to_string(), &parts));
        }
        let (left, right) = (self.expression(&it.left, at)?, self.expression(&it.right, at)?);
        Ok(match it.op {
            Operator::Eq
            | Operator::NotEq
            | Operator::Plus
            | Operator::Multiply
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom => Digest::of_set(&it.op.to_string(), [&left, &right]),
            Operator::Gt => Digest::of("<", [&right, &left]),
            Operator::GtEq => Digest::of("<=", [&right, &left]),
            _ => Digest::of(&it.op.to_string(), [&left, &right]),
        })
    }

    fn like(&mut self, kind: &str, it: &Like, at: &At<'_>) -> Result<Digest, Untold> {
        let how = format!("{} {} {:?}", it.negated, it.case_insensitive, it.escape_char);
        let mut parts = self.each([it.expr.as_ref(), it.pattern.as_ref()], at)?;
        parts.push(Digest::text("how", &how));
        Ok(Digest::of(kind, &parts))
    }

    fn case(&mut self, it: &Case, at: &At<'_>) -> Result<Digest, Untold> {
        let mut parts = vec![self.filter(it.expr.as_deref(), at)?];
        for (when, then) in &it.when_then_expr {
            parts.extend(self.each([when.as_ref(), then.as_ref()], at)?);
        }
        parts.push(self.filter(it.else_expr.as_deref(), at)?);
        Ok(Digest::of("case", &parts))
    }

    /// A part that may be missing.
    fn filter(&mut self, part: Option<&Expr>, at: &At<'_>) -> Result<Digest, Untold> {
        match part {
            Some(part) => self.unary("given", part, at),
            None => Ok(Digest::text("given", "not")),
        }
    }

    fn window_function(&mut self, it: &WindowFunction, at: &At<'_>) -> Result<Digest, Untold> {
        self.constant(it.fun.name(), it.fun.signature().volatility)?;
        let parameters = &it.params;
        let arguments = Digest::of("arguments", &self.all(&parameters.args, at)?);
        let partition = Digest::of_set("partition", &self.all(&parameters.partition_by, at)?);
        let order = self.order(&parameters.order_by, at)?;
        let filter = self.filter(parameters.filter.as_deref(), at)?;
        let frame = &parameters.window_frame;
        let how = format!(
            "{:?} {:?} {:?} {:?} {}",
            frame.units, frame.start_bound, frame.end_bound, parameters.null_treatment, parameters.distinct
        );
        let how = Digest::text("how", &how);
        Ok(self.call(it.fun.name(), &[arguments, partition, order, filter, how]))
    }

    fn grouping_set(&mut self, it: &GroupingSet, at: &At<'_>) -> Result<Digest, Untold> {
        Ok(match it {
            GroupingSet::Rollup(parts) => Digest::of("rollup", &self.all(parts, at)?),
            GroupingSet::Cube(parts) => Digest::of("cube", &self.all(parts, at)?),
            GroupingSet::GroupingSets(sets) => {
                let mut all = Vec::new();
                for set in sets {
                    all.push(Digest::of("set", &self.all(set, at)?));
                }
                Digest::of("grouping sets", &all)
            }
        })
    }

    /// A result depends on functions that give other values each time; what a query means does not.
    fn constant(&self, name: &str, volatility: Volatility) -> Result<(), Untold> {
        match (volatility, self.leaves) {
            (Volatility::Immutable, _) | (_, Leaves::Named(_)) => Ok(()),
            (Volatility::Stable | Volatility::Volatile, Leaves::Identified(_)) => {
                Err(Untold(format!("`{name}()` gives other values each time")))
            }
        }
    }

    fn subquery(&mut self, plan: &LogicalPlan, at: &At<'_>) -> Result<Shape, Untold> {
        self.outer.push((at.schema.clone(), at.columns.to_vec()));
        let shape = self.shape(plan);
        self.outer.pop();
        shape
    }
}

/// A value that is written out, with its type.
fn literal(value: &ScalarValue) -> Result<Digest, Untold> {
    let data_type = value.data_type().to_string();
    if value.is_null() {
        return Ok(Digest::text("null", &data_type));
    }
    let told = |error: String| Untold(error);
    let array = value.to_array().map_err(|error| told(error.strip_backtrace()))?;
    let text = array_value_to_string(&array, 0).map_err(|error| told(error.to_string()))?;
    Ok(Digest::texts("literal", [text.as_str(), &data_type]))
}
