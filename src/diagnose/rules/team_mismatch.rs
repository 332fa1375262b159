//! A library of another team in a process that validates its libraries.

use std::collections::BTreeMap;

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::{Signature, SignatureState};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "team-mismatch",
    title: "A library is signed by another team than its process",
    severity: Severity::Error,
    doc: include_str!("team_mismatch.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings: BTreeMap<(BundlePath, BundlePath), Finding> = BTreeMap::new();
    for process in facts.processes() {
        let signature = &process.slice.signature;
        if signature.state != SignatureState::Cms || !signature.validates_libraries() {
            continue;
        }
        let Some(team) = &signature.team else { continue };
        for (path, slice) in &process.libraries {
            let who = match (&slice.signature.team, slice.signature.state) {
                (Some(other), SignatureState::Cms) if other == team => continue,
                // Apple's own code has no team and is let in.
                (None, SignatureState::Cms) if is_apples(&slice.signature) => continue,
                (None, SignatureState::Cms) => "signed without a team".to_owned(),
                (Some(other), SignatureState::Cms) => format!("signed by team {other}"),
                // Of arm64 code the rule about signatures says it.
                (_, SignatureState::None | SignatureState::Unreadable) if slice.arch.needs_signature() => {
                    continue;
                }
                (_, SignatureState::None | SignatureState::Unreadable) => "not signed".to_owned(),
                _ => "signed ad hoc".to_owned(),
            };
            let executable = &process.executable;
            let title = format!("{} is {who}, {} by team {team}", path.file_name(), executable.file_name());
            let message = format!(
                "{executable} is signed by team {team} and validates its libraries, and {path} is {who}: macOS does not let it in. Sign {path} with the same identity, then the app again."
            );
            let key = (path.clone(), executable.clone());
            findings.entry(key).or_insert(Finding::new(&RULE, path, title, message));
        }
    }
    findings.into_values().collect()
}

pub(super) fn is_apples(signature: &Signature) -> bool {
    signature.identifier.as_ref().is_some_and(|identifier| identifier.starts_with("com.apple."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn app(main: &str, library: &str) -> Vec<String> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute x86_64 signed={main}\n  use @rpath/liba.dylib\n  rpath @executable_path/../Frameworks\nContents/Frameworks/liba.dylib dylib x86_64 {library}\n  id @rpath/liba.dylib\n  use /usr/lib/libSystem.B.dylib\n"
        );
        shown(&found_in(&app, RULE.id))
    }

    #[test]
    fn apples_code_is_known_by_its_identifier() {
        let named =
            |name: &str| is_apples(&Signature { identifier: Some(name.to_owned()), ..Signature::NONE });
        assert!(named("com.apple.dt.runtime.swiftCore") && !named("org.example.lib"));
    }

    #[test]
    fn a_hardened_process_takes_its_own_team_only() {
        let title = |who: &str| {
            format!("error Contents/Frameworks/liba.dylib: liba.dylib is {who}, App by team AAAAAAAAAA")
        };
        let hardened = "AAAAAAAAAA+hardened";
        assert_eq!(app(hardened, "signed=BBBBBBBBBB"), [title("signed by team BBBBBBBBBB")]);
        assert_eq!(app(hardened, "signed=adhoc"), [title("signed ad hoc")]);
        assert_eq!(app(hardened, "signed=no-team"), [title("signed without a team")]);
        assert_eq!(app(hardened, "signed=none"), [title("not signed")]);
        assert_eq!(app(hardened, "signed=AAAAAAAAAA"), [] as [&str; 0]);
        assert_eq!(app("AAAAAAAAAA", "signed=BBBBBBBBBB"), [] as [&str; 0], "nothing is validated");
        assert_eq!(
            app("AAAAAAAAAA+hardened may=disable-library-validation", "signed=adhoc"),
            [] as [&str; 0]
        );
    }
}
