//! The engine's sentences in the user's words: what is wrong, in SQL's own names, and what to do.
//! Knows texts only; places are [`super::problem`]'s business.

use crate::diagnostics::{Code, Diagnostic};

/// What the engine says, said for people, as far as the sentence is known.
pub(super) fn rephrase(message: &str, who: &str) -> Option<Diagnostic> {
    let said = |code: Code, words: String| Some(Diagnostic::error(code, format!("{who}: {words}")));
    if let Some(inner) = between(message, " user-defined coercion failed with: ", "") {
        let inner = PREFIXES.iter().find_map(|it| inner.strip_prefix(it)).unwrap_or(inner);
        return rephrase(inner, who).or_else(|| said(Code::WrongType, tidy(inner)));
    }
    let cast = "cast one side so that the types fit: `cast(column as type)`";
    if let Some(column) = between(message, "column \"", "\" must appear in the GROUP BY") {
        let column = last_name(column);
        return said(
            Code::InvalidQuery,
            format!("`{column}` is neither in `group by` nor inside an aggregate function"),
        )
        .map(|it| it.help(format!("add it to `group by`, or aggregate it, as in `max({column})`")));
    }
    if message.contains("Aggregate functions are not allowed in the WHERE clause") {
        return said(Code::InvalidQuery, "an aggregate function can't be in `where`".to_owned())
            .map(|it| it.help("conditions on aggregates go into `having`"));
    }
    if let Some(name) = between(message, "Function '", "' failed to match any signature") {
        return Some(wrong_arguments(message, name, who));
    }
    if let (Some(name), Some(numbers)) =
        (between(message, "Function '", "' expects "), between(message, "' expects ", " No function matches"))
        && let Some((takes, given)) = numbers.split_once(" arguments but received ")
    {
        let plural = if takes == "1" { "" } else { "s" };
        let given = given.trim_end_matches(['.', ' ']);
        return said(Code::WrongType, format!("`{name}` takes {takes} argument{plural}, but is given {given}"));
    }
    if let Some(expression) =
        between(message, "Projections require unique expression names but the expression \"", "\" at")
    {
        let name = expression.rsplit(" AS ").next().unwrap_or(expression);
        return said(Code::InvalidQuery, format!("two columns are called `{}`", last_name(name)))
            .map(|it| it.help("give one of them another name with `as`, or list the columns instead of `*`"));
    }
    if message.contains("UNION queries have different number of columns") {
        return said(Code::InvalidQuery, "the sides of a `union` have different numbers of columns".to_owned());
    }
    if let Some(types) = between(message, "Cannot automatically convert ", "") {
        let (is, wanted) = types.split_once(" to ")?;
        return said(Code::WrongType, format!("a {} stands where a {} is needed", in_sql(is), in_sql(wanted)))
            .map(|it| it.help(cast));
    }
    if let Some(expression) = between(message, "Cannot coerce arithmetic expression ", " to valid types") {
        return said(Code::WrongType, format!("there is no `{}`", in_sql(expression))).map(|it| it.help(cast));
    }
    if let Some(expression) = between(message, "Cannot infer common argument type for comparison operation ", "") {
        return said(Code::WrongType, format!("`{}` can't be compared", in_sql(expression))).map(|it| it.help(cast));
    }
    None
}

/// `requires Float64, but received String (DataType: Utf8)`, once for each type that would do.
fn wrong_arguments(message: &str, name: &str, who: &str) -> Diagnostic {
    let mut takes: Vec<String> = Vec::new();
    for part in message.split(" requires ").skip(1) {
        let one = in_sql(part.split(", but").next().unwrap_or_default()).to_lowercase();
        // Nobody writes unsigned numbers in SQL.
        if !takes.contains(&one) && !one.contains("unsigned") {
            takes.push(one);
        }
    }
    let given = between(message, "(DataType: ", ")").map(in_sql);
    let words = match given {
        Some(given) => format!("{who}: `{name}` can't take a {given}"),
        None => format!("{who}: `{name}` can't take these arguments"),
    };
    let problem = Diagnostic::error(Code::WrongType, words);
    if takes.is_empty() { problem } else { problem.note(format!("it takes: {}", takes.join(", "))) }
}

