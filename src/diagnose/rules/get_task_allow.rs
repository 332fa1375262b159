//! Executables that let a debugger in.

use super::Rule;
use super::hardened_runtime_missing::executables;
use crate::diagnose::loaded::{about_all, listed};
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "get-task-allow",
    title: "An executable lets a debugger in",
    severity: Severity::Warning,
    doc: include_str!("get_task_allow.md"),
    check,
};

const KEYS: [&str; 2] = ["com.apple.security.get-task-allow", "get-task-allow"];

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let files = executables(facts, |signature| KEYS.iter().any(|key| signature.entitlements.contains(*key)));
    let title = format!("{} may be debugged by anybody", listed(files.iter().map(|path| path.file_name())));
    let message = format!(
        "The entitlements of {} contain com.apple.security.get-task-allow, as a Debug build has them: notarisation refuses it, and every program of the user may change the process. Sign with entitlements without it.",
        listed(&files)
    );
    // What is signed ad hoc is not notarised anyway.
    let with_identity = |path: &BundlePath| {
        facts
            .bundle
            .image(path)
            .is_some_and(|image| image.file.slices.iter().any(|slice| slice.signature.cms.is_some()))
    };
    let severity = if files.iter().any(with_identity) { Severity::Warning } else { Severity::Info };
    about_all(&RULE, &files, title, message)
        .map(|finding| Finding { severity, ..finding })
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn the_entitlement_is_found_among_others() {
        let with = |signed: &str, key: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute signed={signed} may=allow-jit claims={key}\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        let (key, title) = (KEYS[0], "Contents/MacOS/App: App may be debugged by anybody");
        assert_eq!(with("TEAM123456", key), [format!("warning {title}")]);
        assert_eq!(with("adhoc", key), [format!("info {title}")]);
        assert_eq!(with("adhoc", "com.apple.security.network.client"), [] as [&str; 0]);
    }
}
