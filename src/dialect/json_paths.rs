//! JSON by DuckDB's paths: `json_extract_string(j, '$.a.b')`, `j ->> '$.a'`. The engine's functions take the steps one by one.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart, Query, Value,
    visit_expressions_mut,
};

use super::calls::{self, as_text as text};

/// Replaces paths by their steps, wherever a path is written out.
pub(super) fn rewrite(query: &mut Query) {
    let _: ControlFlow<()> = visit_expressions_mut(query, |expression| {
        if let Some(replacement) = replacement(expression) {
            *expression = replacement;
        }
        ControlFlow::Continue(())
    });
}

fn replacement(expression: &Expr) -> Option<Expr> {
    match expression {
        Expr::BinaryOp { left, op: BinaryOperator::LongArrow, right } => {
            Some(call("json_as_text", left, &path_steps(right)?))
        }
        Expr::BinaryOp { left, op: BinaryOperator::Arrow, right } => {
            // A key or a number; other arrows belong to functions of lists.
            let is_key = matches!(right.as_ref(), Expr::Value(_));
            Some(call("json_get_json", left, &any_steps(right).filter(|_| is_key)?))
        }
        Expr::Function(function) => {
            let [ObjectNamePart::Identifier(name)] = function.name.0.as_slice() else { return None };
            let FunctionArguments::List(list) = &function.args else { return None };
            let [FunctionArg::Unnamed(FunctionArgExpr::Expr(json)), rest @ ..] = list.args.as_slice() else {
                return None;
            };
            let steps = match rest {
                [] => Vec::new(),
                [FunctionArg::Unnamed(FunctionArgExpr::Expr(path))] => any_steps(path)?,
                _ => return None,
            };
            let engine = match (name.value.to_lowercase().as_str(), rest.len()) {
                ("json_extract_string" | "json_extract_path_text", 1) => "json_as_text",
                ("json_extract" | "json_extract_path", 1) => "json_get_json",
                ("json_array_length", _) => "json_length",
                ("json_keys", _) => "json_object_keys",
                ("json_exists", 1) => "json_contains",
                _ => return None,
            };
            Some(call(engine, json, &steps))
        }
        _ => None,
    }
}

/// Steps of what is written as a path; a plain key is none, and the engine takes it as it is.
fn path_steps(expression: &Expr) -> Option<Vec<Expr>> {
    text(expression).filter(|it| it.starts_with(['$', '/']))?;
    any_steps(expression)
}

/// `'$.a[0]."b c"'` → `'a'`, `0`, `'b c'`; a text that is no path is one key.
fn any_steps(expression: &Expr) -> Option<Vec<Expr>> {
    let Some(text) = text(expression) else { return Some(vec![expression.clone()]) };
    let key = |it: &str| Expr::value(Value::SingleQuotedString(it.to_owned()));
    if let Some(pointer) = text.strip_prefix('/') {
        return Some(pointer.split('/').map(key).collect());
    }
    let Some(mut rest) = text.strip_prefix('$') else { return Some(vec![key(text)]) };
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']')?;
            index.parse::<u64>().ok()?;
            steps.push(Expr::value(Value::Number(index.to_owned(), false)));
            rest = after;
        } else if let Some(quoted) = rest.strip_prefix(".\"") {
            let (name, after) = quoted.split_once('"')?;
            steps.push(key(name));
            rest = after;
        } else {
            let inner = rest.strip_prefix('.')?;
            let end = inner.find(['.', '[']).unwrap_or(inner.len());
            let (name, after) = inner.split_at(end);
            // A wildcard gives many values, which is another function.
            if name.is_empty() || name.contains('*') {
                return None;
            }
            steps.push(key(name));
            rest = after;
        }
    }
    Some(steps)
}

fn call(name: &str, json: &Expr, steps: &[Expr]) -> Expr {
    calls::call(name, std::iter::once(json).chain(steps).cloned().collect())
}
