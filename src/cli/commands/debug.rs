//! `debug`: what Arrowmill sees.

use crate::cli::prepare;
use crate::cli::{Exit, Settings, Stop};

pub(super) fn run(settings: &Settings) -> Result<Exit, Stop> {
    let loaded = prepare::load(settings)?;
    let target = &loaded.project.invocation.target;
    let session = prepare::session(&loaded.project, None)?;
    let memory = target.memory_limit.unwrap_or_else(prepare::default_memory);
    let lines = [
        ("arrowmill", env!("CARGO_PKG_VERSION").to_owned()),
        ("engine", format!("datafusion {}", datafusion::DATAFUSION_VERSION)),
        ("project", loaded.project.file.name.value.clone()),
        ("folder", settings.folder.display().to_string()),
        ("profile", target.profile.clone()),
        ("target", format!("{} ({})", target.name, target.kind)),
        ("warehouse", target.warehouse.clone()),
        ("database", target.database.clone()),
        ("schema", target.schema.clone()),
        ("threads", target.threads.to_string()),
        ("partitions", session.state().config().target_partitions().to_string()),
        ("memory limit", format!("{} MiB", memory >> 20)),
        ("nodes", loaded.graph.len().to_string()),
    ];
    for (what, value) in lines {
        settings.console.print(&format!("{what:<13} {value}"));
    }
    prepare::report(settings, loaded.found)?;
    settings.console.say("all checks passed");
    Ok(Exit::Success)
}
