//! dbt's own filters. In SQL they leave a value as it is; in YAML files they make values of texts.

use minijinja::{Environment, Value};

use crate::jinja::values::is_list;

pub(super) fn register(environment: &mut Environment<'static>) {
    for name in ["as_text", "as_bool", "as_native", "as_number"] {
        environment.add_filter(name, |value: Value| value);
    }
    environment.add_filter("is_list", |value: Value| is_list(&value));
}
