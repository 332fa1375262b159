//! Something beside `Contents`.

use super::Rule;
use crate::codesign::may_stand_beside_contents;
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "unsealed-root",
    title: "Something lies beside Contents",
    severity: Severity::Warning,
    doc: include_str!("unsealed_root.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    // Of a sealed app the check of the seal says it.
    let is_said = |path: &BundlePath| {
        facts.seals.problems.iter().any(|one| one.code == "unsealed-root" && one.path == *path)
    };
    let top = facts.bundle.nodes.keys().filter(|path| path.components().count() == 1);
    let beside = top.filter(|path| !may_stand_beside_contents(path.file_name()) && !is_said(path));
    beside
        .map(|path| {
            let message = format!(
                "{path} lies beside Contents, where no signature covers it: codesign refuses to sign the app. Move it into Contents/Resources."
            );
            let to = BundlePath::root().join("Contents/Resources").join(path.file_name());
            let remedy = Some(Remedy::Relocate { moves: vec![(path.clone(), to)], link: false });
            Finding { remedy, ..Finding::new(&RULE, path, format!("{path} lies beside Contents"), message) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn a_read_me_beside_contents_is_found() {
        let app = |item: &str| {
            format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute\n{item} text\n"
            )
        };
        assert_eq!(
            shown(&found_in(&app("README.txt"), RULE.id)),
            ["warning README.txt: README.txt lies beside Contents"]
        );
        assert_eq!(shown(&found_in(&app("Contents/Resources/README.txt"), RULE.id)), [] as [&str; 0]);
    }
}
