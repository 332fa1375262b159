//! Faults that a test puts into the changes of one folder.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::disk::Change;

/// What happens at the change that is counted out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails, those after it succeed.
    Once,
    /// From it on there is no room for anything.
    DiskFull,
    /// From it on nothing changes any more: what a kill leaves, but for temporary files.
    Nothing,
    /// The process is gone, as by `kill -9`.
    Kill,
}

struct Armed {
    folder: PathBuf,
    fault: Fault,
    at: usize,
    count: Arc<AtomicUsize>,
}

/// Tests run side by side, each in a folder of its own.
static ARMED: Mutex<Vec<Armed>> = Mutex::new(Vec::new());

/// Lets the change number `at` (from 0) below `folder` run into `fault`, as long as the answer lives.
pub fn arm(folder: &Path, fault: Fault, at: usize) -> Guard {
    let count = Arc::new(AtomicUsize::new(0));
    let armed = Armed { folder: folder.to_path_buf(), fault, at, count: Arc::clone(&count) };
    ARMED.lock().expect("no test panics here").push(armed);
    Guard { folder: folder.to_path_buf(), count }
}

pub struct Guard {
    folder: PathBuf,
    count: Arc<AtomicUsize>,
}

impl Guard {
    /// How many changes there were.
    pub fn changes(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        ARMED.lock().expect("no test panics here").retain(|armed| armed.folder != self.folder);
    }
}

pub(super) fn before(path: &Path, change: Change) -> io::Result<()> {
    let armed = ARMED.lock().expect("no test panics here");
    let Some(armed) = armed.iter().find(|armed| path.starts_with(&armed.folder)) else { return Ok(()) };
    let number = armed.count.fetch_add(1, Ordering::SeqCst);
    match armed.fault {
        Fault::Once if number == armed.at => Err(io::Error::from(io::ErrorKind::PermissionDenied)),
        Fault::DiskFull if number >= armed.at && change == Change::Adds => {
            Err(io::Error::from(io::ErrorKind::StorageFull))
        }
        Fault::Nothing if number >= armed.at => Err(io::Error::from(io::ErrorKind::PermissionDenied)),
        Fault::Kill if number == armed.at => std::process::abort(),
        _ => Ok(()),
    }
}
