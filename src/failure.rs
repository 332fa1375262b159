//! "I could not do what you asked": the file, what went wrong with it, and what to do next.
//!
//! A fault *in the user's bundle* is never a [`Failure`]; it is a finding. See `diagnose`.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::progress::Cancelled;

/// Why an action could not be carried out. Its `Display` is the one line a user reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The user cancelled; nothing was changed.
    Cancelled,
    /// Something about `path` stood in the way.
    Problem {
        /// The file or folder it is about, on this machine.
        path: PathBuf,
        /// What is wrong, as a clause: "is not an app bundle".
        what: String,
        /// What the user can do about it, as an imperative sentence without its full stop.
        next: String,
    },
}

impl Failure {
    pub fn new(path: impl Into<PathBuf>, what: impl Into<String>, next: impl Into<String>) -> Self {
        Failure::Problem { path: path.into(), what: what.into(), next: next.into() }
    }

    /// An operating-system error while doing `what` ("read", "create", …) to `path`.
    pub fn io(path: &Path, doing: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind::*;
        let next = match error.kind() {
            NotFound => "check the path",
            PermissionDenied => "give yourself permission to it, or work on a copy",
            StorageFull | QuotaExceeded => "free some space on this disk and try again; nothing was changed",
            ReadOnlyFilesystem => "copy the bundle to a disk that can be written",
            _ => "check the disk and try again",
        };
        Failure::new(path, format!("could not {doing}: {}", plain(error)), next)
    }
}

/// The system's words without Rust's "(os error 2)".
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Cancelled => write!(f, "cancelled; nothing was changed"),
            Failure::Problem { path, what, next } => write!(f, "{}: {what}; {next}.", path.display()),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Cancelled> for Failure {
    fn from(_: Cancelled) -> Self {
        Failure::Cancelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_io_failure_names_the_file_and_the_next_step() {
        let error = std::io::Error::from_raw_os_error(2);
        let text = Failure::io(Path::new("/x/Foo.app"), "open", &error).to_string();
        assert!(text.starts_with("/x/Foo.app: could not open: "), "{text}");
        assert!(text.ends_with("; check the path."), "{text}");
        assert!(!text.contains("os error"), "{text}");
    }
}
