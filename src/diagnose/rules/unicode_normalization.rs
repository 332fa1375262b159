//! A reference writes a name with other code points than its file.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::names::NameFault;
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "unicode-normalization",
    title: "A reference writes an accent otherwise than its file",
    severity: Severity::Warning,
    doc: include_str!("unicode_normalization.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let found = facts.name_faults(|fault| match fault {
        NameFault::Normalization(target) => Some(target.clone()),
        _ => None,
    });
    found
        .into_iter()
        .map(|(hit, target)| {
            let title = format!("{} is written with other code points", leaf(hit.name()));
            let message = format!(
                "{} asks for {}, and the file {target} looks the same but has its accents composed otherwise (NFC and NFD): the same only on a disk that takes both for one. Write the reference as the file is called.",
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

    fn app(name: &str, file: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  rpath @executable_path/../Frameworks\n  use @rpath/{name}\n\
             Contents/Frameworks/{file} dylib\n  id @rpath/{file}\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_composed_and_a_decomposed_letter_are_two_names() {
        let findings = app("libe\u{301}tude.dylib", "lib\u{e9}tude.dylib");
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].severity, Severity::Warning);
        assert!(findings[0].remedy.is_some() && findings[0].title.ends_with("with other code points"));
    }

    #[test]
    fn another_case_is_another_fault() {
        assert_eq!(shown(&app("lib\u{c9}tude.dylib", "lib\u{e9}tude.dylib")).len(), 0);
        assert_eq!(shown(&app("lib\u{e9}tude.dylib", "lib\u{e9}tude.dylib")).len(), 0);
    }
}
