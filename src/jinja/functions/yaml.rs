//! `toyaml` and `fromyaml`: what Python's `yaml.safe_dump` and `yaml.safe_load` give.

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};

use crate::jinja::values::{self, function};
use crate::project::Json;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_global(
        "fromyaml",
        function("fromyaml", |_, arguments| {
            let text = arguments.text(0, "value")?;
            match dbt_yaml::from_str::<Json>(&text) {
                Ok(value) => Ok(values::from_json(&value)),
                Err(_) => Ok(arguments.given(1, "default").unwrap_or_else(|| Value::from(()))),
            }
        }),
    );
    environment.add_global(
        "toyaml",
        function("toyaml", |_, arguments| {
            let value = arguments.needed(0, "value")?;
            let sort_keys = arguments.given(2, "sort_keys").is_some_and(|it| it.is_true());
            let failed = |error: String| Error::new(ErrorKind::BadSerialization, error);
            let mut json = serde_json::to_value(&value).map_err(|it| failed(it.to_string()))?;
            if sort_keys {
                json.sort_all_objects();
            }
            dbt_yaml::to_string(&json).map(Value::from).map_err(|it| failed(it.to_string()))
        }),
    );
}
