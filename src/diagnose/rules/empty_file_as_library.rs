//! A library is an empty file.

use super::Rule;
use crate::bundle::Node;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::framework_suffix;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "empty-file-as-library",
    title: "A library is an empty file",
    severity: Severity::Error,
    doc: include_str!("empty_file_as_library.md"),
    check,
};

const ENDINGS: [&str; 4] = ["dylib", "so", "bundle", "jnilib"];

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let empty = facts.bundle.nodes.iter().filter(|(_, node)| matches!(node, Node::File { length: 0, .. }));
    empty.filter(|(path, _)| is_called_like_code(path)).map(|(path, _)| finding(facts, path)).collect()
}

fn is_called_like_code(path: &BundlePath) -> bool {
    let name = path.file_name();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    // `X.framework/Versions/A/X` and nothing deeper.
    let framework = framework_suffix(path.as_str()).and_then(|suffix| suffix.split_once(".framework/"));
    ENDINGS.contains(&ending) || framework.is_some_and(|(framework, _)| framework == name)
}

fn finding(facts: &Facts<'_>, path: &BundlePath) -> Finding {
    let images = facts.bundle.images.iter();
    let user = images.filter(|(_, image)| {
        let mut uses = image.file.slices.iter().flat_map(|slice| &slice.uses);
        uses.any(|used| used.name.leaf() == path.file_name())
    });
    let user = user.map(|(user, _)| user).next();
    let (severity, effect) = match user {
        Some(user) => (Severity::Error, format!("dyld takes it for missing, and {user} asks for it")),
        None => (Severity::Warning, "dyld takes it for missing".to_owned()),
    };
    let title = format!("{} is an empty file", path.file_name());
    let message = format!("{path} has no bytes: {effect}. Replace it by the library, or delete it.");
    Finding { severity, ..Finding::new(&RULE, path, title, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn an_empty_library_is_worse_when_something_asks_for_it() {
        let bundle = "Contents/MacOS/App execute\n  use @rpath/libgone.dylib\n\
                      Contents/Frameworks/libgone.dylib text\nContents/Frameworks/X.framework/Versions/A/X text\n";
        let findings = found_in(bundle, RULE.id);
        assert_eq!(
            shown(&findings),
            [
                "error Contents/Frameworks/libgone.dylib: libgone.dylib is an empty file",
                "warning Contents/Frameworks/X.framework/Versions/A/X: X is an empty file",
            ]
        );
        assert!(findings[0].message.contains("Contents/MacOS/App asks for it"));
    }

    #[test]
    fn other_empty_files_are_none_of_it() {
        let bundle = "Contents/MacOS/App execute\nContents/Resources/__init__.py text\n\
                      Contents/Frameworks/X.framework/Versions/A/Resources/X.txt text\n\
                      Contents/Frameworks/libx.dylib text\n  line x\n";
        assert_eq!(shown(&found_in(bundle, RULE.id)), [] as [String; 0]);
    }
}
