//! Chained fixups in a file that claims to run where dyld does not know them.

use super::Rule;
use super::minimum_system_too_low::minimum;
use crate::diagnose::loaded::declared_minimum;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::{Arch, PackedVersion};

pub static RULE: Rule = Rule {
    id: "chained-fixups-too-old",
    title: "Chained fixups for a macOS that does not know them",
    severity: Severity::Warning,
    doc: include_str!("chained_fixups_too_old.md"),
    check,
};

/// macOS 11, the fall of 2020 (dyld `Policy::useChainedFixups`).
const FIRST_WITH_CHAINS: PackedVersion = PackedVersion::new(11, 0, 0);

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, image) in &facts.bundle.images {
        // arm64 starts on no macOS that lacks them.
        let Some(slice) = image.file.slice(Arch::X86_64).filter(|slice| slice.chained_fixups) else {
            continue;
        };
        let Some(built_for) = minimum(slice).filter(|version| *version < FIRST_WITH_CHAINS) else { continue };
        let declared = declared_minimum(facts.bundle, slice.arch);
        if declared.is_some_and(|declared| declared >= FIRST_WITH_CHAINS) {
            continue;
        }
        let title = format!("{} has chained fixups for macOS {built_for}", path.file_name());
        let message = format!(
            "The x86_64 slice of {path} is built for macOS {built_for} and has LC_DYLD_CHAINED_FIXUPS, which dyld knows since macOS 11. Link it with -no_fixup_chains, or raise the minimum system to 11.0."
        );
        findings.push(Finding { arch: Some(slice.arch), ..Finding::new(&RULE, path, title, message) });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn the_promised_system_decides() {
        let app = |minos: &str, keys: &str| {
            format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\n{keys}Contents/MacOS/App execute x86_64 minos={minos} fixups=chained\n  use /usr/lib/libSystem.B.dylib\n"
            )
        };
        assert_eq!(
            shown(&found_in(&app("10.13", ""), RULE.id)),
            ["warning Contents/MacOS/App: App has chained fixups for macOS 10.13"]
        );
        assert_eq!(shown(&found_in(&app("11.0", ""), RULE.id)), [] as [&str; 0]);
        assert_eq!(
            shown(&found_in(&app("10.13", "  key LSMinimumSystemVersion 11.0\n"), RULE.id)),
            [] as [&str; 0]
        );
    }
}
