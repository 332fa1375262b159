//! A reference is spelt in another case than its file.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::names::NameFault;
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "case-mismatch",
    title: "A reference is spelt in another case than its file",
    severity: Severity::Warning,
    doc: include_str!("case_mismatch.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let found = facts.name_faults(|fault| match fault {
        NameFault::Case(target) => Some(target.clone()),
        _ => None,
    });
    found
        .into_iter()
        .map(|(hit, target)| {
            let title = format!("{} is spelt in another case", leaf(hit.name()));
            let message = format!(
                "{} asks for {}, and the file is {target}: the same only on a disk that does not tell upper and lower case apart. Write the reference as the file is called.",
                hit.user(),
                hit.name()
            );
            Finding {
                related: vec![ImageId::Bundled(target.clone())],
                remedy: Some(hit.repoint(target)),
                ..hit.finding(&RULE, facts, title, message)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn asks_for(name: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  rpath @executable_path/../Frameworks\n  use {name}\n\
             Contents/Frameworks/Ink.framework/Versions/A/Ink dylib\n  id @rpath/Ink.framework/Versions/A/Ink\n\
             Contents/Frameworks/Ink.framework/Versions/Current -> A\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_folder_or_a_file_in_another_case_is_found_through_links_too() {
        for name in ["@rpath/ink.framework/Versions/A/Ink", "@rpath/Ink.framework/Versions/current/ink"] {
            let findings = asks_for(name);
            let leaf = name.rsplit('/').next().unwrap();
            let wanted = format!("warning Contents/MacOS/App: {leaf} is spelt in another case");
            assert_eq!(shown(&findings), [wanted]);
            assert!(
                findings[0].remedy.is_some() && findings[0].message.contains("Ink.framework/Versions/A/Ink:")
            );
        }
    }

    #[test]
    fn the_right_case_and_another_name_are_no_such_fault() {
        assert_eq!(shown(&asks_for("@rpath/Ink.framework/Versions/Current/Ink")).len(), 0);
        assert_eq!(shown(&asks_for("@rpath/Pen.framework/Versions/A/Pen")).len(), 0);
    }
}
