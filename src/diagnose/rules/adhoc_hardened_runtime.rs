//! Code without a team and with the hardened runtime, which then refuses the bundle's own libraries.

use std::collections::BTreeMap;

use super::Rule;
use super::team_mismatch::is_apples;
use crate::diagnose::loaded::listed;
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::macho::{Signature, SignatureState};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "adhoc-hardened-runtime",
    title: "Ad hoc code with the hardened runtime cannot load the bundle's libraries",
    severity: Severity::Error,
    doc: include_str!("adhoc_hardened_runtime.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings: BTreeMap<BundlePath, Finding> = BTreeMap::new();
    for process in facts.processes() {
        let signature = &process.slice.signature;
        let Some(how) = without_team(signature) else { continue };
        if !signature.validates_libraries() || process.libraries.is_empty() {
            continue;
        }
        let path = &process.executable;
        let title = format!("{} is hardened but signed {how}", path.file_name());
        let message = format!(
            "{path} is signed {how} and with the hardened runtime, so macOS refuses {}: \"mapping process and mapped file (non-platform) have different Team IDs\", although there is no team at all. Sign it without the hardened runtime, or everything with one Developer ID.",
            listed(process.libraries.keys().map(|library| library.file_name()))
        );
        let remedy = Some(Remedy::Sign { path: path.clone() });
        findings
            .entry(path.clone())
            .or_insert(Finding { remedy, ..Finding::new(&RULE, path, title, message) });
    }
    findings.into_values().collect()
}

/// How code is signed that belongs to no team; Apple's own needs none.
fn without_team(signature: &Signature) -> Option<&'static str> {
    match signature.state {
        _ if signature.is_ad_hoc() => Some("ad hoc"),
        SignatureState::Cms if signature.team.is_none() && !is_apples(signature) => {
            Some("with a certificate without a team")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn app(signed: &str, used: &str) -> Vec<String> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute {signed}\n  use {used}\n  rpath @executable_path/../Frameworks\nContents/Frameworks/liba.dylib dylib signed=adhoc\n  id @rpath/liba.dylib\n  use /usr/lib/libSystem.B.dylib\n"
        );
        shown(&found_in(&app, RULE.id))
    }

    #[test]
    fn no_team_is_not_the_same_as_no_team() {
        let title = "error Contents/MacOS/App: App is hardened but signed ad hoc";
        assert_eq!(app("signed=adhoc+hardened", "@rpath/liba.dylib"), [title]);
        let title = "error Contents/MacOS/App: App is hardened but signed with a certificate without a team";
        assert_eq!(app("signed=no-team+hardened", "@rpath/liba.dylib"), [title]);
        assert_eq!(app("signed=adhoc", "@rpath/liba.dylib"), [] as [&str; 0]);
        assert_eq!(
            app("signed=adhoc+hardened may=disable-library-validation", "@rpath/liba.dylib"),
            [] as [&str; 0]
        );
        assert_eq!(app("signed=TEAM123456+hardened", "@rpath/liba.dylib"), [] as [&str; 0]);
    }
}
