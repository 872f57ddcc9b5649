//! `zip` and `zip_strict`: tuples of the first values of several lists, of the second ones, and so on.

use minijinja::value::{Rest, Value, ValueIter};
use minijinja::{Environment, Error};

use crate::jinja::values::{self, function};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global(
        "zip",
        function("zip", |_, arguments| {
            let zipped = zip(arguments.positional);
            Ok(zipped.unwrap_or_else(|_| arguments.given(usize::MAX, "default").unwrap_or_else(|| Value::from(()))))
        }),
    );
    environment.add_function("zip_strict", |args: Rest<Value>| zip(&args));
}

fn zip(lists: &[Value]) -> Result<Value, Error> {
    let mut lists: Vec<ValueIter> = lists.iter().map(Value::try_iter).collect::<Result<_, _>>()?;
    let mut rows = Vec::new();
    // One at a time, as one of them may have no end.
    while !lists.is_empty() {
        let row: Vec<Value> = lists.iter_mut().map_while(Iterator::next).collect();
        if row.len() < lists.len() {
            break;
        }
        rows.push(values::tuple(row));
    }
    Ok(values::list(rows))
}
