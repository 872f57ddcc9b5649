//! A case's text as blocks, and back: what is parsed and printed again is the same text.

use std::fmt;

use libtest_mimic::{Failed, Trial};

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    /// In the order of the text.
    pub(super) blocks: Vec<Block>,
}

/// One step of a case, or text between two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// Comments and blank lines.
    Verbatim(Vec<String>),
    /// `disk: folder 64k`
    Disk { folder: String, size: String },
    /// `-- path (how, …) --` and the content.
    File { path: String, how: Vec<How>, lines: Vec<String> },
    /// `$ …`, and what it prints with `exit: N` as its last line.
    Command { line: String, output: Vec<String> },
    /// `files: …` and what is there.
    Files { folders: Vec<String>, listed: Vec<String> },
    /// `text: …` and the file's lines.
    Text { path: String, lines: Vec<String> },
}

/// How a file comes about, where it is not by its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    /// The lines are bytes in hexadecimal.
    Hex,
    /// Nothing is in it.
    Empty,
    /// The last line has no end.
    NoNewline,
    /// It is taken away.
    Removed,
    /// Its permissions, in octal.
    Mode(u32),
    /// From the repository.
    Copy(String),
    /// Only so many bytes of it.
    First(usize),
    /// A line of it, counted from 1, so many times.
    Line(usize, usize),
}

impl Script {
    /// Takes a case's text apart.
    pub(super) fn parse(text: &str) -> Result<Script, Failed> {
        if !text.starts_with("# ") {
            return Err("a case opens with `# `: what it shows".into());
        }
        let mut lines = text.lines().map(str::to_owned).peekable();
        let mut blocks = Vec::new();
        while let Some(line) = lines.next() {
            let mut until = |stop: &dyn Fn(&str) -> bool| {
                let mut taken = Vec::new();
                while let Some(next) = lines.next_if(|it| !stop(it)) {
                    taken.push(next);
                }
                taken
            };
            if line.is_empty() || line.starts_with('#') {
                let mut verbatim = vec![line];
                verbatim.extend(until(&|it| !(it.is_empty() || it.starts_with('#'))));
                blocks.push(Block::Verbatim(verbatim));
            } else if let Some((path, how)) = file_header(&line) {
                let mut content = until(&starts_block);
                let blank = content.iter().rev().take_while(|it| it.is_empty()).count();
                let blanks = content.split_off(content.len() - blank);
                blocks.push(Block::File { path, how: read_how(&how, &line)?, lines: content });
                blocks.push(Block::Verbatim(blanks));
            } else if let Some(command) = line.strip_prefix("$ ") {
                let mut output = until(&|it| it.starts_with("exit: ") || starts_block(it));
                match lines.next_if(|it| it.starts_with("exit: ")) {
                    Some(exit) => output.push(exit),
                    // A new case has only commands; the blank lines behind them are no output.
                    None => {
                        let blank = output.iter().rev().take_while(|it| it.is_empty()).count();
                        let blanks = output.split_off(output.len() - blank);
                        blocks.push(Block::Command { line: command.to_owned(), output });
                        blocks.push(Block::Verbatim(blanks));
                        continue;
                    }
                }
                blocks.push(Block::Command { line: command.to_owned(), output });
            } else if let Some(folders) = line.strip_prefix("files:") {
                let folders = folders.split_whitespace().map(str::to_owned).collect();
                blocks.push(Block::Files { folders, listed: until(&|it| it.is_empty() || starts_block(it)) });
            } else if let Some(path) = line.strip_prefix("text:") {
                let lines = until(&|it| !it.starts_with('|') && !it.starts_with('('));
                blocks.push(Block::Text { path: path.trim().to_owned(), lines });
            } else if let Some((folder, size)) = line.strip_prefix("disk: ").and_then(|it| it.split_once(' ')) {
                blocks.push(Block::Disk { folder: folder.to_owned(), size: size.to_owned() });
            } else {
                return Err(format!("this line belongs to no block: {line}").into());
            }
        }
        if !blocks.iter().any(|it| matches!(it, Block::Command { .. })) {
            return Err("a case runs a command: `$ arrowmill …`".into());
        }
        Ok(Script { blocks })
    }

