//! An image takes symbols from whatever is loaded.

use super::Rule;
use crate::diagnose::missing_symbols::{Group, groups};
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::symbols::Expected;

pub static RULE: Rule = Rule {
    id: "flat-namespace-symbol",
    title: "Symbols are taken from whatever is loaded",
    severity: Severity::Info,
    doc: include_str!("flat_namespace_symbol.md"),
    check,
};

/// Only what no image of the bundle has: the rest is there once that image is loaded.
fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let missing = groups(facts, |missing| {
        missing.expected == Expected::FlatNamespace && !missing.certain && missing.offered_by.is_none()
    });
    missing.iter().map(|group| finding(facts, group)).collect()
}

fn finding(facts: &Facts<'_>, group: &Group<'_>) -> Finding {
    let (user, names, them) = (group.user, group.names(), group.them());
    let title = format!("{} takes {} from whatever is loaded", user.file_name(), group.count());
    let message = format!(
        "{user} names no library for {names} (it was linked with -undefined dynamic_lookup or -flat_namespace), and no image of the bundle exports {them}. macOS or the program that opens {} must; otherwise {}. Link it with the library that has {them}, unless that program is the one that it was made for.",
        user.file_name(),
        group.consequence()
    );
    group.finding(&RULE, facts, title, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_at, shown};
    use crate::dyld::symbols::sample_app::{App, exporting, importing, uses};
    use crate::macho::sample::Sample;

    #[test]
    fn only_what_no_image_of_the_bundle_has_is_worth_knowing() {
        let extension = importing(&[(-2, "_host"), (-2, "_python")], uses(&[]));
        let app = App::new(&uses(&[]))
            .add("PlugIns/x.so", &Sample { file_type: 8, ..extension })
            .add("Frameworks/libpython.dylib", &exporting(&["_python"], uses(&[])));
        let findings = found_at(&app.path(), RULE.id);
        assert_eq!(
            shown(&findings),
            ["info Contents/PlugIns/x.so: x.so takes _host from whatever is loaded"]
        );
        assert!(
            findings[0].message.contains("names no library for _host (it was linked with"),
            "{}",
            findings[0].message
        );
    }
}
