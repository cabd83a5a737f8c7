//! A small disk of its own in memory, for tests that may mount one.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A tmpfs; unmounted when dropped.
pub(crate) struct Mounted(tempfile::TempDir);

impl Mounted {
    /// One of so many bytes; `None`, said aloud, where this process may not mount.
    pub(crate) fn of(bytes: u64) -> Option<Mounted> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={bytes},mode=0700");
        if mount(&["-t", "tmpfs", "-o", &options, "tmpfs"], folder.path()) {
            return Some(Mounted(folder));
        }
        // Not `eprintln`, which a test that passes does not show.
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let skipped = format!("SKIPPED: {test}: a tmpfs can't be mounted here\n");
        std::io::stderr().write_all(skipped.as_bytes()).unwrap();
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes it larger or smaller.
    pub(crate) fn resize(&self, bytes: u64) {
        assert!(mount(&["-o", &format!("remount,size={bytes}")], self.path()));
    }

    /// Nothing can be written to it any more.
    pub(crate) fn make_read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], self.path()));
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a process of a test that failed may still hold it.
        let unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
        assert!(std::thread::panicking() || unmounted.is_ok_and(|status| status.success()));
    }
}

fn mount(args: &[&str], path: &Path) -> bool {
    let mut command = Command::new("mount");
    command.args(args).arg(path).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
