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

    /// The same about the file at its other place: below `to` instead of below `from`.
    pub fn seen_at(self, from: &Path, to: &Path) -> Self {
        match self {
            Failure::Problem { path, what, next } => {
                let path = match path.strip_prefix(from) {
                    Ok(inside) if inside.as_os_str().is_empty() => to.to_path_buf(),
                    Ok(inside) => to.join(inside),
                    Err(_) => path,
                };
                Failure::Problem { path, what, next }
            }
            Failure::Cancelled => Failure::Cancelled,
        }
    }

    /// An operating-system error while doing `what` ("read", "create", …) to `path`.
    pub fn io(path: &Path, doing: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind::*;
        let next = match error.kind() {
            NotFound => "check the path",
            PermissionDenied => "give yourself permission to it, or work on a copy",
            InvalidFilename => "shorten the name",
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
    fn what_happened_to_a_copy_is_told_of_the_original() {
        let seen = |path: &str| {
            Failure::new(path, "is odd", "look")
                .seen_at(Path::new("/x/.next/Foo.app"), Path::new("/x/Foo.app"))
        };
        assert_eq!(seen("/x/.next/Foo.app/a/b").to_string(), "/x/Foo.app/a/b: is odd; look.");
        assert_eq!(seen("/x/.next/Foo.app").to_string(), "/x/Foo.app: is odd; look.");
        assert_eq!(seen("/elsewhere").to_string(), "/elsewhere: is odd; look.");
    }

    #[test]
    fn an_io_failure_names_the_file_and_the_next_step() {
        let error = std::io::Error::from_raw_os_error(2);
        let text = Failure::io(Path::new("/x/Foo.app"), "open", &error).to_string();
        assert!(text.starts_with("/x/Foo.app: could not open: "), "{text}");
        assert!(text.ends_with("; check the path."), "{text}");
        assert!(!text.contains("os error"), "{text}");
    }
}
