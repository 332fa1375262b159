//! A library that several programs load asks for another by @executable_path.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::references::references;
use crate::diagnose::wording::{leaf, listed};
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::dyld::Resolution;
use crate::macho::InstallName;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "executable-path-in-shared-library",
    title: "A library that several programs load uses @executable_path",
    severity: Severity::Warning,
    doc: include_str!("executable_path_in_shared_library.md"),
    check,
};

/// In which programs a reference stands, and what it means there.
#[derive(Default)]
struct Meanings<'a> {
    programs: BTreeSet<&'a BundlePath>,
    folders: BTreeSet<BundlePath>,
    target: Option<&'a BundlePath>,
}

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut all: BTreeMap<(&BundlePath, &InstallName), Meanings<'_>> = BTreeMap::new();
    let of_libraries = references(facts.clean).filter(|reference| {
        reference.dependency.name.as_str().starts_with("@executable_path/")
            && facts.bundle.image(reference.user).is_some_and(|image| image.is_library())
    });
    for reference in of_libraries {
        let meanings = all.entry((reference.user, &reference.dependency.name)).or_default();
        if let Some(program) = reference.program() {
            meanings.programs.insert(program);
            meanings.folders.extend(program.parent());
        }
        if let Resolution::Bundled(target) = &reference.dependency.resolution {
            meanings.target.get_or_insert(target);
        }
    }
    let differing = all.into_iter().filter(|(_, meanings)| meanings.folders.len() > 1);
    differing.map(|((user, name), meanings)| finding(user, name, &meanings)).collect()
}

fn finding(user: &BundlePath, name: &InstallName, meanings: &Meanings<'_>) -> Finding {
    let title = format!("{} is looked for beside each program", leaf(name));
    let advice = match meanings.target {
        Some(target) => format!("Point the reference at {target} with @rpath or @loader_path."),
        None => "Write it with @rpath or @loader_path.".to_owned(),
    };
    let message = format!(
        "{user} asks for {name}. It is loaded by {}, and @executable_path is another folder in each of them. {advice}",
        listed(meanings.programs.iter())
    );
    Finding {
        reference: Some(name.clone()),
        related: meanings.programs.iter().map(|program| ImageId::Bundled((*program).clone())).collect(),
        remedy: meanings.target.map(|target| Remedy::Repoint {
            image: user.clone(),
            name: name.clone(),
            target: target.clone(),
        }),
        ..Finding::new(&RULE, user, title, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn with_second_program(program: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  use @executable_path/../Frameworks/libpen.dylib\n\
             {program} execute\n  use @rpath/libpen.dylib\n  rpath @loader_path/../Frameworks\n  rpath @loader_path/../../../../Frameworks\n\
             Contents/Frameworks/libpen.dylib dylib\n  id @rpath/libpen.dylib\n  use @executable_path/../Frameworks/libink.dylib\n\
             Contents/Frameworks/libink.dylib dylib\n  id @rpath/libink.dylib\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn an_xpc_service_looks_beside_itself() {
        let findings = with_second_program("Contents/XPCServices/s.xpc/Contents/MacOS/s");
        assert_eq!(
            shown(&findings),
            ["warning Contents/Frameworks/libpen.dylib: libink.dylib is looked for beside each program"]
        );
        let target = BundlePath::new("Contents/Frameworks/libink.dylib").unwrap();
        assert!(matches!(&findings[0].remedy, Some(Remedy::Repoint { target: to, .. }) if *to == target));
    }

    #[test]
    fn two_programs_in_one_folder_mean_the_same() {
        assert_eq!(shown(&with_second_program("Contents/MacOS/tool")).len(), 0);
    }
}
