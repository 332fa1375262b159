//! A framework lost its folders or links.

use super::Rule;
use crate::bundle::{FrameworkShape, Image, ImageId};
use crate::diagnose::Remedy;
use crate::diagnose::rules::{duplicate_library::uuids, framework_current_broken};
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::framework_suffix;
use crate::paths::{BundlePath, RuntimePath};

pub static RULE: Rule = Rule {
    id: "flattened-framework",
    title: "A framework lost its folders or links",
    severity: Severity::Error,
    doc: include_str!("flattened_framework.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let bare = facts.bundle.images.iter().filter_map(|(path, image)| {
        let framework = whole_elsewhere(facts, image)?;
        Some(flattened(path, framework))
    });
    let linkless = facts.bundle.frameworks.iter().filter(|framework| {
        framework.shape == FrameworkShape::LinksLost
            && framework_current_broken::fault(facts.bundle, framework).is_none()
    });
    bare.chain(linkless.map(|framework| links_lost(&framework.path))).collect()
}

/// The framework outside the bundle whose binary is the same build as this bare library.
fn whole_elsewhere<'a>(facts: &Facts<'a>, image: &Image) -> Option<&'a RuntimePath> {
    let ImageId::Bundled(path) = &image.id else { return None };
    if framework_suffix(path.as_str()).is_some() || !image.is_library() {
        return None;
    }
    let wanted = uuids(image)?;
    let same = facts.build.externals.values().filter(|other| uuids(other).as_ref() == Some(&wanted));
    same.filter_map(|other| match &other.id {
        ImageId::External(path) => framework_suffix(path.as_str()).map(|_| path),
        ImageId::Bundled(_) => None,
    })
    .next()
}

fn flattened(flat: &BundlePath, framework: &RuntimePath) -> Finding {
    Finding {
        related: vec![ImageId::External(framework.clone())],
        remedy: Some(Remedy::Unflatten { flat: flat.clone(), framework: framework.clone() }),
        ..Finding::new(
            &RULE,
            flat,
            format!("{} is a flattened framework", flat.file_name()),
            format!(
                "{flat} is the bare binary of {framework}. Copy the whole framework and point every reference at it."
            ),
        )
    }
}

fn links_lost(framework: &BundlePath) -> Finding {
    let what = "lost links: Versions/Current or the links at its top are missing or were turned into copies";
    Finding {
        remedy: Some(Remedy::RestoreFramework { framework: framework.clone() }),
        ..Finding::new(
            &RULE,
            framework,
            format!("{} lost its links", framework.file_name()),
            format!("{framework} {what}; codesign refuses it as ambiguous. Rebuild its folders and links."),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, shown};

    #[test]
    fn a_bare_binary_and_lost_links_are_both_a_framework_in_pieces() {
        let flat = found("sample", "Postcard", RULE.id);
        assert_eq!(shown(&flat), ["error Contents/Frameworks/Quill: Quill is a flattened framework"]);
        assert!(matches!(flat[0].remedy, Some(Remedy::Unflatten { .. })));
        let copied = found("faults", "dereferenced-framework", RULE.id);
        assert_eq!(shown(&copied), ["error Contents/Frameworks/Art.framework: Art.framework lost its links"]);
    }

    #[test]
    fn a_plain_library_is_no_framework() {
        assert_eq!(shown(&found("t1", "T1", RULE.id)), [] as [String; 0]);
    }
}
