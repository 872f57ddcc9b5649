//! `deps`: installs the packages that the project and its packages ask for.

use crate::cli::packages::{self, Origin};
use crate::cli::{Exit, Settings, Stop, prepare};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::files::{Disk, ProjectFiles};
use crate::jinja::YamlText;
use crate::parse;
use crate::project::{Json, YamlFile};

const LOCK: &str = "package-lock.yml";

/// What is to be done with packages.
pub(super) struct Wanted {
    /// Only the lock file is written.
    pub(super) lock_only: bool,
    /// The lock file is not asked.
    pub(super) upgrade: bool,
}

pub(super) fn run(settings: &Settings, options: Wanted) -> Result<Exit, Stop> {
    let mut found = Diagnostics::new();
    let Some((file, invocation)) = parse::project_file(&settings.files, &settings.request, &mut found) else {
        prepare::report(settings, found)?;
        return Err(Stop::Reported);
    };
    let render = YamlText::new(&invocation);
    let asked = packages::listed(&settings.folder, &settings.folder, &render, &mut found);
    prepare::report(settings, std::mem::take(&mut found))?;
    if asked.is_empty() {
        settings.console.say("no packages are listed in packages.yml or dependencies.yml");
        return Ok(Exit::Success);
    }
    let hash = packages::hash(&asked);
    let locked = if options.upgrade { Vec::new() } else { locked(settings, &hash) };
    let install = Disk::new(settings.folder.join(&file.packages_path));
    install.create_folder("").map_err(|error| Stop::Outside(format!("cannot make {}: {error}", file.packages_path)))?;
    let mut waiting: Vec<packages::Wanted> = asked.into_iter().rev().collect();
    let mut done: Vec<packages::Wanted> = Vec::new();
    let mut lines: Vec<serde_json::Map<String, Json>> = Vec::new();
    let mut names: Vec<String> = vec![file.name.value.clone()];
    while let Some(mut wanted) = waiting.pop() {
        if let Some(first) = done.iter().find(|it| it.is_same_package(&wanted)) {
            if first.origin != wanted.origin {
                found.push(
                    Diagnostic::error(Code::DuplicateName, "a package is asked for in two revisions")
                        .at(wanted.place.clone())
                        .related(first.place.clone(), "the other one")
                        .help("ask for the same revision in both places"),
                );
            }
            continue;
        }
        done.push(wanted.clone());
        pin(&mut wanted, &locked);
        let fetched = packages::fetch(&wanted, &settings.folder.join(&file.packages_path), done.len())?;
        let name = packages::name_of(&fetched.folder)?;
        if names.contains(&name) {
            return Err(Stop::Outside(format!("two packages are called `{name}`; a project can have one of a name")));
        }
        waiting.extend(packages::listed(&fetched.folder, &settings.folder, &render, &mut found).into_iter().rev());
        if !options.lock_only {
            packages::place(&fetched, &install.resolve(&name))?;
            settings.console.say(&format!("installed {name} {}", described(&fetched.locked)));
        }
        if let Some(temporary) = fetched.temporary {
            Disk::new(temporary).remove("").map_err(Stop::outside)?;
        }
        let mut line = fetched.locked;
        line.insert("name".to_owned(), Json::from(name.as_str()));
        lines.push(line);
        names.push(name);
    }
    prepare::report(settings, found)?;
    write_lock(settings, &lines, &hash)?;
    Ok(Exit::Success)
}

fn described(locked: &serde_json::Map<String, Json>) -> String {
    let text = |key: &str| locked.get(key).and_then(Json::as_str);
    let from = ["local", "git", "tarball"].into_iter().find_map(text).unwrap_or_default();
    match text("revision") {
        Some(revision) => format!("from {from} at {}", revision.get(..10).unwrap_or(revision)),
        None => format!("from {from}"),
    }
}

/// Repositories of the lock file with their commits, where the file is about what is asked for now.
fn locked(settings: &Settings, hash: &str) -> Vec<serde_json::Map<String, Json>> {
    let read = || {
        let source = parse::read_text(&settings.files, LOCK).ok()?;
        let file = YamlFile::parse(&source, &mut Diagnostics::new())?;
        let json = file.root().json();
        (json["sha1_hash"].as_str() == Some(hash)).then(|| json["packages"].clone())
    };
    let packages = read().unwrap_or_default();
    packages.as_array().into_iter().flatten().filter_map(|it| it.as_object().cloned()).collect()
}

/// A repository at the commit that the lock file says.
fn pin(wanted: &mut packages::Wanted, locked: &[serde_json::Map<String, Json>]) {
    let Origin::Git { url, revision, subdirectory } = &mut wanted.origin else { return };
    let text = |it: &serde_json::Map<String, Json>, key: &str| it.get(key).and_then(Json::as_str).map(str::to_owned);
    let entry =
        locked.iter().find(|it| text(it, "git").as_ref() == Some(url) && text(it, "subdirectory") == *subdirectory);
    if let Some(commit) = entry.and_then(|it| text(it, "revision")) {
        *revision = Some(commit);
    }
}

fn write_lock(settings: &Settings, lines: &[serde_json::Map<String, Json>], hash: &str) -> Result<(), Stop> {
    let mut text = String::from("packages:\n");
    for line in lines {
        let mut keys: Vec<&String> = line.keys().collect();
        keys.sort();
        for (at, key) in keys.into_iter().enumerate() {
            let value = &line[key];
            // JSON is YAML; plain words need no quotes.
            let is_plain = |it: &str| it.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
            let value = match value.as_str() {
                Some(it) if is_plain(it) && it.parse::<f64>().is_err() && !it.starts_with('-') => it.to_owned(),
                _ => value.to_string(),
            };
            text.push_str(&format!("{}{key}: {value}\n", if at == 0 { "  - " } else { "    " }));
        }
    }
    text.push_str(&format!("sha1_hash: {hash}\n"));
    let written = settings.files.write(LOCK, text.as_bytes());
    written.map_err(|error| Stop::Outside(format!("cannot write {LOCK}: {error}")))
}
