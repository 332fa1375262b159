//! An install name does not say where the library is.

use super::Rule;
use crate::bundle::Bundle;
use crate::diagnose::Remedy;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::{FileType, InstallName, framework_suffix};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "id-mismatch",
    title: "An install name does not say where the library is",
    severity: Severity::Warning,
    doc: include_str!("id_mismatch.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, image) in &facts.bundle.images {
        let libraries = image.file.slices.iter().filter(|slice| slice.file_type == FileType::Dylib);
        let wrong = libraries
            .filter_map(|slice| slice.install_name.as_ref())
            .find_map(|id| fault(facts.bundle, path, id).map(|why| (id, why)));
        if let Some((id, why)) = wrong {
            findings.push(Finding {
                remedy: Some(Remedy::SetId { image: path.clone() }),
                ..Finding::new(
                    &RULE,
                    path,
                    format!("{} calls itself {id}", path.file_name()),
                    format!("The install name of {path} is {id}: {why}. Set it to {}.", right_id(path)),
                )
            });
        }
    }
    findings
}

/// What LC_ID_DYLIB of a library at `path` should say.
pub fn right_id(path: &BundlePath) -> InstallName {
    let tail = framework_suffix(path.as_str()).unwrap_or(path.file_name());
    let below = path
        .as_str()
        .strip_prefix("Contents/Frameworks/")
        .filter(|_| framework_suffix(path.as_str()).is_none());
    InstallName::new(format!("@rpath/{}", below.unwrap_or(tail)))
}

/// A file may go by several names through links, so the last part may be the name of a link to it.
fn fault(bundle: &Bundle, path: &BundlePath, id: &InstallName) -> Option<&'static str> {
    if id.as_str().starts_with('/') {
        return Some("a place on the build machine");
    }
    let named = id.leaf() == path.file_name();
    let linked = path
        .parent()
        .and_then(|folder| folder.resolve(id.leaf()))
        .is_some_and(|link| bundle.real_path(&link).as_ref() == Some(path));
    (!named && !linked).then_some("another file's name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_alone, shown};

    #[test]
    fn a_name_of_the_build_machine_is_found_and_links_are_other_names() {
        let findings = found_alone("t1", "T1", RULE.id, |app| {
            let from = app.with_file_name("root").join("opt/homebrew/opt/foo/lib/libfoo.1.2.3.dylib");
            let folder = app.join("Contents/Frameworks");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::copy(from, folder.join("libfoo.1.dylib")).unwrap();
        });
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.ends_with("Set it to @rpath/libfoo.1.dylib."), "{}", findings[0].message);
        assert_eq!(shown(&found("sample", "Postcard", RULE.id)), [] as [String; 0]);
    }

    #[test]
    fn a_framework_keeps_its_versions_in_the_name() {
        let id = |text: &str| right_id(&BundlePath::new(text).unwrap()).as_str().to_owned();
        assert_eq!(id("Contents/Frameworks/X.framework/Versions/A/X"), "@rpath/X.framework/Versions/A/X");
        assert_eq!(id("Contents/Frameworks/libx.dylib"), "@rpath/libx.dylib");
        assert_eq!(id("Contents/Frameworks/sub/libx.dylib"), "@rpath/sub/libx.dylib");
        assert_eq!(id("Contents/PlugIns/libx.dylib"), "@rpath/libx.dylib");
    }
}
