//! Info.plist lacks a key that macOS asks for.

use super::Rule;
use crate::bundle::Problem;
use crate::diagnose::described::described;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "plist-key-missing",
    title: "Info.plist lacks a key that macOS asks for",
    severity: Severity::Warning,
    doc: include_str!("plist_key_missing.md"),
    check,
};

const KEYS: [&str; 4] =
    ["CFBundleIdentifier", "CFBundleName", "CFBundleVersion", "CFBundleShortVersionString"];

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let path = BundlePath::root().join("Contents").join("Info.plist");
    if facts.bundle.info.is_none() {
        return no_plist(facts, &path).into_iter().collect();
    }
    let processes = described(facts.bundle).filter(|one| one.is_process());
    let lacking = processes.filter_map(|one| {
        let wanted = if one.folder.is_root() { &KEYS[..] } else { &KEYS[..1] };
        let missing: Vec<&str> = wanted.iter().copied().filter(|key| one.text(key).is_none()).collect();
        (!missing.is_empty()).then(|| finding(one.path, &missing))
    });
    lacking.collect()
}

/// One that is there and cannot be read is another rule's.
fn no_plist(facts: &Facts<'_>, path: &BundlePath) -> Option<Finding> {
    let broken =
        |problem: &Problem| matches!(problem, Problem::BrokenInfoPlist { path: it, .. } if it == path);
    (!facts.bundle.problems.iter().any(broken)).then(|| {
        let message = format!(
            "{path} is not there, so {} has no identifier, no name and no version. Write one with {} and \
             CFBundleExecutable.",
            facts.bundle.name,
            KEYS.join(", ")
        );
        Finding::new(&RULE, path, "There is no Info.plist", message)
    })
}

fn finding(path: &BundlePath, missing: &[&str]) -> Finding {
    let keys = missing.join(", ");
    let title = match missing {
        [one] => format!("{one} is not set"),
        _ => format!("{} keys are not set", missing.len()),
    };
    let message = format!("{path} does not set {keys}. Add what is missing and sign the bundle again.");
    Finding::new(&RULE, path, title, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn what_is_missing_or_empty_is_listed_once() {
        let bundle = "Contents/Info.plist plist\n  key CFBundleIdentifier org.me.app\n  key CFBundleName \n\
                      Contents/MacOS/App execute\n";
        let findings = found_in(bundle, RULE.id);
        assert_eq!(shown(&findings), ["warning Contents/Info.plist: 3 keys are not set"]);
        assert!(findings[0].message.contains("CFBundleName, CFBundleVersion, CFBundleShortVersionString"));
        let none = found_in("Contents/MacOS/App execute\n", RULE.id);
        assert_eq!(shown(&none), ["warning Contents/Info.plist: There is no Info.plist"]);
    }

    #[test]
    fn a_service_needs_its_identifier_and_no_more() {
        let keys: String = KEYS.iter().map(|key| format!("  key {key} 1\n")).collect();
        let bundle = format!(
            "Contents/Info.plist plist\n{keys}Contents/MacOS/App execute\n\
             Contents/XPCServices/A.xpc/Contents/Info.plist plist\n  key CFBundleName A\n\
             Contents/XPCServices/B.xpc/Contents/Info.plist plist\n  key CFBundleIdentifier org.me.b\n\
             Contents/Resources/C.bundle/Contents/Info.plist plist\n  key CFBundleName C\n"
        );
        let service = "Contents/XPCServices/A.xpc/Contents/Info.plist";
        assert_eq!(
            shown(&found_in(&bundle, RULE.id)),
            [format!("warning {service}: CFBundleIdentifier is not set")]
        );
    }
}
