//! A library of macOS that is newer than the oldest macOS the code may run on.

use super::Rule;
use crate::diagnose::system_uses::{OldestOs, SystemHit, system_uses};
use crate::diagnose::wording::leaf;
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::system::{self, Exists, Shown, Since};
use crate::macho::PackedVersion;

pub static RULE: Rule = Rule {
    id: "system-library-too-new",
    title: "A library of macOS is newer than the oldest macOS allowed",
    severity: Severity::Error,
    doc: include_str!("system_library_too_new.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let oldest = OldestOs::of(facts.bundle);
    let too_new = system_uses(facts.bundle, |one| {
        let os = oldest.of_slice(one.slice);
        os.is_some_and(|os| matches!(system::exists(one.used.name.as_str(), os), Exists::NotYet { .. }))
    });
    too_new.iter().filter_map(|hit| finding(hit, oldest.of_slice(hit.first.slice)?)).collect()
}

fn finding(hit: &SystemHit<'_>, oldest: PackedVersion) -> Option<Finding> {
    let known = system::library(hit.name())?;
    let (since, how) = match known.since {
        Since::Recorded { version, lacking: Some(lacking) } => (
            version,
            format!("macOS has it since {}; the SDK of {} lacks it", Shown(version), Shown(lacking)),
        ),
        Since::Recorded { version, lacking: None } => {
            (version, format!("public records first name it for macOS {}", Shown(version)))
        }
        Since::FirstListed { version, lacking } => {
            let lacking = lacking.map_or("an older macOS".to_owned(), |lacking| Shown(lacking).to_string());
            (version, format!("the SDK of {lacking} does not list it, the one of {} does", Shown(version)))
        }
        Since::AtOrBefore(_) => return None,
    };
    let library = leaf(&hit.first.used.name);
    let title = format!("{library} is newer than macOS {oldest}");
    let advice = if hit.first.used.may_be_missing() {
        "It is weak, so the launch goes on without it: check for it before use.".to_owned()
    } else {
        format!(
            "On an older macOS dyld stops the launch. Raise the deployment target and LSMinimumSystemVersion to {}, or link it weakly and check for it before use.{}",
            Shown(since),
            older_name(hit.name(), oldest)
        )
    };
    let message = format!("{} and may run on macOS {oldest}, but {how}. {advice}", hit.asks());
    let severity = if known.surely_newer_than(oldest) { Severity::Error } else { Severity::Warning };
    Some(hit.finding(&RULE, severity, title, message))
}

/// What the linker would have recorded, had it known the deployment target.
fn older_name(name: &str, oldest: PackedVersion) -> String {
    system::moved(name, oldest).next().map_or(String::new(), |moved| {
        format!(" For macOS {oldest} the linker records {} for symbols that moved: link again.", moved.before)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_with, shown};
    use crate::macho::sample::Sample;
    use crate::macho::{Arch, LoadKind};

    const SCREEN: &str = "/System/Library/Frameworks/ScreenCaptureKit.framework/Versions/A/ScreenCaptureKit";

    fn library(minos: u32, kind: LoadKind, name: &str) -> Vec<u8> {
        let uses = vec![(kind, name.to_owned())];
        let builds = vec![(1, minos, 0x0f_0000)];
        Sample { uses, builds, install_name: Some("@rpath/libnew.dylib".into()), ..Sample::new(Arch::ARM64) }
            .build()
    }

    fn found(minos: u32, kind: LoadKind, name: &str) -> Vec<Finding> {
        found_with(RULE.id, "libnew.dylib", &library(minos, kind, name))
    }

    #[test]
    fn record_and_sdk_list_agree_on_an_error() {
        let findings = found(0x0c_0000, LoadKind::Required, SCREEN);
        assert_eq!(
            shown(&findings),
            ["error Contents/Frameworks/libnew.dylib: ScreenCaptureKit is newer than macOS 12.0"]
        );
        assert_eq!(
            findings[0].message,
            format!(
                "Contents/Frameworks/libnew.dylib asks for {SCREEN} (LC_LOAD_DYLIB) and may run on macOS 12.0, but macOS has it since 12.3; the SDK of 12.1 lacks it. On an older macOS dyld stops the launch. Raise the deployment target and LSMinimumSystemVersion to 12.3, or link it weakly and check for it before use."
            )
        );
        assert!(found(0x0c_0300, LoadKind::Required, SCREEN).is_empty());
    }

    #[test]
    fn a_weak_one_is_only_worth_knowing() {
        let findings = found(0x0c_0000, LoadKind::Weak, SCREEN);
        assert_eq!(findings[0].severity, Severity::Info);
        assert!(findings[0].message.contains("(LC_LOAD_WEAK_DYLIB)"), "{}", findings[0].message);
    }

    #[test]
    fn one_source_alone_is_a_warning_and_a_gap_says_nothing() {
        let data = "/System/Library/Frameworks/SwiftData.framework/Versions/A/SwiftData";
        let findings = found(0x0d_0000, LoadKind::Required, data);
        assert_eq!(findings[0].severity, Severity::Warning);
        assert!(findings[0].message.contains("the SDK of 13.3 does not list it, the one of 14.0 does"));
        let intents = "/System/Library/Frameworks/AppIntents.framework/Versions/A/AppIntents";
        assert!(
            found(0x0d_0000, LoadKind::Required, intents).is_empty(),
            "first listed in 13.1, came in 13.0"
        );
    }

    #[test]
    fn an_app_that_starts_on_newer_ones_only_may_hold_older_code() {
        let look = "/System/Library/Frameworks/QuickLookUI.framework/Versions/A/QuickLookUI";
        assert!(found(0x0b_0000, LoadKind::Required, look).is_empty(), "the sample itself needs 12.0");
        let words = older_name(look, PackedVersion::new(11, 0, 0));
        assert!(words.contains("records /System/Library/Frameworks/Quartz.framework/"), "{words}");
        assert_eq!(older_name(look, PackedVersion::new(12, 0, 0)), "");
    }
}
