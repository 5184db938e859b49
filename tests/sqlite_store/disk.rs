//! A separate disk that can be full or read-only.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

/// A small file system in memory. Only root can create one.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Creates a disk of this many KiB; `None` without the rights to do so.
    pub fn new(kilobytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={kilobytes}k");
        let mounted = run(
            &["mount", "-t", "tmpfs", "-o", &size, "tmpfs"],
            folder.path(),
        );
        mounted.then_some(Self { folder })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Waits until no process has a file open for writing, and prevents new writers.
    pub async fn write_protect(&self) {
        for _ in 0..100 {
            if run(&["mount", "-o", "remount,ro"], self.folder.path()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the disk is still in use");
    }

    pub fn allow_writing(&self) {
        assert!(run(&["mount", "-o", "remount,rw"], self.folder.path()));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run(&["umount", "--lazy"], self.folder.path());
    }
}

fn run(command: &[&str], folder: &Path) -> bool {
    let output = Command::new(command[0])
        .args(&command[1..])
        .arg(folder)
        .output();
    output.is_ok_and(|output| output.status.success())
}
