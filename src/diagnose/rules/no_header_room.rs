//! No room in the header for the repair.

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::EditError;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "no-header-room",
    title: "No room in the header for the repair",
    severity: Severity::Error,
    doc: include_str!("no_header_room.md"),
    check,
};

/// Whether there is room depends on what is to be written, so the planner reports it, not the check.
fn check(_: &Facts<'_>) -> Vec<Finding> {
    Vec::new()
}

/// What the planner reports when no way to mend all of `path` fits.
pub fn finding(path: &BundlePath, error: &EditError) -> Finding {
    let arch = match error {
        EditError::NoRoom { arch, .. } => Some(*arch),
        _ => None,
    };
    let title = format!("{} has no room for the repair", path.file_name());
    Finding { arch, ..Finding::new(&RULE, path, title, format!("{path} cannot be mended in full: {error}.")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::macho::Arch;

    #[test]
    fn it_names_the_slice_the_missing_bytes_and_the_linker_flag() {
        let path = BundlePath::new("Contents/MacOS/full").unwrap();
        let finding = finding(&path, &EditError::NoRoom { arch: Arch::ARM64, missing: 56 });
        assert_eq!(finding.arch, Some(Arch::ARM64));
        for part in ["Contents/MacOS/full", "arm64", "56 bytes", "-headerpad_max_install_names"] {
            assert!(finding.message.contains(part), "{}", finding.message);
        }
    }
}
