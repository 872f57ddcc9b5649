//! `docs generate`: artifacts, lineage and the documentation page.

use crate::artifacts as shapes;
use crate::cli::arguments::Selecting;
use crate::cli::artifacts;
use crate::cli::prepare::{self, Purpose};
use crate::cli::{Exit, Settings, Stop};
use crate::pages::{Docs, docs_page};
use crate::plan::column_lineage;

pub(super) fn run(settings: &Settings, selecting: &Selecting) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let chosen = prepare::choose(settings, &mut loaded, selecting, &[])?;
    let (plan, entries) = prepare::runtime()?.block_on(async {
        let (planned, found) = prepare::plan(settings, &mut loaded, &chosen, Purpose::Plan).await?;
        prepare::report(settings, found)?;
        let entries = artifacts::catalog_entries(&loaded, &planned.plan, &planned.warehouse).await;
        Ok::<_, Stop>((planned.plan, entries))
    })?;
    prepare::write_compiled(settings, &loaded, &plan, &chosen)?;
    let compiled = artifacts::compiled_code(&plan);
    let manifest = shapes::manifest(&loaded.project, &loaded.graph, &compiled);
    let columns = column_lineage(&plan, &loaded.graph, &loaded.project.invocation.target);
    let lineage = shapes::lineage(&loaded.project, &loaded.graph, &entries, &columns);
    artifacts::write_json(settings, &loaded, "manifest.json", &manifest)?;
    artifacts::write_json(settings, &loaded, "catalog.json", &shapes::catalog(&loaded.project.invocation, &entries))?;
    artifacts::write_json(settings, &loaded, "lineage.json", &lineage)?;
    artifacts::write(settings, &loaded, "lineage.mmd", lineage.to_mermaid().as_bytes())?;
    artifacts::write(settings, &loaded, "lineage.dot", lineage.to_dot().as_bytes())?;
    let page = docs_page(&Docs { lineage: &lineage, manifest: &manifest, catalog: &entries });
    artifacts::write(settings, &loaded, "index.html", page.as_bytes())?;
    let folder = &loaded.project.file.target_path;
    settings.console.say(&format!(
        "wrote manifest.json, catalog.json, lineage.json, lineage.mmd, lineage.dot to {folder}\nopen {folder}/index.html"
    ));
    Ok(Exit::Success)
}
