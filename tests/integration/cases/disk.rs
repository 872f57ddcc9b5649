//! Small disks, to be full soon. Mounting one needs a namespace of its own, where it also disappears with the process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::Failed;

/// Set in a process that was started only to play one case.
const INSIDE: &str = "ARROWMILL_TEST_MAY_MOUNT";

/// Whether this process is in a namespace where disks are nobody else's.
pub(super) fn can_mount() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Plays the case again, as the only one, in a process that may mount.
pub(super) fn play_where_mounting_is_allowed(name: &str) -> Result<(), Failed> {
    let itself = std::env::current_exe()?;
    let play = |namespace: &[&str]| -> Result<Output, Failed> {
        let mut command = Command::new("unshare");
        command.args(namespace).arg("--").arg(&itself).args(["--exact", name]).env(INSIDE, "1");
        command.output().map_err(|error| format!("a small disk needs `unshare` of util-linux: {error}").into())
    };
    // Root may mount; others may where the system lets them be root of their own namespace.
    let mut output = play(&["--mount"])?;
    if String::from_utf8_lossy(&output.stderr).contains("unshare: ") {
        output = play(&["--user", "--map-root-user", "--mount"])?;
    }
    if output.status.success() {
        return Ok(());
    }
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("in a namespace of its own:\n{said}").into())
}

/// Taken away when dropped, so that the folder can be removed.
pub(super) struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        // Where this fails, the disk goes with the namespace, and only an empty folder stays.
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

/// A disk of this size, in memory, at a folder that need not exist.
pub(super) fn mount(folder: &Path, size: &str) -> Result<Mounted, Failed> {
    fs::create_dir_all(folder)?;
    let options = format!("size={size},mode=0777");
    let output = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).output()?;
    if output.status.success() {
        return Ok(Mounted(folder.to_owned()));
    }
    Err(format!("a disk of {size} can't be had here: {}", String::from_utf8_lossy(&output.stderr)).into())
}
