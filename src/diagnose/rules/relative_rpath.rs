//! An rpath depends on the current folder.

use super::Rule;
use crate::diagnose::wording::each_rpath;
use crate::diagnose::{Facts, Finding, Remedy, Severity};

pub static RULE: Rule = Rule {
    id: "relative-rpath",
    title: "An rpath depends on the current folder",
    severity: Severity::Warning,
    doc: include_str!("relative_rpath.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    each_rpath(facts.bundle)
        .into_iter()
        .filter(|(_, rpath)| !rpath.as_str().starts_with(['/', '@']))
        .map(|(image, rpath)| {
            let shown = if rpath.as_str().is_empty() { "\"\"" } else { rpath.as_str() };
            let message = format!(
                "{image} has the LC_RPATH {shown}, which dyld takes from the current folder of the process. Delete it, or write it with @loader_path/ or @executable_path/ in front."
            );
            let remedy = Some(Remedy::DeleteRpath { image: image.clone(), rpath: rpath.clone() });
            let title = format!("Rpath {shown} depends on the current folder");
            Finding { remedy, ..Finding::new(&RULE, image, title, message) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn with_rpath(rpath: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute arm64 x86_64\n  rpath {rpath}\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_plain_folder_is_named_once_for_all_slices() {
        for rpath in ["../Frameworks", "lib", "."] {
            let title = format!("warning Contents/MacOS/App: Rpath {rpath} depends on the current folder");
            assert_eq!(shown(&with_rpath(rpath)), [title]);
        }
    }

    #[test]
    fn absolute_folders_and_those_of_images_do_not() {
        for rpath in ["/usr/lib/swift", "@executable_path/../Frameworks", "@loader_path", "@rpath/x"] {
            assert_eq!(shown(&with_rpath(rpath)).len(), 0, "{rpath}");
        }
    }
}
