//! `run-operation`: a macro called for what it does to the warehouse.

use std::sync::Arc;

use crate::cli::prepare::{self, Purpose};
use crate::cli::settings::parse_mapping;
use crate::cli::{Exit, Settings, Stop};
use crate::diagnostics::Diagnostics;
use crate::execute;

pub(super) fn run(settings: &Settings, name: &str, arguments: Option<&str>) -> Result<Exit, Stop> {
    let arguments = parse_mapping("--args", arguments.unwrap_or("{}")).map_err(Stop::Outside)?;
    prepare::runtime()?.block_on(async {
        let mut loaded = prepare::load(settings)?;
        let (planned, found) = prepare::plan(settings, &mut loaded, &[], Purpose::Run).await?;
        prepare::report(settings, found)?;
        let _lock = prepare::lock(settings, &loaded, &planned.warehouse)?;
        let late = Arc::new(prepare::late(settings, &loaded, &planned));
        let run_id = settings.request.invocation_id.clone();
        let name = name.to_owned();
        let called = tokio::spawn(async move { execute::operation(&late, &name, &arguments, &run_id) });
        match called.await.map_err(Stop::outside)? {
            Ok(lines) => {
                for line in lines.iter().filter(|it| it.visible) {
                    settings.console.print(&line.text);
                }
                Ok(Exit::Success)
            }
            Err(problem) => {
                let found: Diagnostics = [problem].into_iter().collect();
                settings.console.diagnostics(&found);
                Ok(Exit::Failed)
            }
        }
    })
}
