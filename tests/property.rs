//! The law that the repair rests on, for any bundle, selection and switches: what is simulated is what is done, a second
//! run has nothing to do, and undo gives every byte back.
#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bundlewright::bundle::{SearchRoots, scan};
use bundlewright::diagnose::{Finding, RULES};
use bundlewright::fix::{self, FixOptions, FixPlan, Selection, difference};
use bundlewright::paths::RuntimePath;
use bundlewright::progress::Progress;
use bundlewright::workflow::{InspectOptions, Inspection, inspect};
use proptest::prelude::*;

const BUNDLES: [(&str, &str); 12] = [
    ("sample", "Postcard"),
    ("t1", "T1"),
    ("rp", "Rp"),
    ("wx", "Wx"),
    ("col", "Col"),
    ("pad", "Pad"),
    ("pad", "PadFits"),
    ("faults", "dereferenced-framework"),
    ("faults", "duplicate-rpath"),
    ("faults", "many-executables"),
    ("faults", "stale-signature"),
    ("faults", "broken-symlink"),
];

fn look(app: &Path, options: &InspectOptions) -> Inspection {
    inspect(app, options, &Progress::silent()).expect("a bundle")
}

fn plan(inspection: &Inspection, options: &FixOptions) -> FixPlan {
    fix::plan(&inspection.bundle, &inspection.seals, options, &Progress::silent()).expect("a plan")
}

/// Every path below `root` with what it holds.
fn content(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir::WalkDir::new(root).into_iter().map(|entry| entry.expect("readable").into_path());
    entries
        .map(|path| {
            let link =
                std::fs::read_link(&path).map(|target| target.to_string_lossy().into_owned().into_bytes());
            let bytes = link.or_else(|_| std::fs::read(&path)).unwrap_or_default();
            (path, bytes)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_simulated_is_what_is_done(
        which in 0..BUNDLES.len(),
        mapped in any::<bool>(),
        rules in proptest::option::of(proptest::collection::vec(0..RULES.len(), 1..4)),
        switches in proptest::collection::vec(any::<bool>(), 14),
        offers in any::<bool>(),
    ) {
        let (archive, name) = BUNDLES[which];
        let fixture = if archive == "sample" { common::unpack_sample() } else { common::unpack(archive) };
        let app = fixture.app(name);
        let roots = fixture.roots().into_iter().map(|(from, to)| (RuntimePath::new(from), to));
        let roots = SearchRoots { roots: roots.filter(|_| mapped).collect(), this_machine: false };
        // A plan looks at no file's contents, so what only they show cannot remain of it.
        let looking = InspectOptions { contents: false, ..InspectOptions::new(roots.clone()) };
        let original = content(&app);
        let before = look(&app, &looking);
        let selection = match &rules {
            Some(chosen) => Selection::Rules(chosen.iter().map(|rule| RULES[*rule].id.to_owned()).collect()),
            None => Selection::Everything,
        };
        let also: Vec<String> = RULES.iter().filter(|_| offers).map(|rule| rule.id.to_owned()).collect();
        let asked = FixOptions { selection, also, roots, ..FixOptions::default() };
        let all = plan(&before, &asked);
        let off = all.edits.iter().zip(&switches).filter(|(_, off)| **off).map(|(planned, _)| planned.edit.key());
        let options = FixOptions { switched_off: off.collect(), ..asked };

        let chosen = plan(&before, &options);
        prop_assert!(chosen.edits.iter().all(|planned| !options.switched_off.contains(&planned.edit.key())));
        if chosen.is_empty() {
            return Ok(());
        }
        let done = fix::apply(&before.bundle, &chosen, &Progress::silent());
        prop_assert!(done.is_ok(), "{archive}/{name}: {}", done.unwrap_err());
        let found = scan(&app, &Progress::silent()).expect("still a bundle");
        prop_assert_eq!(difference(&chosen.expected, &found), None);

        let after = look(&app, &looking);
        let again = plan(&after, &options);
        prop_assert!(again.edits.is_empty(), "{archive}/{name} again: {:?}", again.edits);
        // The planner's own finding is not one of a bundle, and what no signature can seal shows when it is verified.
        let listed = |findings: &[Finding]| -> Vec<_> {
            let kept = findings.iter().filter(|finding| !["no-header-room", "signature-invalid"].contains(&finding.rule));
            kept.map(|finding| (finding.rule, finding.subject.clone(), finding.reference.clone())).collect()
        };
        prop_assert_eq!(listed(&chosen.remaining), listed(&after.findings), "{}/{}: what remains", archive, name);

        fix::undo(&app, &Progress::silent()).expect("undo");
        prop_assert!(content(&app) == original, "undo of {}/{}", archive, name);
    }
}
