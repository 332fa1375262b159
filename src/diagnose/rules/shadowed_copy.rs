//! A second file is never loaded, because the first of that install name is there.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::references::Hit;
use crate::diagnose::reuse::Elsewhere;
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::Resolution;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "shadowed-copy",
    title: "A copy is shadowed by another of its name",
    severity: Severity::Warning,
    doc: include_str!("shadowed_copy.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let shadowed = facts.elsewhere(|found| match found {
        Elsewhere::Another(own) => Some(own.clone()),
        Elsewhere::Nothing => None,
    });
    shadowed
        .into_iter()
        .filter_map(|(hit, own)| match &hit.first.dependency.resolution {
            Resolution::Bundled(loaded) => Some(finding(facts, &hit, loaded, own)),
            _ => None,
        })
        .collect()
}

fn finding(facts: &Facts<'_>, hit: &Hit<'_>, loaded: &BundlePath, own: BundlePath) -> Finding {
    let (user, name) = (hit.user(), hit.name());
    let title = format!("{} is shadowed by another copy", leaf(name));
    let message = format!(
        "{user} asks for {name} and its rpaths lead to {own}, but {loaded}, another build, is loaded already under this install name and is used instead. Keep one of the two files, or give {own} an install name of its own."
    );
    let related = vec![ImageId::Bundled(own), ImageId::Bundled(loaded.clone())];
    Finding { related, ..hit.finding(&RULE, facts, title, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn with_copy(id: &str, uuid: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  rpath @executable_path/../Frameworks\n  use @rpath/libink.dylib\n\
             Contents/Frameworks/libink.dylib dylib uuid=11111111-1111-1111-1111-111111111111\n  id @rpath/libink.dylib\n\
             Contents/PlugIns/pen.so bundle\n  rpath @loader_path/lib\n  use {id}\n\
             Contents/PlugIns/lib/libink.dylib dylib uuid={uuid}\n  id {id}\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_plug_ins_own_copy_gives_way_to_the_hosts() {
        let findings = with_copy("@rpath/libink.dylib", "22222222-2222-2222-2222-222222222222");
        assert_eq!(
            shown(&findings),
            ["warning Contents/PlugIns/pen.so: libink.dylib is shadowed by another copy"]
        );
        assert!(
            findings[0]
                .message
                .contains("lead to Contents/PlugIns/lib/libink.dylib, but Contents/Frameworks")
        );
    }

    #[test]
    fn under_another_name_or_as_the_same_build_nothing_is_shadowed() {
        let copy = "@loader_path/lib/libink.dylib";
        assert_eq!(shown(&with_copy(copy, "22222222-2222-2222-2222-222222222222")).len(), 0);
        assert_eq!(shown(&with_copy("@rpath/libink.dylib", "11111111-1111-1111-1111-111111111111")).len(), 0);
    }
}
