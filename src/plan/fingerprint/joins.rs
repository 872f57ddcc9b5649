//! Joins: which rows of two sides come together.

use datafusion::common::JoinType;
use datafusion::logical_expr::Join;

use super::expressions::At;
use super::shape::Shape;
use super::{Untold, Walk};
use crate::reuse::Digest;

impl Walk<'_> {
    /// What a join gives. The conditions of an inner one are filters of all pairs, wherever they are written, and its
    /// sides have no order.
    pub(super) fn join(&mut self, it: &Join) -> Result<Shape, Untold> {
        let left = self.shape(&it.left)?;
        // A lateral side may refer to the other one.
        self.outer.push((it.left.schema().clone(), left.columns.clone()));
        let right = self.shape(&it.right);
        self.outer.pop();
        let right = right?;
        let is_inner = it.join_type == JoinType::Inner;
        let turned = is_inner && (right.rows(), right.all()) < (left.rows(), left.all());
        let sides = if turned { ["right", "left"] } else { ["left", "right"] };
        let of = |walk: &mut Walk<'_>, side: &str, shape: &Shape| -> Vec<Digest> {
            let digest = |it: &Digest| walk.same_as(Digest::of(side, [it]), it);
            shape.columns.iter().map(digest).collect()
        };
        let left_columns = of(self, sides[0], &left);
        let right_columns = of(self, sides[1], &right);
        let (first, second) = if turned { (right.rows(), left.rows()) } else { (left.rows(), right.rows()) };
        // Both sides as conditions see them.
        let left = left.with_columns(left_columns);
        let right = right.with_columns(right_columns);
        let mut conditions = Vec::new();
        let equal = format!("{:?} {}", it.null_equality, it.null_aware);
        for (a, b) in &it.on {
            let a = self.expression(a, &At::new(it.left.schema(), &left))?;
            let b = self.expression(b, &At::new(it.right.schema(), &right))?;
            conditions.push(Digest::of_set(&equal, [&a, &b]));
        }
        let both: Vec<Digest> = left.columns.iter().chain(&right.columns).cloned().collect();
        if let Some(filter) = &it.filter {
            let schema = it.left.schema().join(it.right.schema());
            let schema = schema.map_err(|error| Untold(error.strip_backtrace()))?;
            let schema = std::sync::Arc::new(schema);
            let pairs = Shape::new(first.clone(), both.clone());
            conditions.extend(self.conditions(filter, &At::new(&schema, &pairs))?);
        }
        if is_inner {
            let pairs = Shape::new(Digest::of("pairs", [&first, &second]), both);
            return Ok(pairs.filtered(conditions));
        }
        let kind = Digest::text("join", &format!("{:?} {equal}", it.join_type));
        let on = Digest::of_set("on", &conditions);
        let rows = Digest::of("join", [&kind, &first, &second, &on]);
        let mark = || Digest::of("mark", [&rows]);
        let columns = match it.join_type {
            JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => both,
            JoinType::LeftSemi | JoinType::LeftAnti => left.columns,
            JoinType::RightSemi | JoinType::RightAnti => right.columns,
            JoinType::LeftMark => left.columns.into_iter().chain([mark()]).collect(),
            JoinType::RightMark => right.columns.into_iter().chain([mark()]).collect(),
        };
        Ok(Shape::new(rows, columns))
    }
}
