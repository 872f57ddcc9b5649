//! The real file system below one folder.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use super::{FileStamp, ProjectFiles};

/// Files below a root folder. Absolute paths are taken as they are.
#[derive(Debug, Clone)]
pub struct Disk {
    root: PathBuf,
}

/// A lock that this process has, released when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: fs::File,
}

impl Disk {
    /// The folder that relative paths start from.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Disk { root: root.into() }
    }

    /// Where a path lies on this machine.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Whether there is a folder.
    pub fn is_folder(&self, path: &str) -> bool {
        self.resolve(path).is_dir()
    }

    /// Opens a file for writing from its start, making its folder where needed.
    pub fn create(&self, path: &str) -> io::Result<fs::File> {
        let full = self.resolve(path);
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::File::create(full)
    }

    /// Opens a file for writing at its end, making it and its folder where needed.
    pub fn append(&self, path: &str) -> io::Result<fs::File> {
        let full = self.resolve(path);
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::File::options().create(true).append(true).open(full)
    }

    /// Makes a folder and those above it, where they are not there.
    pub fn create_folder(&self, path: &str) -> io::Result<()> {
        fs::create_dir_all(self.resolve(path))
    }

    /// Takes a lock among processes: on a file, for as long as the lock is kept. A process that dies leaves the file
    /// and releases the lock.
    ///
    /// # Errors
    /// `WouldBlock` where another process has it.
    pub fn lock(&self, path: &str) -> io::Result<Lock> {
        let full = self.resolve(path);
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = fs::File::options().create(true).truncate(false).write(true).open(full)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

impl ProjectFiles for Disk {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(self.resolve(path))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        let full = self.resolve(folder);
        if full.is_dir() {
            let mut trail = Vec::new();
            walk(&full, folder.trim_end_matches('/'), &mut trail, &mut found)?;
        }
        found.sort();
        Ok(found)
    }

    fn exists(&self, path: &str) -> bool {
        self.resolve(path).exists()
    }

    fn stamp(&self, path: &str) -> io::Result<FileStamp> {
        let metadata = fs::metadata(self.resolve(path))?;
        let since = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(FileStamp { bytes: metadata.len(), modified_nanos: i128::try_from(since.as_nanos()).unwrap_or(i128::MAX) })
    }

    fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        // A process writes several files at once; the counter keeps their temporary names apart.
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let full = self.resolve(path);
        let folder = full.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let name = full.file_name().unwrap_or_default().to_string_lossy();
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let temporary = folder.join(format!(".{name}.{}.{serial}", std::process::id()));
        let written = fs::File::create(&temporary)
            .and_then(|mut file| file.write_all(content))
            .and_then(|()| fs::rename(&temporary, &full));
        if written.is_err() {
            // The first error is the one to report; a left-over temporary file is hidden and harmless.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let full = self.resolve(path);
        let removed = match fs::symlink_metadata(&full) {
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&full),
            Ok(_) => fs::remove_file(&full),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

/// Collects files below `full`; `trail` holds the real folders on the way down, so that a symlink loop ends.
fn walk(full: &Path, relative: &str, trail: &mut Vec<PathBuf>, found: &mut Vec<String>) -> io::Result<()> {
    let real = full.canonicalize()?;
    if trail.contains(&real) {
        return Ok(());
    }
    trail.push(real);
    for entry in fs::read_dir(full)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        let path = if relative.is_empty() || relative == "." { name.to_string() } else { format!("{relative}/{name}") };
        if entry.path().is_dir() {
            walk(&entry.path(), &path, trail, found)?;
        } else {
            found.push(path);
        }
    }
    trail.pop();
    Ok(())
}
