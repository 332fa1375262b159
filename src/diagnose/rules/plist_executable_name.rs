//! Info.plist of a nested bundle names a file that is not there.

use super::Rule;
use crate::bundle::Bundle;
use crate::diagnose::described::{Described, described};
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "plist-executable-name",
    title: "Info.plist of a nested bundle names a file that is not there",
    severity: Severity::Error,
    doc: include_str!("plist_executable_name.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let nested = described(facts.bundle).filter(|one| !one.folder.is_root() && !one.is_stray(facts.bundle));
    nested.filter_map(|one| finding(facts, &one)).collect()
}

fn finding(facts: &Facts<'_>, one: &Described<'_>) -> Option<Finding> {
    let executable = one.executable()?;
    if facts.bundle.real_path(&executable).is_some() {
        return None;
    }
    let name = executable.file_name();
    let (severity, effect) = match one.is_process() {
        _ if differs_in_capitals(facts.bundle, &executable) => {
            (Severity::Warning, "only capitals differ, so most Macs find it and some do not")
        }
        true => (Severity::Error, "it cannot be started"),
        false => {
            (Severity::Warning, "NSBundle cannot load it and codesign signs it as a bundle without code")
        }
    };
    let title = format!("{} has no executable {name}", one.folder.file_name());
    let message = format!(
        "CFBundleExecutable in {} names {executable}, which is not there by that name: {effect}. Correct the key or the name of the \
         file and sign the bundle again.",
        one.path
    );
    Some(Finding { severity, ..Finding::new(&RULE, one.path, title, message) })
}

fn differs_in_capitals(bundle: &Bundle, executable: &BundlePath) -> bool {
    bundle.nodes.keys().any(|path| path.as_str().eq_ignore_ascii_case(executable.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn a_renamed_helper_and_a_renamed_framework_are_found() {
        let bundle = "Contents/MacOS/App execute\n\
                      Contents/Frameworks/Help.app/Contents/Info.plist plist\n  key CFBundleExecutable Help\n\
                      Contents/Frameworks/Help.app/Contents/MacOS/Helper execute\n\
                      Contents/Frameworks/X.framework/Versions/A/Resources/Info.plist plist\n  key CFBundleExecutable Y\n\
                      Contents/Frameworks/X.framework/Versions/A/X dylib\n";
        let at = |folder: &str| format!("Contents/Frameworks/{folder}/Info.plist");
        assert_eq!(
            shown(&found_in(bundle, RULE.id)),
            [
                format!("error {}: Help.app has no executable Help", at("Help.app/Contents")),
                format!(
                    "warning {}: X.framework has no executable Y",
                    at("X.framework/Versions/A/Resources")
                ),
            ]
        );
    }

    #[test]
    fn most_macs_know_no_capitals() {
        let bundle = "Contents/MacOS/App execute\n\
                      Contents/Helpers/H.app/Contents/Info.plist plist\n  key CFBundleExecutable help\n\
                      Contents/Helpers/H.app/Contents/MacOS/Help execute\n";
        let findings = found_in(bundle, RULE.id);
        assert_eq!(findings[0].severity, Severity::Warning);
        assert!(findings[0].message.contains("only capitals differ"), "{}", findings[0].message);
    }

    #[test]
    fn bundles_without_code_and_with_it_are_fine() {
        let bundle = "Contents/MacOS/App execute\n\
                      Contents/Resources/Art.bundle/Contents/Info.plist plist\n  key CFBundleName Art\n\
                      Contents/Frameworks/X.framework/Resources/Info.plist plist\n  key CFBundleExecutable X\n\
                      Contents/Frameworks/X.framework/Versions/A/Resources/Info.plist plist\n  key CFBundleExecutable X\n\
                      Contents/Frameworks/X.framework/Versions/A/X dylib\n";
        assert_eq!(shown(&found_in(bundle, RULE.id)), [] as [String; 0]);
    }
}
