//! A library may be absent, its symbols may not.

use super::Rule;
use crate::diagnose::missing_symbols::{Group, groups};
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::symbols::Expected;

pub static RULE: Rule = Rule {
    id: "weak-library-strong-symbol",
    title: "A weak library is absent and its symbols are required",
    severity: Severity::Error,
    doc: include_str!("weak_library_strong_symbol.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let missing = groups(facts, |missing| missing.expected == Expected::AbsentLibrary);
    missing.iter().filter_map(|group| finding(facts, group)).collect()
}

fn finding(facts: &Facts<'_>, group: &Group<'_>) -> Option<Finding> {
    let name = group.first.reference.as_ref()?;
    let (user, names, them) = (group.user, group.names(), group.them());
    let title = format!("{} is absent, and {} requires {}", leaf(name), user.file_name(), group.count());
    let message = format!(
        "{user} may do without {name} (LC_LOAD_WEAK_DYLIB), which is not found, but imports {names} from it as required: {}. Add the library to the bundle, or import {them} with weak_import and compare the address with NULL before use.",
        group.consequence()
    );
    Some(group.finding(&RULE, facts, title, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_at, shown};
    use crate::dyld::symbols::sample_app::{App, importing, uses};
    use crate::macho::LoadKind;
    use crate::macho::sample::{ImportEntry, Sample, chained_fixups};

    #[test]
    fn a_required_symbol_of_an_absent_weak_library_is_an_error() {
        let main = uses(&[(LoadKind::Weak, "libmaybe.dylib")]);
        let findings = found_at(&App::new(&importing(&[(2, "_a"), (2, "_b")], main)).path(), RULE.id);
        assert_eq!(
            shown(&findings),
            ["error Contents/MacOS/main: libmaybe.dylib is absent, and main requires 2 symbols"]
        );
        assert!(
            findings[0].message.ends_with(
                "Add the library to the bundle, or import them with weak_import and compare the address with NULL before use."
            ),
            "{}",
            findings[0].message
        );
    }

    #[test]
    fn weak_symbols_of_an_absent_weak_library_are_fine() {
        let main = uses(&[(LoadKind::Weak, "libmaybe.dylib")]);
        let weak = [ImportEntry { ordinal: 2, name: "_a".into(), weak: true }];
        let main = Sample { chained_fixups: Some(chained_fixups(main.order, 1, &weak)), ..main };
        assert_eq!(shown(&found_at(&App::new(&main).path(), RULE.id)), [] as [&str; 0]);
    }
}
