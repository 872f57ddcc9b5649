//! `diff_of_two_dicts(a, b)`: what lists of texts have in `a` and not in `b`; case makes no difference.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Value;
use minijinja::{Environment, Error};

use crate::jinja::values::{self, Entries};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_function("diff_of_two_dicts", |a: Value, b: Value| -> Result<Value, Error> {
        let lower = |it: &Value| it.to_string().to_lowercase();
        let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for key in b.try_iter()? {
            known.insert(lower(&key), b.get_item(&key)?.try_iter()?.map(|it| lower(&it)).collect());
        }
        let mut left = Entries::new();
        for key in a.try_iter()? {
            let items = a.get_item(&key)?;
            let Some(known) = known.get(&lower(&key)) else {
                left.insert(key, items);
                continue;
            };
            let items: Vec<Value> = items.try_iter()?.filter(|it| !known.contains(&lower(it))).collect();
            if !items.is_empty() {
                left.insert(key, values::list(items));
            }
        }
        Ok(values::dict(left))
    });
}
