//! What macOS itself provides, known without a Mac: install names, the macOS that brought or lost them, and the symbols
//! of libSystem.
//!
//! Since macOS 11 none of the libraries is a file, so no look at a disk can tell. The three tables beside this file say
//! in their first lines where each fact comes from; `renew.py` makes them. A name that is in none may exist all the same.

mod facts;
mod libsystem;

pub use facts::{End, Exists, Facts, Moved, Since, exists, gone, library, moved};
pub use libsystem::{Listed, libsystem_symbol};

use std::fmt;

use crate::bundle::source::is_system_path;
use crate::macho::PackedVersion;
use crate::paths::normalized;

/// Whether a load command that says `name` means a library of macOS. Everything in the system's own folders counts but
/// what is known to be gone: nothing else may install libraries there.
pub fn is_system(name: &str) -> bool {
    is_system_path(name) && gone(name).is_none()
}

/// Whether macOS is known to have a library at `path`. For places that dyld makes up from rpaths and fallback folders,
/// where being in a system folder proves nothing.
pub fn is_known(path: &str) -> bool {
    let path = &*normalized(path);
    is_system_path(path)
        && (is_swift_library(path) || library(path).is_some_and(|facts| !matches!(facts.end, End::Gone(_))))
}

/// Swift's own libraries and overlays, which the tables name only in part.
pub fn is_swift_library(name: &str) -> bool {
    name.strip_prefix("/usr/lib/swift/")
        .is_some_and(|leaf| leaf.starts_with("libswift") && leaf.ends_with(".dylib") && !leaf.contains('/'))
}

/// Whether `name` is one of the parts that libSystem.B.dylib re-exports, or once was.
pub fn is_libsystem_part(name: &str) -> bool {
    name.starts_with("/usr/lib/system/")
}

/// Whether `leaf` is the file name of a libSystem.
pub fn is_libsystem_leaf(leaf: &str) -> bool {
    matches!(leaf, "libSystem.B.dylib" | "libSystem.dylib")
}

/// Whether `name` means macOS's own libSystem.
pub fn is_libsystem(name: &str) -> bool {
    matches!(name, "/usr/lib/libSystem.B.dylib" | "/usr/lib/libSystem.dylib")
}

/// Whether `name` means a libSystem that is not macOS's own.
pub fn is_other_libsystem(name: &str) -> bool {
    is_libsystem_leaf(name.rsplit('/').next().unwrap_or(name)) && !is_system(name)
}

/// A macOS version of the tables as people write it: 26.255 stands for "26.x", some version of 26, and so for 15.
pub struct Shown(pub PackedVersion);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.parts() {
            (major, ANY_MINOR, _) => write!(f, "{major}.x"),
            _ => self.0.fmt(f),
        }
    }
}

const ANY_MINOR: u32 = 255;

/// Reads `10.15.4`, and `26.x` as 26.255: later than every 26 that one could ask for.
pub fn version(text: &str) -> Option<PackedVersion> {
    let mut parts = text.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = match parts.next() {
        Some("x") => ANY_MINOR as u8,
        other => other.unwrap_or("0").parse().ok()?,
    };
    let patch = parts.next().unwrap_or("0").parse().ok()?;
    parts.next().is_none().then(|| PackedVersion::new(major, minor, patch))
}

/// The lines of a table without its comments.
fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_command_that_names_a_system_folder_means_the_system() {
        assert!(is_system("/usr/lib/libSystem.B.dylib"));
        assert!(is_system("/System/iOSSupport/System/Library/Frameworks/UIKit.framework/Versions/A/UIKit"));
        for other in ["/usr/local/lib/libz.dylib", "/Library/Frameworks/X.framework/X", "@rpath/libz.dylib"] {
            assert!(!is_system(other), "{other}");
        }
        for gone in [
            "/System/Library/Frameworks/Python.framework/Versions/2.6/Python",
            "/System/Library/Frameworks/Python.framework/Versions/2.7/lib/libpython2.7.dylib",
            "/usr/lib/system/libsystem_coretls.dylib",
        ] {
            assert!(!is_system(gone), "{gone}");
        }
    }

    #[test]
    fn made_up_places_must_be_in_the_table() {
        for known in [
            "/usr/lib/libz.1.dylib",
            "/usr/lib/swift/libswiftCore.dylib",
            "/System/Library/Frameworks/AppKit.framework/AppKit",
            "/System/Library/Frameworks/AppKit.framework/Versions/C/AppKit",
            "/usr/lib/swift/../libz.1.dylib",
        ] {
            assert!(is_known(known), "{known}");
        }
        for unknown in [
            "/usr/lib/libmine.dylib",
            "/usr/lib/swift/mine.dylib",
            "/System/Library/Frameworks/AppKit.framework/Versions/Z/AppKit",
            "/System/Library/Frameworks/QtCore.framework/QtCore",
            "/System/Library/Frameworks/Python.framework/Python",
            "/opt/lib/libz.1.dylib",
        ] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }

    #[test]
    fn a_version_of_26_that_nobody_knows_is_shown_as_such() {
        assert_eq!(version("10.15.4"), Some(PackedVersion::new(10, 15, 4)));
        assert_eq!(version("26.x").map(|known| Shown(known).to_string()).as_deref(), Some("26.x"));
        assert_eq!(Shown(PackedVersion::new(12, 3, 0)).to_string(), "12.3");
        for broken in ["", "x", "12.", "12.3.4.5", "12.300", "-"] {
            assert_eq!(version(broken), None, "{broken}");
        }
    }
}
