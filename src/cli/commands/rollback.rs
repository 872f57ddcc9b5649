//! `rollback`: puts an earlier version of a table back in place.

use crate::cli::{Exit, Settings, Stop, named, prepare};
use crate::quantities::thousands;

pub(super) fn run(settings: &Settings, name: &str, to: Option<u64>) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let node = named::relation(settings, &mut loaded, name)?.clone();
    let facts = &node.facts;
    let warehouse = prepare::warehouse(settings, &loaded.project)?;
    let _lock = prepare::lock(settings, &loaded, &warehouse)?;
    let (restored, replaced) = prepare::runtime()?.block_on(async {
        warehouse.recover().await.map_err(Stop::outside)?;
        let version = super::versions::find(&warehouse, facts, to).await?;
        let replaced = warehouse.existing(&facts.relation).await.1;
        let restored = warehouse.restore(&facts.relation, &version, facts.keep_versions()).await;
        Ok::<_, Stop>((restored.map_err(Stop::outside)?, replaced))
    })?;
    let rows = thousands(restored.rows.unwrap_or_default());
    let from = restored.restored_from.unwrap_or_default();
    let made = restored.made_at.as_deref().map(|it| format!(", made at {it}")).unwrap_or_default();
    settings.console.say(&format!(
        "{}: version {from} is in place again, as version {} ({rows} row{}{made})",
        facts.display(),
        restored.number,
        if restored.rows == Some(1) { "" } else { "s" }
    ));
    if let Some(replaced) = replaced.filter(|it| it.number > 0) {
        settings.console.say(&format!("version {} is kept: `arrowmill rollback {name}` puts it back", replaced.number));
    }
    settings.console.say("the next run makes the table anew, unless this version is what it would make");
    Ok(Exit::Success)
}
