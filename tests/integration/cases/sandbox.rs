//! A folder of its own for each case: the project, an empty home, and the binary run inside.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use tempfile::TempDir;

use super::placeholders;
use super::script::How;

/// The user and group `nobody` of most systems.
const NOBODY: u32 = 65534;

/// No case works for long; one that hangs should say so.
const LONGEST: Duration = Duration::from_secs(120);

/// A case's own folder; removed when dropped.
pub(super) struct Sandbox {
    folder: TempDir,
    /// Where the binary is for a user without privileges; root runs as that user, everybody else has none anyway.
    binary_for_nobody: Option<TempDir>,
}

impl Sandbox {
    /// An empty project.
    pub(super) fn new(unprivileged: bool) -> Result<Sandbox, Failed> {
        let folder = tempfile::Builder::new().prefix("arrowmill-case-").tempdir()?;
        fs::create_dir(folder.path().join("home"))?;
        fs::create_dir(folder.path().join("project"))?;
        let mut binary_for_nobody = None;
        if unprivileged && is_root(folder.path())? {
            let shared = tempfile::Builder::new().prefix("arrowmill-binary-").tempdir()?;
            share_binary(&shared)?;
            binary_for_nobody = Some(shared);
        }
        let sandbox = Sandbox { folder, binary_for_nobody };
        sandbox.write("dbt_project.yml", &[], &["name: shop".to_owned()])?;
        Ok(sandbox)
    }

