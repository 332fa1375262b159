//! A library whose SDK is too old for library validation.

use std::collections::BTreeMap;

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::{PackedVersion, SignatureState};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "library-validation-old-sdk",
    title: "A library's SDK is too old for library validation",
    severity: Severity::Error,
    doc: include_str!("library_validation_old_sdk.md"),
    check,
};

const FIRST_VALIDATED: PackedVersion = PackedVersion::new(10, 9, 0);

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings: BTreeMap<BundlePath, Finding> = BTreeMap::new();
    for process in facts.processes() {
        let signature = &process.slice.signature;
        // Ad hoc code can load none of them.
        if signature.state != SignatureState::Cms || !signature.validates_libraries() {
            continue;
        }
        for (path, slice) in &process.libraries {
            let sdk = slice.build.map_or(PackedVersion::default(), |build| build.sdk);
            if sdk >= FIRST_VALIDATED {
                continue;
            }
            let named =
                if sdk == PackedVersion::default() { "no SDK".to_owned() } else { format!("the SDK {sdk}") };
            let message = format!(
                "{} validates its libraries, and the {} slice of {path} names {named}: \"OS X SDK version before 10.9 does not support Library Validation\". Link it with an SDK version, or set one with vtool -set-build-version, and sign it again.",
                process.executable, slice.arch
            );
            let title = format!("{} names {named}", path.file_name());
            findings.entry(path.clone()).or_insert(Finding::new(&RULE, path, title, message));
        }
    }
    findings.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn the_sdk_counts_only_where_libraries_are_validated() {
        let with = |main: &str, sdk: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute signed={main}\n  use @rpath/liba.dylib\n  rpath @executable_path/../Frameworks\nContents/Frameworks/liba.dylib dylib signed=AAAAAAAAAA sdk={sdk}\n  id @rpath/liba.dylib\n  use /usr/lib/libSystem.B.dylib\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        let hardened = "AAAAAAAAAA+hardened";
        assert_eq!(with(hardened, "0.0"), ["error Contents/Frameworks/liba.dylib: liba.dylib names no SDK"]);
        assert_eq!(
            with(hardened, "10.8"),
            ["error Contents/Frameworks/liba.dylib: liba.dylib names the SDK 10.8"]
        );
        assert_eq!(with(hardened, "10.9"), [] as [&str; 0]);
        assert_eq!(with("AAAAAAAAAA", "0.0"), [] as [&str; 0]);
    }
}
