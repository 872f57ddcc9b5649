//! The folder that one process spills rows to. Nothing is left of it, even of a process that was killed: the next one
//! takes away every folder that nobody holds the lock of.

use std::io;
use std::path::PathBuf;

use crate::files::{Disk, Lock, ProjectFiles};

/// The lock's name in each folder.
const LOCK: &str = "lock";

/// A folder of this process alone; removed when dropped.
pub(super) struct SpillFolder {
    files: Disk,
    path: String,
    _lock: Lock,
}

impl SpillFolder {
    /// Makes a folder of this name below another one, where those of other processes are too.
    pub(super) fn make(files: &Disk, all: &str, name: &str) -> io::Result<SpillFolder> {
        files.create_folder(all)?;
        for lock in files.list(all)?.iter().filter(|it| it.ends_with(&format!("/{LOCK}"))) {
            if let (Ok(_abandoned), Some((folder, _))) = (files.lock(lock), lock.rsplit_once('/')) {
                files.remove(folder)?;
            }
        }
        let path = format!("{all}/{name}");
        let file = format!("{path}/{LOCK}");
        loop {
            match files.lock(&file) {
                // Between the making of the folder and its lock, another process may have taken it for an abandoned one.
                Ok(lock) if files.exists(&file) => {
                    return Ok(SpillFolder { files: files.clone(), path, _lock: lock });
                }
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Where it lies on this machine.
    pub(super) fn path(&self) -> PathBuf {
        self.files.resolve(&self.path)
    }
}

impl Drop for SpillFolder {
    fn drop(&mut self) {
        // What is left is the next process's to remove.
        let _ = self.files.remove(&self.path);
    }
}
