//! `check`: plan everything, report everything, touch nothing.

use crate::cli::arguments::{CheckOutput, Selecting};
use crate::cli::prepare::{self, Purpose};
use crate::cli::{Exit, Settings, Stop, watched_tests};
use crate::diagnostics::{render_github, render_json};

pub(super) fn run(settings: &Settings, selecting: &Selecting, output: CheckOutput) -> Result<Exit, Stop> {
    let mut loaded = prepare::load(settings)?;
    let chosen = prepare::choose(settings, &mut loaded, selecting, &[])?;
    let (planned, found) = prepare::runtime()?.block_on(async {
        let (planned, mut found) = prepare::plan(settings, &mut loaded, &chosen, Purpose::Plan).await?;
        found.extend(watched_tests::find(&loaded, &chosen).1);
        found.extend(prepare::forbidden(settings, &loaded, &planned, &chosen, Purpose::Plan).await);
        Ok::<_, Stop>((planned, found))
    })?;
    let found = settings.warnings.apply(found).sorted();
    match output {
        CheckOutput::Text => settings.console.diagnostics(&found),
        CheckOutput::Json => settings.console.print(&render_json(&found).to_string()),
        CheckOutput::Github => settings.console.print(render_github(&found).trim_end()),
    }
    if found.has_errors() {
        return Ok(Exit::Failed);
    }
    if output == CheckOutput::Text {
        let (models, tests) = (planned.plan.models.len(), planned.plan.tests.len());
        let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
        let what = match planned.plan.monitors.len() {
            0 => format!("{} and {}", count(models, "model"), count(tests, "test")),
            monitors => {
                format!("{}, {} and {}", count(models, "model"), count(tests, "test"), count(monitors, "monitor"))
            }
        };
        settings.console.say(&format!("checked {what}: no errors"));
    }
    Ok(Exit::Success)
}
