//! Code where codesign seals resources.

use std::collections::BTreeSet;

use super::Rule;
use crate::diagnose::loaded::{about_all, counted, listed};
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::macho::FileType;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "misplaced-code",
    title: "Code in a folder for resources",
    severity: Severity::Info,
    doc: include_str!("misplaced_code.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let resources = BundlePath::root().join("Contents").join("Resources");
    let is_nested = |path: &BundlePath| {
        path.ancestors().take_while(|folder| *folder != resources).any(|folder| {
            [".app", ".framework", ".xpc", ".appex", ".bundle", ".plugin"]
                .iter()
                .any(|suffix| folder.file_name().ends_with(suffix))
        })
    };
    let images = facts.bundle.images.iter().filter(|(path, image)| {
        let code = |file_type| matches!(file_type, FileType::Execute | FileType::Dylib | FileType::Bundle);
        path.is_under(&resources)
            && !is_nested(path)
            && image.file.slices.iter().any(|slice| code(slice.file_type))
    });
    let files: BTreeSet<BundlePath> = images.map(|(path, _)| path.clone()).collect();
    let title = format!("{} of code in Contents/Resources", counted(files.len()));
    let message = format!(
        "{} {} code, which codesign seals as resources there: sign each of them before the app, and again after every change. Apple's places for code are Contents/Frameworks, Contents/MacOS, Contents/PlugIns and Contents/Helpers.",
        listed(&files),
        if files.len() == 1 { "is" } else { "are" }
    );
    let remedy = remedy(facts, &resources, &files);
    let finding = about_all(&RULE, &files, title, message);
    finding.map(|finding| Finding { remedy, ..finding }).into_iter().collect()
}

/// Libraries go to Frameworks; modules and programs stay where those who open them by name look for them.
fn remedy(facts: &Facts<'_>, resources: &BundlePath, files: &BTreeSet<BundlePath>) -> Option<Remedy> {
    let frameworks = BundlePath::root().join("Contents/Frameworks");
    let of_python = |path: &BundlePath| path.components().any(|part| part.starts_with("python"));
    let libraries = files
        .iter()
        .filter(|path| !of_python(path) && facts.bundle.image(path).is_some_and(|image| image.is_library()));
    let moves: Vec<(BundlePath, BundlePath)> = libraries
        .filter_map(|path| Some((path.clone(), frameworks.join(path.strip_prefix(resources)?))))
        .collect();
    (!moves.is_empty()).then_some(Remedy::Relocate { moves, link: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn bare_code_counts_and_a_nested_bundle_does_not() {
        let with = |path: &str| {
            let app = format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute\n{path} dylib\n"
            );
            shown(&found_in(&app, RULE.id))
        };
        assert_eq!(
            with("Contents/Resources/lib/libx.dylib"),
            ["info Contents/Resources/lib/libx.dylib: 1 file of code in Contents/Resources"]
        );
        assert_eq!(with("Contents/Resources/X.app/Contents/MacOS/X"), [] as [&str; 0]);
        assert_eq!(with("Contents/Frameworks/libx.dylib"), [] as [&str; 0]);
    }
}
