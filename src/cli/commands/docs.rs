//! `docs generate`: artifacts, lineage and the documentation page.

use crate::artifacts as shapes;
use crate::cli::arguments::Selecting;
use crate::cli::artifacts;
use crate::cli::prepare::{self, Loaded, Purpose};
use crate::cli::{Exit, Settings, Stop};
use crate::files::{ProjectFiles, join};
use crate::pages::{Docs, docs_page};
use crate::plan::column_lineage;

/// Which of the artifacts are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// The manifest and the compiled SQL.
    pub(super) compile: bool,
    /// Relations in the catalog.
    pub(super) catalog: bool,
}

pub(super) fn run(settings: &Settings, selecting: &Selecting, wanted: Wanted) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let chosen = prepare::choose(settings, &mut loaded, selecting, &[])?;
    let (plan, entries) = prepare::runtime()?.block_on(async {
        let (planned, found) = prepare::plan(settings, &mut loaded, &chosen, Purpose::Plan).await?;
        prepare::report(settings, found)?;
        let entries = artifacts::catalog_entries(&loaded, &planned.plan, &planned.warehouse).await;
        Ok::<_, Stop>((planned.plan, entries))
    })?;
    if wanted.compile {
        prepare::write_compiled(settings, &loaded, &plan, &chosen)?;
    }
    let compiled = artifacts::compiled_code(&plan);
    let manifest = shapes::manifest(&loaded.project, &loaded.graph, &compiled);
    let columns = column_lineage(&plan, &loaded.graph, &loaded.project.invocation.target);
    let lineage = shapes::lineage(&loaded.project, &loaded.graph, &entries, &columns);
    if wanted.compile {
        artifacts::write_json(settings, &loaded, "manifest.json", &manifest)?;
    }
    let listed = if wanted.catalog { entries.as_slice() } else { &[] };
    artifacts::write_json(settings, &loaded, "catalog.json", &shapes::catalog(&loaded.project.invocation, listed))?;
    artifacts::write_json(settings, &loaded, "lineage.json", &lineage)?;
    artifacts::write(settings, &loaded, "lineage.mmd", lineage.to_mermaid().as_bytes())?;
    artifacts::write(settings, &loaded, "lineage.dot", lineage.to_dot().as_bytes())?;
    let page = docs_page(&Docs { lineage: &lineage, manifest: &manifest, catalog: &entries });
    artifacts::write(settings, &loaded, "index.html", page.as_bytes())?;
    copy_assets(settings, &loaded)?;
    let folder = &loaded.project.file.target_path;
    let manifest = if wanted.compile { "manifest.json, " } else { "" };
    settings.console.say(&format!(
        "wrote {manifest}catalog.json, lineage.json, lineage.mmd, lineage.dot to {folder}\nopen {folder}/index.html"
    ));
    Ok(Exit::Success)
}

/// Copies what the project lists as `asset-paths` into the target folder, as dbt does.
fn copy_assets(settings: &Settings, loaded: &Loaded) -> Result<(), Stop> {
    for folder in &loaded.project.file.paths.assets {
        let copied = || -> std::io::Result<()> {
            for path in settings.files.list(folder)? {
                settings.files.write(&join(&loaded.project.file.target_path, &path), &settings.files.read(&path)?)?;
            }
            Ok(())
        };
        copied().map_err(|error| Stop::Outside(format!("cannot copy the assets in {folder}: {error}")))?;
    }
    Ok(())
}