/// `warehouse.main.orders.id` → `id`; an expression stays as it is.
fn last_name(text: &str) -> &str {
    if text.contains('(') { text } else { text.rsplit('.').next().unwrap_or(text) }
}

/// What stands between two pieces of a line; up to the line's end where the second is empty.
pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    let rest = rest.lines().next().unwrap_or_default();
    if after.is_empty() { Some(rest) } else { rest.split_once(after).map(|(it, _)| it) }
}

/// A column's type as SQL names it.
pub fn sql_type(data_type: &arrow::datatypes::DataType) -> String {
    in_sql(&data_type.to_string())
}

/// The engine's type names as SQL has them.
pub(super) fn in_sql(text: &str) -> String {
    let names = [
        ("LargeUtf8", "varchar"),
        ("Utf8View", "varchar"),
        ("Utf8", "varchar"),
        ("Decimal128", "decimal"),
        ("Float64", "double"),
        ("Float32", "float"),
        ("UInt64", "unsigned bigint"),
        ("Int64", "bigint"),
        ("Int32", "integer"),
        ("Int16", "smallint"),
        ("Date32", "date"),
        ("Boolean", "boolean"),
        ("Time64(µs)", "time"),
        ("Time64(ns)", "time"),
        ("Timestamp(µs)", "timestamp"),
        ("Timestamp(ns)", "timestamp"),
        ("Timestamp(Microsecond, None)", "timestamp"),
        ("Timestamp(Nanosecond, None)", "timestamp"),
        ("Interval(MonthDayNano)", "interval"),
    ];
    names.iter().fold(text.to_owned(), |text, (engine, sql)| text.replace(engine, sql))
}

/// Says who speaks, not what is wrong.
const PREFIXES: [&str; 12] = [
    "Error during planning: ",
    "Execution error: ",
    "Internal error: ",
    "External error: ",
    "External: ",
    "Arrow error: ",
    "Parquet error: ",
    "Csv error: ",
    "Json error: ",
    "Io error: ",
    "Cast error: ",
    "Parser error: ",
];

/// One line, lower case at its start, no final dot: the first sentence of what the engine says.
pub(super) fn tidy(message: &str) -> String {
    let mut line = message.lines().next().unwrap_or_default().trim();
    line = line.split(" No function matches").next().unwrap_or(line);
    while let Some(rest) = PREFIXES.iter().find_map(|it| line.strip_prefix(it)) {
        line = rest;
    }
    let line = in_sql(line.trim_end_matches(['.', ' ']));
    let mut characters = line.chars();
    match characters.next() {
        Some(first) if characters.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(engine: &str, expected: &str) {
        let words = rephrase(engine, "model `a`").map_or_else(|| tidy(engine), |it| it.message);
        assert_eq!(words, expected);
    }

    #[test]
    fn jargon_is_left_out() {
        check(
            "Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column \
             \"warehouse.main.orders.id\" must appear in the GROUP BY clause or must be part of an aggregate function",
            "model `a`: `id` is neither in `group by` nor inside an aggregate function",
        );
        check(
            "Function 'sum' failed to match any signature, errors: Error during planning: Function 'sum' requires \
             UInt64, but received String (DataType: Utf8).",
            "model `a`: `sum` can't take a varchar",
        );
        check(
            "Projections require unique expression names but the expression \"a.id AS id\" at position 0 and \"b.id \
             AS id\" at position 2 have the same name.",
            "model `a`: two columns are called `id`",
        );
        check("Cannot automatically convert Date32 to Boolean", "model `a`: a date stands where a boolean is needed");
        check("Arrow error: Io error: Nothing is left.", "nothing is left");
    }
}
