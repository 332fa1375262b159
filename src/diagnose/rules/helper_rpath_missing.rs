//! A helper counts on the rpaths of the app.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::bundle::Bundle;
use crate::diagnose::references::{Reference, references};
use crate::diagnose::wording::listed;
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::dyld::Resolution;
use crate::macho::Rpath;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "helper-rpath-missing",
    title: "A helper counts on the rpaths of the app",
    severity: Severity::Error,
    doc: include_str!("helper_rpath_missing.md"),
    check,
};

/// What a program of its own misses, by the folder that the app's rpaths would have led to.
type Missing<'a> = BTreeMap<(&'a BundlePath, BundlePath), BTreeSet<&'a str>>;

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let main = facts.bundle.main_executable.as_ref();
    let Some(app) = &main.and_then(|path| facts.bundle.real_path(path)) else { return Vec::new() };
    let folders = rpath_folders(facts.bundle, app);
    let mut missing = Missing::new();
    for reference in references(facts.clean) {
        let dependency = reference.dependency;
        let lost = dependency.resolution == Resolution::Missing && dependency.needed;
        if let Some(tail) = dependency.name.as_str().strip_prefix("@rpath/").filter(|_| lost)
            && let Some(program) = reference.program().filter(|program| *program != app)
            && let Some(folder) = folders.iter().find(|folder| has(facts.bundle, folder, tail, &reference))
        {
            missing.entry((program, folder.clone())).or_default().insert(tail);
        }
    }
    missing.iter().map(|((program, folder), names)| finding(facts, app, program, folder, names)).collect()
}

/// The folders of the bundle that the rpaths of `program` mean.
fn rpath_folders(bundle: &Bundle, program: &BundlePath) -> Vec<BundlePath> {
    let slices = bundle.image(program).into_iter().flat_map(|image| &image.file.slices);
    let mut folders: Vec<BundlePath> =
        slices.flat_map(|slice| &slice.rpaths).filter_map(|rpath| meant(program, rpath)).collect();
    folders.dedup();
    folders
}

/// The folder of the bundle that an rpath of a program means.
fn meant(program: &BundlePath, rpath: &Rpath) -> Option<BundlePath> {
    let text = rpath.as_str();
    let tail = text.strip_prefix("@executable_path").or_else(|| text.strip_prefix("@loader_path"))?;
    program.parent()?.resolve(tail.trim_start_matches('/'))
}

fn has(bundle: &Bundle, folder: &BundlePath, tail: &str, reference: &Reference<'_>) -> bool {
    let real = folder.resolve(tail).and_then(|path| bundle.real_path(&path));
    let image = real.and_then(|path| bundle.image(&path));
    image.is_some_and(|image| image.is_library() && image.file.slice(reference.launch.arch).is_some())
}

fn finding(
    facts: &Facts<'_>,
    app: &BundlePath,
    program: &BundlePath,
    folder: &BundlePath,
    names: &BTreeSet<&str>,
) -> Finding {
    let rpath = Rpath::new(format!(
        "@executable_path/{}",
        folder.relative_from(&program.parent().unwrap_or_default())
    ));
    let title = format!("{} has no rpath to {folder}", program.file_name());
    let message = format!(
        "{program} is a process of its own, so the LC_RPATH of {app} does not count for it, and {} of {folder} is not found. Give {program} the LC_RPATH {rpath}.",
        listed(names.iter())
    );
    let has_it = facts.bundle.image(program).is_some_and(|image| {
        image
            .file
            .slices
            .iter()
            .any(|slice| slice.rpaths.iter().any(|one| meant(program, one).as_ref() == Some(folder)))
    });
    // The planner's own way to write rpaths leads to Contents/Frameworks; for another folder it points the reference there.
    let usual = folder.as_str() == "Contents/Frameworks" && !has_it;
    let remedy = usual.then(|| Remedy::AddRpath { image: program.clone(), rpath });
    Finding { remedy, ..Finding::new(&RULE, program, title, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_in, shown};

    fn app(helper: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  rpath @executable_path/../Frameworks\n  use @rpath/libink.dylib\n\
             Contents/Frameworks/libink.dylib dylib\n  id @rpath/libink.dylib\n\
             Contents/Helpers/Pen.app/Contents/Info.plist plist\n  key CFBundleExecutable Pen\n\
             Contents/Helpers/Pen.app/Contents/MacOS/Pen execute\n{helper}"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_helper_app_gets_the_rpath_that_it_lacks() {
        let findings = app("  rpath @executable_path/../Frameworks\n  use @rpath/libink.dylib\n");
        let pen = "Contents/Helpers/Pen.app/Contents/MacOS/Pen";
        assert_eq!(shown(&findings), [format!("error {pen}: Pen has no rpath to Contents/Frameworks")]);
        assert_eq!(
            findings[0].remedy,
            Some(Remedy::AddRpath {
                image: BundlePath::new(pen).unwrap(),
                rpath: Rpath::new("@executable_path/../../../../Frameworks"),
            })
        );
    }

    #[test]
    fn one_with_a_way_of_its_own_or_a_library_that_is_nowhere_is_not_meant() {
        let own = "  rpath @executable_path/../../../../Frameworks\n  use @rpath/libink.dylib\n";
        assert_eq!(shown(&app(own)).len(), 0);
        assert_eq!(shown(&app("  use @rpath/libnowhere.dylib\n")).len(), 0);
        let share = found("faults", "many-executables", RULE.id);
        assert_eq!(shown(&share).len(), 0, "it asks by @executable_path");
    }
}
