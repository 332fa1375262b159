//! The package type does not say that this is an app.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::described::{Described, described};
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "package-type",
    title: "The package type does not say that this is an app",
    severity: Severity::Warning,
    doc: include_str!("package_type.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let apps = described(facts.bundle).filter(|one| one.kind == "app");
    apps.flat_map(|one| [wrong_type(&one), wrong_file(facts, &one)]).flatten().collect()
}

/// The Finder has a type of its own.
fn wrong_type(one: &Described<'_>) -> Option<Finding> {
    let said = one.text("CFBundlePackageType");
    let (severity, title, what) = match said {
        Some("APPL" | "FNDR") => return None,
        Some(other) => (
            Severity::Warning,
            format!("CFBundlePackageType is {other:?}"),
            format!("CFBundlePackageType is {other:?}, which is no app's"),
        ),
        None => (
            Severity::Info,
            "CFBundlePackageType is not set".to_owned(),
            "CFBundlePackageType is not set, so that only the folder's ending says that this is an app"
                .to_owned(),
        ),
    };
    let message = format!("In {} {what}. Set it to APPL and sign the app again.", one.path);
    let (plist, key) = (one.path.clone(), "CFBundlePackageType");
    let remedy = Some(Remedy::SetInfo { plist, key, value: "APPL".to_owned() });
    Some(Finding { severity, remedy, ..Finding::new(&RULE, one.path, title, message) })
}

fn wrong_file(facts: &Facts<'_>, one: &Described<'_>) -> Option<Finding> {
    let path: BundlePath = one.path.parent()?.join("PkgInfo");
    let Some(Node::File { length, .. }) = facts.bundle.nodes.get(&path) else { return None };
    let start = facts.contents?.starts.get(&path).map(Vec::as_slice).unwrap_or_default();
    let said = one.text("CFBundlePackageType").unwrap_or("APPL");
    let what = if *length != 8 {
        format!("holds {length} bytes instead of 8")
    } else if !start.starts_with(said.as_bytes()) {
        format!(
            "begins with {:?} while CFBundlePackageType is {said}",
            String::from_utf8_lossy(start.get(..4)?)
        )
    } else {
        return None;
    };
    let message = format!("{path} {what}. Write {said}???? into it without a line's end, or delete it.");
    let title = "PkgInfo is not what Info.plist says";
    Some(Finding { severity: Severity::Info, ..Finding::new(&RULE, &path, title, message) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn found(kind: &str, rest: &str) -> Vec<String> {
        let bundle = format!(
            "Contents/Info.plist plist\n  key CFBundlePackageType {kind}\nContents/MacOS/App execute\n{rest}"
        );
        shown(&found_in(&bundle, RULE.id))
    }

    #[test]
    fn a_plug_ins_type_and_a_ninth_byte_are_found() {
        assert_eq!(found("BNDL", ""), ["warning Contents/Info.plist: CFBundlePackageType is \"BNDL\""]);
        let file = "Contents/PkgInfo text\n  line APPL????\n";
        assert_eq!(found("APPL", file), ["info Contents/PkgInfo: PkgInfo is not what Info.plist says"]);
        let other = "Contents/PkgInfo text\n  line BNDL???\n";
        assert_eq!(found("APPL", other), ["info Contents/PkgInfo: PkgInfo is not what Info.plist says"]);
    }

    #[test]
    fn an_app_that_says_so_is_fine_and_services_have_types_of_their_own() {
        let service = "Contents/XPCServices/S.xpc/Contents/Info.plist plist\n  key CFBundlePackageType XPC!\n\
                       Contents/PkgInfo text\n  line APPL???\n";
        assert_eq!(found("APPL", service), [] as [String; 0]);
    }
}
