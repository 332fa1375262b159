//! A load command names something that is no library.

use super::Rule;
use crate::diagnose::names::NameFault;
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "reference-to-non-library",
    title: "A load command names something that is no library",
    severity: Severity::Error,
    doc: include_str!("reference_to_non_library.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let found = facts.name_faults(|fault| match fault {
        NameFault::NoLibrary(refusal) => Some(refusal.clone()),
        _ => None,
    });
    found
        .into_iter()
        .map(|(hit, refusal)| {
            let title = format!("{} is no library", leaf(hit.name()));
            let message = format!(
                "{} links against {}, which dyld refuses: {refusal}. Build it as a dynamic library (-dynamiclib), or open it with dlopen and drop the load command.",
                hit.user(),
                hit.name()
            );
            hit.finding(&RULE, facts, title, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn linked_against(kind: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  use @executable_path/../PlugIns/pen.so\n\
             Contents/PlugIns/pen.so {kind}\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn loadable_bundles_and_programs_are_refused_in_dylds_words() {
        for (kind, words) in
            [("bundle", "cannot link against bundle"), ("execute", "against a main executable")]
        {
            let findings = linked_against(kind);
            assert_eq!(shown(&findings), ["error Contents/MacOS/App: pen.so is no library"]);
            assert!(findings[0].message.contains(words), "{}", findings[0].message);
        }
    }

    #[test]
    fn a_dylib_may_be_called_anything() {
        assert_eq!(shown(&linked_against("dylib")).len(), 0);
    }
}
