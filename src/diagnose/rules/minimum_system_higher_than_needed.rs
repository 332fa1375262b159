//! Info.plist asks for a newer macOS than the code.

use super::Rule;
use super::minimum_system_too_low::minimum;
use crate::diagnose::loaded::declared_minimum;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::PackedVersion;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "minimum-system-higher-than-needed",
    title: "Info.plist asks for a newer macOS than the code",
    severity: Severity::Info,
    doc: include_str!("minimum_system_higher_than_needed.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let processes = facts.processes();
    let declared = processes.iter().filter_map(|one| declared_minimum(facts.bundle, one.slice.arch)).min();
    let slices = processes.iter().flat_map(|one| one.libraries.values().chain([&one.slice]));
    let built_for: Option<Vec<PackedVersion>> = slices.map(|slice| minimum(slice)).collect();
    let needed = built_for.and_then(|all| all.into_iter().max());
    let info = BundlePath::root().join("Contents").join("Info.plist");
    match (declared, needed) {
        (Some(declared), Some(needed)) if needed < declared => {
            let message = format!(
                "LSMinimumSystemVersion in {info} is {declared}, but every file that is loaded is built for macOS {needed} or earlier. Lower it if the app is to start there."
            );
            let title = format!("The code is built for macOS {needed}, Info.plist asks for {declared}");
            vec![Finding::new(&RULE, &info, title, message)]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn only_when_no_file_needs_it() {
        let app = |minos: &str| {
            format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\n  key LSMinimumSystemVersion 13.0\nContents/MacOS/App execute minos={minos}\n  use /usr/lib/libSystem.B.dylib\n"
            )
        };
        assert_eq!(
            shown(&found_in(&app("11.0"), RULE.id)),
            ["info Contents/Info.plist: The code is built for macOS 11.0, Info.plist asks for 13.0"]
        );
        assert_eq!(shown(&found_in(&app("13.0"), RULE.id)), [] as [&str; 0]);
    }
}
