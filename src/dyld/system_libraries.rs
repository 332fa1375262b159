//! Which install names macOS itself provides.
//!
//! Since macOS 11 none of them is a file, so no look at a disk can tell. The table holds names that public SDK lists and
//! the objc2 and pyobjc projects record; a name that is not in it may exist all the same.

use std::sync::LazyLock;

use crate::bundle::source::is_system_path;
use crate::paths::RuntimePath;

/// One install name a line, sorted.
static TABLE: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("system_libraries.txt").lines().collect());

/// What every supported macOS has lost.
const GONE: [&str; 4] = [
    "/System/Library/Frameworks/PubSub.framework/",
    "/System/Library/Frameworks/Python.framework/",
    "/usr/lib/system/libsystem_coretls.dylib",
    "/usr/lib/system/libsystem_network.dylib",
];

/// Whether a load command that says `name` means a library of macOS. Everything in the system's own folders counts but
/// what is known to be gone: nothing else may install libraries there.
pub fn is_system(name: &str) -> bool {
    (name.starts_with("/usr/lib/") || name.starts_with("/System/"))
        && !GONE.iter().any(|gone| name.starts_with(gone))
}

/// Whether macOS is known to have a library at `path`. For places that dyld makes up from rpaths and fallback folders,
/// where being in a system folder proves nothing.
pub fn is_known(path: &str) -> bool {
    let path = RuntimePath::new(path).normalized();
    if !is_system_path(&path) {
        return false;
    }
    let path = path.as_str();
    let swift = path
        .strip_prefix("/usr/lib/swift/")
        .is_some_and(|leaf| leaf.starts_with("libswift") && leaf.ends_with(".dylib") && !leaf.contains('/'));
    swift || TABLE.binary_search(&path).is_ok() || is_short_framework_name(path)
}

/// Whether `path` is `…/X.framework/X` and the table has some `…/X.framework/Versions/V/X`.
fn is_short_framework_name(path: &str) -> bool {
    let Some((folder, leaf)) = path.rsplit_once('/') else { return false };
    if !folder.ends_with(&format!("/{leaf}.framework")) {
        return false;
    }
    let versions = format!("{folder}/Versions/");
    let first = TABLE.partition_point(|name| *name < versions.as_str());
    TABLE[first..]
        .iter()
        .map_while(|name| name.strip_prefix(versions.as_str()))
        .any(|rest| rest.split_once('/').is_some_and(|(_, name)| name == leaf))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(TABLE.len() > 600);
        assert!(TABLE.is_sorted());
    }

    #[test]
    fn a_load_command_that_names_a_system_folder_means_the_system() {
        assert!(is_system("/usr/lib/libSystem.B.dylib"));
        assert!(is_system("/System/iOSSupport/System/Library/Frameworks/UIKit.framework/Versions/A/UIKit"));
        for other in ["/usr/local/lib/libz.dylib", "/Library/Frameworks/X.framework/X", "@rpath/libz.dylib"] {
            assert!(!is_system(other), "{other}");
        }
        assert!(!is_system("/System/Library/Frameworks/Python.framework/Versions/2.7/Python"));
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
            "/opt/lib/libz.1.dylib",
        ] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }
}