    /// A path in the project.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("project").join(path)
    }

    /// Makes a file or folder, or takes it away.
    pub(super) fn write(&self, path: &str, how: &[How], lines: &[String]) -> Result<(), Failed> {
        let full = self.path(path);
        let is_folder = path.ends_with('/');
        fs::create_dir_all(if is_folder { &full } else { full.parent().unwrap() })?;
        let mut lines = lines.to_vec();
        for how in how {
            if let How::Line(number, times) = how {
                let line = lines.get(number - 1).ok_or("there is no such line")?.clone();
                lines.splice(number - 1..*number, std::iter::repeat_n(line, *times));
            }
        }
        let mut content = Some((lines.join("\n") + "\n").into_bytes()).filter(|_| !is_folder);
        let mut mode = None;
        for how in how {
            match how {
                How::Hex => content = Some(from_hex(&lines.concat())?),
                How::Empty => content = Some(Vec::new()),
                How::NoNewline => content = Some(lines.join("\n").into_bytes()),
                How::Removed => content = None,
                How::Mode(octal) => mode = Some(*octal),
                How::Copy(from) => content = Some(fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(from))?),
                How::Line(..) => {}
                How::First(bytes) => content = content.map(|it| it[..*bytes].to_vec()),
            }
        }
        match content {
            Some(content) => fs::write(&full, content)?,
            None if how.contains(&How::Removed) => fs::remove_file(&full)?,
            None => {}
        }
        if let Some(mode) = mode {
            if self.binary_for_nobody.is_some() {
                self.give_away()?;
            }
            fs::set_permissions(&full, fs::Permissions::from_mode(mode))?;
        }
        Ok(())
    }

    /// Runs a command; its output, line by line, and `exit: N`.
    pub(super) fn run(&mut self, line: &str) -> Result<Vec<String>, Failed> {
        let words = split(line)?;
        let is_setting = |it: &&String| it.contains('=') && !it.starts_with('-');
        let settings = words.iter().take_while(is_setting).count();
        if words.get(settings).map(String::as_str) != Some("arrowmill") {
            return Err(format!("only `arrowmill` is run: {line}").into());
        }
        let mut command = self.command()?;
        command.args(&words[settings + 1..]).current_dir(self.path("")).env_clear();
        command.env("HOME", self.folder.path().join("home")).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // A user may have RUST_BACKTRACE set, and is not to see one for it.
        for (name, value) in [("COLUMNS", "100"), ("LANG", "C.UTF-8"), ("NO_COLOR", "1"), ("RUST_BACKTRACE", "1")] {
            command.env(name, value);
        }
        for (name, value) in words[..settings].iter().filter_map(|it| it.split_once('=')) {
            command.env(name, value);
        }
        let (printed, exit) = run_to_end(command)?;
        let printed = placeholders::put_in(&printed, self.folder.path());
        let mut lines: Vec<String> = printed.lines().map(|it| it.trim_end().to_owned()).collect();
        lines.push(format!("exit: {exit}"));
        Ok(lines)
    }

    /// The binary, for the case's user.
    fn command(&self) -> Result<Command, Failed> {
        let Some(shared) = &self.binary_for_nobody else { return Ok(Command::new(env!("CARGO_BIN_EXE_arrowmill"))) };
        self.give_away()?;
        let mut command = Command::new("setpriv");
        let nobody = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()];
        command.args(nobody).arg("--").arg(shared.path().join("arrowmill"));
        Ok(command)
    }

    /// Everything in the sandbox belongs to nobody.
    fn give_away(&self) -> io::Result<()> {
        fn give(path: &Path) -> io::Result<()> {
            chown(path, Some(NOBODY), Some(NOBODY))?;
            if path.is_dir() {
                for entry in fs::read_dir(path)? {
                    give(&entry?.path())?;
                }
            }
            Ok(())
        }
        give(self.folder.path())
    }

    /// Paths of the files below these folders of the project.
    pub(super) fn list(&self, folders: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        let mut open: Vec<String> = folders.to_vec();
        while let Some(folder) = open.pop() {
            let Ok(entries) = fs::read_dir(self.path(&folder)) else { continue };
            for name in entries.map(|it| it.unwrap().file_name().into_string().unwrap()) {
                let path = format!("{}/{name}", folder.trim_end_matches('/'));
                if self.path(&path).is_dir() { open.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        let found: Vec<String> = found.iter().map(|it| placeholders::put_in(it, self.folder.path())).collect();
        if found.is_empty() { vec!["(none)".to_owned()] } else { found }
    }

    /// A file's lines, each after a bar.
    pub(super) fn text(&self, path: &str) -> Vec<String> {
        match fs::read_to_string(self.path(path)) {
            Ok(text) => placeholders::put_in(&text, self.folder.path())
                .lines()
                .map(|it| format!("| {it}").trim_end().to_owned())
                .collect(),
            Err(_) => vec!["(none)".to_owned()],
        }
    }
}

/// Whoever owns what this process makes.
fn is_root(made: &Path) -> io::Result<bool> {
    Ok(fs::metadata(made)?.uid() == 0)
}

/// The binary where every user reaches it: build folders are often below a home that others can't enter.
fn share_binary(folder: &TempDir) -> io::Result<()> {
    let binary = Path::new(env!("CARGO_BIN_EXE_arrowmill"));
    let shared = folder.path().join("arrowmill");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    if fs::hard_link(binary, &shared).is_err() {
        fs::copy(binary, &shared)?;
    }
    Ok(())
}

/// Both streams as one text, in the order of writing, and how it ended.
fn run_to_end(mut command: Command) -> Result<(String, String), Failed> {
    let (mut reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    // The command holds the pipe's writing ends, and reading ends only when all are gone.
    drop(command);
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map(|_| bytes)
    });
    let started = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if started.elapsed() > LONGEST => {
                child.kill()?;
                child.wait()?;
                return Err(format!("still running after {} s", LONGEST.as_secs()).into());
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let bytes = reading.join().map_err(|_| "the output can't be read")??;
    let exit = status.code().map_or_else(|| status.to_string(), |it| it.to_string());
    Ok((String::from_utf8_lossy(&bytes).into_owned(), exit))
}

/// Words as a shell splits them; quotes keep blanks together.
fn split(line: &str) -> Result<Vec<String>, Failed> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(format!("a quote is left open: {line}").into()) } else { Ok(words) }
}

fn from_hex(digits: &str) -> Result<Vec<u8>, Failed> {
    let digits: Vec<char> = digits.chars().filter(|it| !it.is_whitespace()).collect();
    let byte = |pair: &[char]| {
        let text: String = pair.iter().collect();
        u8::from_str_radix(&text, 16).map_err(|_| format!("`{text}` is no byte").into())
    };
    digits.chunks(2).map(byte).collect()
}
