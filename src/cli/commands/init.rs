//! `init`: a new small project that runs at once.

use crate::cli::{Exit, Settings, Stop};
use crate::files::{Disk, ProjectFiles};

/// The files of a new project; `{name}` stands for its name.
const FILES: &[(&str, &str)] = &[
    ("dbt_project.yml", include_str!("../starter/dbt_project.yml")),
    ("README.md", include_str!("../starter/README.md")),
    (".gitignore", include_str!("../starter/gitignore")),
    ("data/raw/orders.csv", include_str!("../starter/orders.csv")),
    ("models/staging/_sources.yml", include_str!("../starter/sources.yml")),
    ("models/staging/stg_orders.sql", include_str!("../starter/stg_orders.sql")),
    ("models/marts/daily_revenue.sql", include_str!("../starter/daily_revenue.sql")),
    ("models/marts/daily_revenue.yml", include_str!("../starter/daily_revenue.yml")),
];

pub(super) fn run(settings: &Settings, name: &str) -> Result<Exit, Stop> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || !name.chars().all(good) {
        return Err(Stop::Outside(format!(
            "`{name}` can't be a project's name; use letters, digits and underscores, beginning with a letter"
        )));
    }
    let disk = Disk::new(settings.current_folder.join(name));
    if disk.exists("") {
        return Err(Stop::Outside(format!("there is a folder `{name}` already")));
    }
    for (path, text) in FILES {
        let written = disk.write(path, text.replace("{name}", name).as_bytes());
        written.map_err(|error| Stop::Outside(format!("cannot write {name}/{path}: {error}")))?;
    }
    settings.console.say(&format!("made the project {name}; run it with:\n  cd {name}\n  arrowmill build"));
    Ok(Exit::Success)
}