    /// Permissions stop nobody who is root.
    pub(super) fn needs_unprivileged_user(&self) -> bool {
        let has_mode = |how: &[How]| how.iter().any(|it| matches!(it, How::Mode(_)));
        self.blocks.iter().any(|it| matches!(it, Block::File { how, .. } if has_mode(how)))
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for block in &self.blocks {
            let (header, lines) = match block {
                Block::Verbatim(lines) => (None, lines.as_slice()),
                Block::Disk { folder, size } => (Some(format!("disk: {folder} {size}")), [].as_slice()),
                Block::File { path, how, lines } if how.is_empty() => (Some(format!("-- {path} --")), lines.as_slice()),
                Block::File { path, how, lines } => {
                    let how: Vec<String> = how.iter().map(How::to_string).collect();
                    (Some(format!("-- {path} ({}) --", how.join(", "))), lines.as_slice())
                }
                Block::Command { line, output } => (Some(format!("$ {line}")), output.as_slice()),
                Block::Files { folders, listed } => (Some(format!("files: {}", folders.join(" "))), listed.as_slice()),
                Block::Text { path, lines } => (Some(format!("text: {path}")), lines.as_slice()),
            };
            for line in header.iter().chain(lines) {
                writeln!(f, "{line}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            How::Hex => f.write_str("hex"),
            How::Empty => f.write_str("empty"),
            How::NoNewline => f.write_str("no newline"),
            How::Removed => f.write_str("removed"),
            How::Mode(mode) => write!(f, "mode {mode:03o}"),
            How::Copy(path) => write!(f, "copy {path}"),
            How::First(bytes) => write!(f, "first {bytes} bytes"),
            How::Line(number, times) => write!(f, "line {number} times {times}"),
        }
    }
}

fn starts_block(line: &str) -> bool {
    let words = ["$ ", "files:", "text:", "disk: "];
    words.iter().any(|it| line.starts_with(it)) || file_header(line).is_some()
}

/// `-- path --` or `-- path (how) --`. A path has no blanks, so that an SQL comment is rarely taken for one.
fn file_header(line: &str) -> Option<(String, String)> {
    let inner = line.strip_prefix("-- ")?.strip_suffix(" --")?;
    let (path, how) = match inner.split_once(" (") {
        Some((path, how)) => (path, how.strip_suffix(')')?),
        None => (inner, ""),
    };
    (!path.is_empty() && !path.contains(char::is_whitespace)).then(|| (path.to_owned(), how.to_owned()))
}

fn read_how(text: &str, line: &str) -> Result<Vec<How>, Failed> {
    let read_one = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        Some(match words.as_slice() {
            ["hex"] => How::Hex,
            ["empty"] => How::Empty,
            ["no", "newline"] => How::NoNewline,
            ["removed"] => How::Removed,
            ["mode", mode] => How::Mode(u32::from_str_radix(mode, 8).ok()?),
            ["copy", path] => How::Copy((*path).to_owned()),
            ["first", bytes, "bytes"] => How::First(bytes.parse().ok()?),
            ["line", number, "times", times] => How::Line(number.parse().ok()?, times.parse().ok()?),
            _ => return None,
        })
    };
    let parts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
    parts.map(|it| read_one(it).ok_or_else(|| format!("`{it}` is no way to make a file: {line}").into())).collect()
}

pub(super) fn trials() -> Vec<Trial> {
    const CASE: &str = "# One.\n# Two.\n\ndisk: data 64k\n-- a/b.sql --\nselect 1\n\n-- a comment --\n-- d (mode 000, hex) \
                        --\n00 ff\n\n$ arrowmill check\nout\n\nput\nexit: 1\n\nfiles: data out\n(none)\n\ntext: \
                        x.sql\n| a\n| \n\n-- a/b.sql (removed) --\n$ arrowmill ls\nexit: 0\n";

    fn there_and_back() -> Result<(), Failed> {
        let script = Script::parse(CASE)?;
        assert_eq!(script.to_string(), CASE);
        assert_eq!(script.blocks.iter().filter(|it| matches!(it, Block::Command { .. })).count(), 2);
        let content = ["select 1", "", "-- a comment --"].map(str::to_owned).to_vec();
        assert!(script.blocks.contains(&Block::File { path: "a/b.sql".into(), how: vec![], lines: content }));
        assert!(script.needs_unprivileged_user());
        Ok(())
    }

    fn a_new_case_has_no_output_yet() -> Result<(), Failed> {
        let script = Script::parse("# One.\n$ arrowmill check\n\nfiles: data\n")?;
        assert_eq!(script.blocks[1], Block::Command { line: "arrowmill check".to_owned(), output: Vec::new() });
        assert!(matches!(script.blocks.last(), Some(Block::Files { .. })));
        Ok(())
    }

    vec![
        Trial::test("cases::script::there_and_back", there_and_back),
        Trial::test("cases::script::a_new_case_has_no_output_yet", a_new_case_has_no_output_yet),
    ]
}
