//! The user's project files: the only place that touches the file system for them.
//! Paths are relative to the project's root and use `/`; everything above this module sees text, not disks.

#[expect(clippy::disallowed_methods, reason = "the one place that touches the file system")]
mod disk;
mod in_memory;

pub use disk::{Disk, Lock, NewFile};
pub use in_memory::InMemory;

use std::io;

/// What changes when a file's content does, as far as one can tell without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    /// Length in bytes.
    pub bytes: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub modified_nanos: i128,
}

/// The entire outside world of a project's text files.
pub trait ProjectFiles: Send + Sync {
    /// The content of one file.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;

    /// All files below a folder, sorted, hidden ones and symlink loops left out; none where there is no folder.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// The names of the folders right below a folder, sorted, hidden ones left out; none where there is no folder.
    fn folders(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Whether a file or folder is there.
    fn exists(&self, path: &str) -> bool;

    /// Length and time of change of one file.
    fn stamp(&self, path: &str) -> io::Result<FileStamp>;

    /// Puts a file in place whole: readers see the old content or the new one, never a part.
    fn write(&self, path: &str, content: &[u8]) -> io::Result<()>;

    /// Removes a file or a folder with all that is in it; nothing happens where there is none.
    fn remove(&self, path: &str) -> io::Result<()>;
}

/// `folder/name`, without a leading `./` or doubled slashes.
pub fn join(folder: &str, name: &str) -> String {
    if name.starts_with('/') {
        return name.to_owned();
    }
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    let name = name.trim_start_matches("./");
    if folder.is_empty() || folder == "." { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The last part of a path, without its ending: `models/a.sql` → `a`.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
