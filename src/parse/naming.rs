//! Database, schema and alias of a node: dbt's rules, or the project's own `generate_…_name` macros.

use std::sync::Arc;

use crate::diagnostics::{Diagnostics, Span};
use crate::jinja::{Invocation, Phase, RelationName, Scope, Templates};
use crate::project::{Config, Json};

/// The relation of a node called `name` with this configuration.
pub(super) fn relation(
    name: &str,
    package: &str,
    config: &Config,
    model: &Json,
    context: (&Templates, &Arc<Invocation>, &Span),
    found: &mut Diagnostics,
) -> RelationName {
    let (templates, invocation, span) = context;
    let target = &invocation.target;
    let mut generate = |what: &str, custom: Option<&str>, fallback: String| {
        let macro_name = format!("generate_{what}_name");
        let Some(definition) = templates.macros().find(&macro_name, &invocation.project) else { return fallback };
        // They are the first and the second, whatever they are called.
        let custom_key = definition.parameter(0).map_or_else(|| format!("custom_{what}_name"), str::to_owned);
        let arguments = serde_json::Map::from_iter([
            (custom_key, custom.map_or(Json::Null, Json::from)),
            (definition.parameter(1).unwrap_or("node").to_owned(), model.clone()),
        ]);
        let mut scope = Scope::new(invocation, Phase::Parse);
        package.clone_into(&mut scope.package);
        scope.config = config.clone();
        match templates.call(&macro_name, &arguments, &Arc::new(scope), span) {
            Ok(text) => text.trim().to_owned(),
            Err(problem) => {
                found.push(problem);
                fallback.clone()
            }
        }
    };
    let custom = config.text("database");
    let database = generate("database", custom, custom.unwrap_or(&target.database).to_owned());
    let custom = config.text("schema");
    let default = custom.map_or(target.schema.clone(), |it| format!("{}_{}", target.schema, it.trim()));
    let schema = generate("schema", custom, default);
    let custom = config.text("alias");
    let alias = generate("alias", custom, custom.unwrap_or(name).to_owned());
    RelationName::new(database, schema, alias)
}
