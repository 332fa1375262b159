//! How much memory a fix needs at most, in a process of its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::apps::Source;
use crate::floor::fix;

const ONCE: &str = "--memory-of-one-fix";

/// The app that this process was started to fix.
pub fn asked_for() -> Option<PathBuf> {
    let mut arguments = std::env::args_os().skip(1);
    (arguments.next()? == OsStr::new(ONCE)).then(|| arguments.next().map(PathBuf::from))?
}

/// Fixes a fresh copy in a process of its own, which prints what it needed.
pub fn measure(source: &Source) {
    let fresh = source.fresh();
    let own = std::env::current_exe().expect("a program");
    let status = Command::new(own).arg(ONCE).arg(&fresh.app).status().expect("started");
    assert!(status.success(), "the fix whose memory was to be measured failed");
}

/// Pages of mapped files are the page cache, which the system takes back when it needs it: they are told apart.
pub fn of_one_fix(app: &Path) {
    let (done, most) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(status("RssAnon").unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(Duration::from_micros(500));
            }
        });
        fix(app);
        done.store(true, Ordering::Relaxed);
    });
    match status("VmHWM") {
        Some(all) => println!(
            "  memory at most: {:.0} MB of its own, {:.0} MB with mapped files",
            most.into_inner() as f64 / 1024.0,
            all as f64 / 1024.0
        ),
        None => println!("  memory at most: this system does not say"),
    }
}

/// A line of `/proc/self/status`, in KB.
fn status(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
