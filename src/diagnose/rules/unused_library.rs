//! Libraries that nothing asks for.

use std::collections::BTreeMap;

use super::Rule;
use crate::bundle::{EntryKind, ImageId};
use crate::diagnose::wording::listed;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::framework_suffix;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "unused-library",
    title: "Libraries that nothing asks for",
    severity: Severity::Info,
    doc: include_str!("unused_library.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut idle: BTreeMap<BundlePath, Vec<&BundlePath>> = BTreeMap::new();
    // What no load command of the bundle names counts as opened by name; a plug-in's place or type says so itself.
    for entry in facts.bundle.entries.iter().filter(|entry| entry.kind == EntryKind::PlugIn) {
        if let Some(folder) = library_folder(&entry.image)
            && facts.bundle.image(&entry.image).is_some_and(|image| image.is_library())
        {
            idle.entry(folder).or_default().push(&entry.image);
        }
    }
    idle.iter().map(|(folder, images)| finding(folder, images)).collect()
}

/// The folder that holds a library or its framework, when it is one in which libraries to link with are kept. Runtimes that
/// open libraries by name (Java, .NET, Chromium) have folders of other names.
fn library_folder(path: &BundlePath) -> Option<BundlePath> {
    let whole = match framework_suffix(path.as_str()) {
        Some(suffix) => BundlePath::new(path.as_str().strip_suffix(suffix)?.trim_end_matches('/'))?,
        None if path.file_name().ends_with(".dylib") => path.parent()?,
        None => return None,
    };
    (whole.file_name() == "Frameworks" && !is_flutters(path)).then_some(whole)
}

/// Flutter's engine opens the program under this name.
fn is_flutters(path: &BundlePath) -> bool {
    path.as_str().ends_with("/App.framework/Versions/A/App")
}

fn finding(folder: &BundlePath, images: &[&BundlePath]) -> Finding {
    let title = match images {
        [one] => format!("Nothing asks for {}", one.file_name()),
        _ => format!("Nothing asks for {} libraries of {}", images.len(), folder.file_name()),
    };
    let names: Vec<&str> = images.iter().map(|path| path.file_name()).collect();
    let message = format!(
        "No load command in the bundle leads to {} in {folder}. A program may still open a library by its name: look for the name in the code, and delete what nothing opens.",
        listed(names.iter())
    );
    let related = images.iter().map(|path| ImageId::Bundled((*path).clone())).collect();
    Finding { related, ..Finding::new(&RULE, folder, title, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_in, shown};

    fn with(files: &[&str]) -> Vec<Finding> {
        let mut app = "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
            Contents/MacOS/App execute\n  use @loader_path/../Frameworks/libink.dylib\n\
            Contents/Frameworks/libink.dylib dylib\n  id @rpath/libink.dylib\n"
            .to_owned();
        for file in files {
            app += &format!("Contents/{file} dylib\n  id @rpath/x\n");
        }
        found_in(&app, RULE.id)
    }

    #[test]
    fn what_is_left_over_is_listed_once_a_folder() {
        assert_eq!(
            shown(&with(&["Frameworks/libold.dylib"])),
            ["info Contents/Frameworks: Nothing asks for libold.dylib"]
        );
        let two = with(&["Frameworks/libold.dylib", "Frameworks/Old.framework/Versions/A/Old"]);
        assert_eq!(shown(&two), ["info Contents/Frameworks: Nothing asks for 2 libraries of Frameworks"]);
        assert!(two[0].message.contains("leads to Old and libold.dylib in"), "{}", two[0].message);
    }

    #[test]
    fn plug_ins_are_opened_by_name_and_what_is_linked_is_used() {
        assert_eq!(
            shown(&with(&[
                "PlugIns/platforms/libqcocoa.dylib",
                "Resources/site/pen.so",
                "runtime/lib/libjvm.dylib",
                "Frameworks/App.framework/Versions/A/App",
            ]))
            .len(),
            0
        );
        assert_eq!(shown(&found("sample", "Postcard", RULE.id)).len(), 0);
        assert_eq!(shown(&found("faults", "load-kinds", RULE.id)).len(), 0);
    }
}
