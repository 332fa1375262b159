//! A part of libSystem is asked for directly.

use std::collections::BTreeMap;

use super::Rule;
use crate::diagnose::system_uses::{SystemHit, is_umbrella, lost_part, system_uses};
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::system;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "direct-system-part",
    title: "A part of libSystem is asked for directly",
    severity: Severity::Warning,
    doc: include_str!("direct_system_part.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let hits = system_uses(facts.bundle, |one| {
        system::is_libsystem_part(one.used.name.as_str()) && !is_umbrella(one.slice)
    });
    let mut by_user: BTreeMap<&BundlePath, Vec<&SystemHit<'_>>> = BTreeMap::new();
    hits.iter().for_each(|hit| by_user.entry(hit.first.user).or_default().push(hit));
    by_user.into_iter().map(|(user, hits)| finding(user, &hits)).collect()
}

/// One finding for all the parts that an image asks for.
fn finding(user: &BundlePath, hits: &[&SystemHit<'_>]) -> Finding {
    let names: Vec<&str> = hits.iter().map(|hit| hit.name()).collect();
    let lost: Vec<String> = names.iter().filter_map(|name| lost_part(name)).collect();
    let lost =
        if lost.is_empty() { String::new() } else { format!(" Not there any more: {}.", lost.join(", ")) };
    let reference = match hits {
        [one] => Some(one.first.used.name.clone()),
        _ => None,
    };
    let title = match &reference {
        Some(name) => format!("{} is a part of libSystem", leaf(name)),
        None => format!("{} parts of libSystem are asked for directly", names.len()),
    };
    let message = format!(
        "{user} asks for {} directly. Only /usr/lib/libSystem.B.dylib is sure to stay: an update of macOS may drop any part of it.{lost} Link again with -lSystem.",
        names.join(", ")
    );
    Finding { reference, ..Finding::new(&RULE, user, title, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_with, shown};
    use crate::macho::sample::Sample;
    use crate::macho::{Arch, LoadKind};

    fn found(names: &[&str]) -> Vec<Finding> {
        let uses = names.iter().map(|name| (LoadKind::Required, (*name).to_owned())).collect();
        let code =
            Sample { uses, install_name: Some("@rpath/libx.dylib".into()), ..Sample::new(Arch::ARM64) };
        found_with(RULE.id, "libx.dylib", &code.build())
    }

    #[test]
    fn parts_are_named_together_with_those_that_left() {
        let findings = found(&["/usr/lib/system/libdispatch.dylib", "/usr/lib/system/liblaunch.dylib"]);
        assert_eq!(
            shown(&findings),
            ["warning Contents/Frameworks/libx.dylib: 2 parts of libSystem are asked for directly"]
        );
        let message = &findings[0].message;
        assert!(
            message
                .contains("Not there any more: liblaunch.dylib (no longer in libSystem since macOS 12.1)."),
            "{message}"
        );
    }

    #[test]
    fn libsystem_itself_is_right() {
        assert!(found(&["/usr/lib/libSystem.B.dylib"]).is_empty());
        assert_eq!(
            shown(&found(&["/usr/lib/system/libxpc.dylib"])),
            ["warning Contents/Frameworks/libx.dylib: libxpc.dylib is a part of libSystem"]
        );
    }
}
