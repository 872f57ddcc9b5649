//! Packages that a project asks for: read from `packages.yml` or `dependencies.yml`, fetched, and listed in
//! `package-lock.yml`. Folders are copied; repositories are fetched by the system's `git`, archives by `curl` and `tar`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use crate::cli::Stop;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, SourceText, Span};
use crate::files::{self, Disk, ProjectFiles};
use crate::project::{Json, ProjectFile, RenderText, Yaml, YamlFile};

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// A folder, absolute.
    Local(PathBuf),
    /// A repository.
    Git {
        /// Its address.
        url: String,
        /// Branch, tag or commit; the default branch where none is named.
        revision: Option<String>,
        /// The folder of the package in it.
        subdirectory: Option<String>,
    },
    /// An archive.
    Tarball {
        /// Its address or path.
        url: String,
    },
}

/// A package that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) origin: Origin,
    /// What is written, for the lock file.
    pub(super) written: serde_json::Map<String, Json>,
    pub(super) place: Span,
}

/// Files that list packages, in dbt's order.
const LISTS: [&str; 2] = ["packages.yml", "dependencies.yml"];

impl Wanted {
    /// Whether two entries mean one package, perhaps in different revisions.
    pub(super) fn is_same_package(&self, other: &Wanted) -> bool {
        match (&self.origin, &other.origin) {
            (Origin::Git { url, subdirectory, .. }, Origin::Git { url: other_url, subdirectory: other_folder, .. }) => {
                plain(url) == plain(other_url) && subdirectory == other_folder
            }
            (mine, others) => mine == others,
        }
    }
}

/// An address without what makes no difference.
fn plain(url: &str) -> String {
    url.trim_end_matches('/').trim_end_matches(".git").to_lowercase()
}

/// What a project asks for. `folder` is its place on disk, `root` that of the project that is installed for.
pub(super) fn listed(folder: &Path, root: &Path, render: &dyn RenderText, found: &mut Diagnostics) -> Vec<Wanted> {
    let files = Disk::new(folder);
    let mut all = Vec::new();
    for name in LISTS.into_iter().filter(|it| files.exists(it)) {
        let source = match crate::parse::read_text(&files, name) {
            Ok(source) => source,
            Err(problem) => {
                found.push(problem);
                continue;
            }
        };
        let Some(file) = YamlFile::parse(&source, found) else { continue };
        if let Some(projects) = file.root().get("projects").filter(|it| !it.items().is_empty()) {
            found.push(
                Diagnostic::error(Code::Unsupported, "other projects can't be depended on: that is a service of dbt's")
                    .at(projects.span())
                    .help("list the project as a package: `local:` or `git:`"),
            );
        }
        let entries = file.root().mappings("packages", found);
        all.extend(entries.into_iter().filter_map(|it| wanted(it, (folder, root), render, found)));
    }
    all
}

const KNOWN: &[&str] = &[
    "git",
    "install-prerelease",
    "local",
    "name",
    "package",
    "private",
    "provider",
    "revision",
    "subdirectory",
    "tarball",
    "unrendered",
    "version",
    "warn-unpinned",
];

