//! @rpath is used but no LC_RPATH is there.

use super::Rule;
use crate::diagnose::references::{counterpart, hits};
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;

pub static RULE: Rule = Rule {
    id: "no-rpath",
    title: "@rpath is used but no LC_RPATH is there",
    severity: Severity::Error,
    doc: include_str!("no_rpath.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let missing = hits(facts.build, |reference| {
        reference.dependency.resolution == Resolution::Missing && reference.dependency.has_no_rpath()
    });
    missing
        .iter()
        .map(|hit| {
            let name = hit.name();
            let target = counterpart(facts.bundle, hit.user(), name, hit.first.launch.arch);
            let advice = match &target {
                Some(target) => {
                    format!("Give {} an LC_RPATH that leads to {target}.", hit.first.launch.entry)
                }
                None => {
                    format!("Add {} to Contents/Frameworks and an LC_RPATH that leads there.", leaf(name))
                }
            };
            let title = format!("No rpath for {}", leaf(name));
            let message = format!(
                "{} asks for {name}, but neither it nor what loads it has an LC_RPATH. {advice}",
                hit.user()
            );
            Finding {
                remedy: target.map(|target| hit.repoint(target)),
                ..hit.finding(&RULE, facts, title, message)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::diagnose::case::{found, found_alone, shown};
    use crate::macho::{LoadCommandEdit, Rpath, edit::edit_file, read};

    #[test]
    fn without_any_rpath_in_the_chain_it_names_the_executable_that_needs_one() {
        let findings = found_alone("rp", "Rp", RULE.id, |app| {
            let file = app.join("Contents/MacOS/inherits");
            let bytes = std::fs::read(&file).unwrap();
            let delete = vec![LoadCommandEdit::DeleteRpath(Rpath::new("@loader_path/../Frameworks"))];
            let edits: BTreeMap<_, _> =
                read(&bytes).unwrap().archs().map(|arch| (arch, delete.clone())).collect();
            std::fs::write(&file, edit_file(&bytes, &edits).unwrap()).unwrap();
        });
        assert_eq!(
            shown(&findings),
            [
                "error Contents/Frameworks/deep/libmiddle.dylib: No rpath for libleaf.dylib",
                "error Contents/MacOS/inherits: No rpath for libmiddle.dylib",
            ]
        );
        let message = &findings[1].message;
        assert!(message.contains("Give Contents/MacOS/inherits an LC_RPATH"), "{message}");
        assert!(findings[0].remedy.is_some());
    }

    #[test]
    fn an_inherited_rpath_is_enough() {
        assert_eq!(shown(&found("rp", "Rp", RULE.id)), [] as [String; 0]);
    }
}
