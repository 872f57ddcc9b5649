//! Functions that no definition in SQL says.

mod len;

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::ScalarUDF;

/// The engine's names, and DuckDB's, of functions that take any number of arguments.
const ALIASES: &[(&str, &[&str])] = &[("make_array", &["list_value", "list_pack"])];

/// Adds them.
pub(super) fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for (name, aliases) in ALIASES {
        let function = registry.udf(name)?;
        registry.register_udf(Arc::new(function.as_ref().clone().with_aliases(aliases.iter().copied())))?;
    }
    registry.register_udf(Arc::new(ScalarUDF::from(len::Len::default())))?;
    Ok(())
}