fn wanted(
    yaml: Yaml<'_>,
    (folder, root): (&Path, &Path),
    render: &dyn RenderText,
    found: &mut Diagnostics,
) -> Option<Wanted> {
    yaml.report_unknown_keys("a package", KNOWN, found);
    let Json::Object(written) = yaml.rendered(render, found) else { return None };
    let text = |key: &str| match written.get(key) {
        Some(Json::String(text)) => Some(text.clone()),
        Some(Json::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let origin = if let Some(path) = text("local") {
        // dbt takes the folders of a package's packages from the root project; beside the package is what people mean.
        let beside = folder.join(&path);
        Origin::Local(if Disk::new(&beside).exists(ProjectFile::NAME) { beside } else { root.join(path) })
    } else if let Some(url) = text("git") {
        Origin::Git { url, revision: text("revision"), subdirectory: text("subdirectory") }
    } else if let Some(url) = text("tarball") {
        Origin::Tarball { url }
    } else if let Some(name) = text("package") {
        found.push(of_the_hub(&name, written.get("version")).at(yaml.span()));
        return None;
    } else {
        found.push(
            Diagnostic::error(Code::MissingKey, "this package doesn't say where it comes from")
                .at(yaml.span())
                .help("write `local: <folder>`, `git: <address>` with `revision:`, or `tarball: <address>`"),
        );
        return None;
    };
    Some(Wanted { origin, written, place: yaml.span() })
}

/// Packages of dbt's hub are repositories of GitHub, mostly of the same name with dashes.
fn of_the_hub(name: &str, version: Option<&Json>) -> Diagnostic {
    let version = match version {
        Some(Json::String(version)) => version.trim_start_matches(['=', 'v']).to_owned(),
        Some(Json::Number(version)) => version.to_string(),
        _ => "<version>".to_owned(),
    };
    let revision = if version.contains(['<', '>', ',', ' ']) { "<version>".to_owned() } else { version };
    let address = format!("https://github.com/{}.git", name.replace('_', "-"));
    Diagnostic::error(Code::Unsupported, format!("`{name}` is a package of dbt's hub, which is not asked"))
        .help(format!("take it from its repository: `git: {address}` with `revision: {revision}`"))
        .help("or have a copy of it in a folder, and name that: `local: packages/…`".to_owned())
}

/// A package that was fetched: where it lies, and what the lock file says of it.
pub(super) struct Fetched {
    /// The package's folder.
    pub(super) folder: PathBuf,
    /// Removed when the package has been installed.
    pub(super) temporary: Option<PathBuf>,
    /// What the lock file says of it.
    pub(super) locked: serde_json::Map<String, Json>,
}

/// Brings a package to this machine. `room` is a folder for what is temporary.
pub(super) fn fetch(wanted: &Wanted, room: &Path, number: usize) -> Result<Fetched, Stop> {
    let mut locked = wanted.written.clone();
    match &wanted.origin {
        Origin::Local(folder) => {
            if !Disk::new(folder).exists(ProjectFile::NAME) {
                return Err(Stop::Outside(format!("there is no dbt project in {}", folder.display())));
            }
            Ok(Fetched { folder: folder.clone(), temporary: None, locked })
        }
        Origin::Git { url, revision, subdirectory } => {
            let temporary = room.join(format!(".fetched-{number}"));
            clear(&temporary)?;
            let target = temporary.to_string_lossy().into_owned();
            tool("git", &["clone", "--quiet", "--", url, &target])?;
            if let Some(revision) = revision {
                // A branch of the other side has no name of its own here yet.
                let remote = format!("origin/{revision}");
                let checked_out = tool("git", &["-C", &target, "checkout", "--quiet", "--detach", &remote]);
                if checked_out.is_err() {
                    tool("git", &["-C", &target, "checkout", "--quiet", "--detach", revision])?;
                }
            }
            let commit = tool("git", &["-C", &target, "rev-parse", "HEAD"])?;
            locked.insert("revision".to_owned(), Json::from(commit.trim()));
            let folder = subdirectory.as_ref().map_or_else(|| temporary.clone(), |it| temporary.join(it));
            if !Disk::new(&folder).exists(ProjectFile::NAME) {
                let place = subdirectory.as_deref().map(|it| format!(" in {it}")).unwrap_or_default();
                return Err(Stop::Outside(format!("there is no dbt project{place} in {url}")));
            }
            Ok(Fetched { folder, temporary: Some(temporary), locked })
        }
        Origin::Tarball { url } => {
            let temporary = room.join(format!(".fetched-{number}"));
            clear(&temporary)?;
            let target = temporary.to_string_lossy().into_owned();
            let archive = match url.strip_prefix("file://") {
                Some(path) => path.to_owned(),
                None if url.contains("://") => {
                    let archive = format!("{target}/.archive.tar.gz");
                    tool(
                        "curl",
                        &["--fail", "--silent", "--show-error", "--location", "--output", &archive, "--", url],
                    )?;
                    archive
                }
                None => url.clone(),
            };
            tool("tar", &["-xzf", &archive, "-C", &target])?;
            // An archive holds one folder, with the package in it.
            let inside = Disk::new(&temporary).list("").map_err(Stop::outside)?;
            let project =
                inside.iter().filter(|it| files::stem(it) == "dbt_project").min_by_key(|it| it.matches('/').count());
            let folder = project.map(|it| temporary.join(it)).and_then(|it| it.parent().map(Path::to_path_buf));
            let folder = folder.ok_or_else(|| Stop::Outside(format!("there is no dbt project in {url}")))?;
            Ok(Fetched { folder, temporary: Some(temporary), locked })
        }
    }
}

fn clear(folder: &Path) -> Result<(), Stop> {
    let disk = Disk::new(folder);
    disk.remove("").and_then(|()| disk.create_folder("")).map_err(Stop::outside)
}

/// Runs a program of the system and gives what it printed.
fn tool(program: &str, arguments: &[&str]) -> Result<String, Stop> {
    let run = Command::new(program).args(arguments).env("GIT_TERMINAL_PROMPT", "0").output();
    let output = run.map_err(|error| Stop::Outside(format!("cannot run `{program}`: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().lines().last().unwrap_or_default().to_owned();
    Err(Stop::Outside(format!("`{program} {}` failed: {said}", arguments.join(" "))))
}

/// The name of the package in a folder.
pub(super) fn name_of(folder: &Path) -> Result<String, Stop> {
    let bytes = Disk::new(folder).read(ProjectFile::NAME).map_err(Stop::outside)?;
    let source: Arc<SourceText> = SourceText::new(ProjectFile::NAME, String::from_utf8_lossy(&bytes));
    let mut found = Diagnostics::new();
    let name = YamlFile::parse(&source, &mut found).and_then(|it| it.root().get("name")?.scalar());
    // It becomes a folder's name.
    let good = |it: &String| !it.is_empty() && it.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    name.filter(good).ok_or_else(|| Stop::Outside(format!("{} has no good name", folder.display())))
}

/// Puts a package where installed ones are. One that lies on this machine is linked, as in dbt: who changes it sees the
/// change, and installs nothing again.
pub(super) fn place(fetched: &Fetched, to: &Path) -> Result<(), Stop> {
    if fetched.temporary.is_none() {
        let folder = fetched.folder.canonicalize().map_err(Stop::outside)?;
        Disk::new(to).remove("").map_err(Stop::outside)?;
        Disk::new(to.parent().unwrap_or(to)).create_folder("").map_err(Stop::outside)?;
        if link(&folder, to).is_ok() {
            return Ok(());
        }
    }
    copy(&fetched.folder, to)
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

#[cfg(windows)]
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_dir(from, to)
}

/// Copies a package's files; what it has built or installed itself is left behind.
fn copy(from: &Path, to: &Path) -> Result<(), Stop> {
    let (from, target) = (Disk::new(from), Disk::new(to));
    target.remove("").map_err(Stop::outside)?;
    for path in from.list("").map_err(Stop::outside)? {
        let first = path.split('/').next().unwrap_or_default();
        if ["dbt_packages", "dbt_modules", "target", "logs"].contains(&first) && path.contains('/') {
            continue;
        }
        from.read(&path).and_then(|it| target.write(&path, &it)).map_err(Stop::outside)?;
    }
    Ok(())
}

/// dbt's hash of what is asked for, by which it knows whether a lock file still fits: SHA-1 of sorted JSON.
pub(super) fn hash(all: &[Wanted]) -> String {
    let mut texts: Vec<String> = all.iter().map(|it| python_json(&Json::Object(it.written.clone()))).collect();
    texts.sort();
    sha1(texts.join("\n").as_bytes())
}

/// Python's `json.dumps(…, sort_keys=True)`.
fn python_json(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let entries = keys.into_iter().map(|it| format!("{}: {}", Json::from(it.as_str()), python_json(&map[it])));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(python_json).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// FIPS 180-4, section 6.1. For telling lists apart, not for safety.
fn sha1(message: &[u8]) -> String {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        let mut words: Vec<u32> =
            block.chunks_exact(4).map(|it| u32::from_be_bytes([it[0], it[1], it[2], it[3]])).collect();
        for at in 16..80 {
            words.push((words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (mixed, constant) = match at {
                0..20 => ((b & c) | (!b & d), 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc_u32),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
            (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
        }
        for (old, new) in state.iter_mut().zip([a, b, c, d, e]) {
            *old = old.wrapping_add(new);
        }
    }
    state.iter().map(|it| format!("{it:08x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha1_of_known_texts() {
        assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(sha1(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }

    #[test]
    fn a_package_of_the_hub_is_named_with_its_repository() {
        let problem = of_the_hub("dbt-labs/dbt_utils", Some(&Json::from("1.3.0")));
        assert!(problem.help[0].contains("git: https://github.com/dbt-labs/dbt-utils.git` with `revision: 1.3.0"));
    }
}
