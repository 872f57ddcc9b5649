//! The real file system below one folder.

use std::fs;
use std::io::{self, BufWriter, Write};
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

/// A file that is being written beside its place. Nobody sees it before it is whole.
#[derive(Debug)]
pub struct NewFile {
    file: Option<BufWriter<fs::File>>,
    temporary: PathBuf,
    full: PathBuf,
}

impl NewFile {
    /// Puts it in its place: readers see the old file or this one.
    ///
    /// # Errors
    /// It can't be written to its end, or put there.
    pub fn put_in_place(mut self) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            file.flush()?;
            drop(file);
            fs::rename(&self.temporary, &self.full)?;
        }
        Ok(())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |it| it.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // What can't be removed is hidden and harmless; where it has been put in place there is nothing.
        let _ = fs::remove_file(&self.temporary);
    }
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

    /// Begins to write a file that takes its place when it is whole, making its folder where needed.
    ///
    /// # Errors
    /// It can't be made.
    pub fn begin(&self, path: &str) -> io::Result<NewFile> {
        let full = self.resolve(path);
        let temporary = beside(&full);
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = fs::File::create(&temporary)?;
        Ok(NewFile { file: Some(BufWriter::new(file)), temporary, full })
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

    fn folders(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        let full = self.resolve(folder);
        if full.is_dir() {
            for entry in fs::read_dir(full)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.path().is_dir() && !name.starts_with('.') {
                    names.push(name);
                }
            }
        }
        names.sort();
        Ok(names)
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
        let full = self.resolve(path);
        fs::create_dir_all(full.parent().unwrap_or(Path::new(".")))?;
        let temporary = beside(&full);
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

/// The hidden name of a file while it is written.
fn beside(full: &Path) -> PathBuf {
    // A process writes several files at once; the counter keeps their temporary names apart.
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let name = full.file_name().unwrap_or_default().to_string_lossy();
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let folder = full.parent().unwrap_or(Path::new("."));
    folder.join(format!(".{name}.{}.{serial}", std::process::id()))
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
