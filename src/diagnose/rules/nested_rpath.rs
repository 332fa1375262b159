//! An rpath begins with @rpath.

use super::Rule;
use crate::diagnose::wording::each_rpath;
use crate::diagnose::{Facts, Finding, Remedy, Severity};

pub static RULE: Rule = Rule {
    id: "nested-rpath",
    title: "An rpath begins with @rpath",
    severity: Severity::Warning,
    doc: include_str!("nested_rpath.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    each_rpath(facts.bundle)
        .into_iter()
        .filter(|(_, rpath)| rpath.as_str() == "@rpath" || rpath.as_str().starts_with("@rpath/"))
        .map(|(image, rpath)| {
            let message = format!(
                "{image} has the LC_RPATH {rpath}. dyld does not look an rpath up through other rpaths, so it leads nowhere. Delete it, or write it with @loader_path/ or @executable_path/ in front."
            );
            let remedy = Some(Remedy::DeleteRpath { image: image.clone(), rpath: rpath.clone() });
            let title = format!("Rpath {rpath} leads nowhere");
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
    fn rpaths_are_not_expanded_by_rpaths() {
        assert_eq!(
            shown(&with_rpath("@rpath/Frameworks")),
            ["warning Contents/MacOS/App: Rpath @rpath/Frameworks leads nowhere"]
        );
    }

    #[test]
    fn the_other_variables_are_expanded() {
        assert_eq!(shown(&with_rpath("@loader_path/../Frameworks")).len(), 0);
        assert_eq!(shown(&with_rpath("@executable_path")).len(), 0);
    }
}
