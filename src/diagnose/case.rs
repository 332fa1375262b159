//! Real small bundles for the tests of the rules: tests/fixtures/README.md says what is wrong with each.

use std::path::Path;

use super::{Facts, Finding, Symbols, diagnose};
use crate::bundle::{SearchRoots, scan};
use crate::codesign::verify_bundle;
use crate::dyld::symbols::{NothingKnown, check};
use crate::dyld::{Place, resolve};
use crate::paths::RuntimePath;
use crate::progress::Progress;

#[path = "../../tests/common/mod.rs"]
mod common;

/// What one rule finds in `app` of tests/fixtures/`archive`.tar.gz, with the build machine's folders mapped.
pub fn found(archive: &str, app: &str, rule: &str) -> Vec<Finding> {
    let fixture = if archive == "sample" { common::unpack_sample() } else { common::unpack(archive) };
    let roots = fixture.roots().into_iter().map(|(from, to)| (RuntimePath::new(from), to)).collect();
    find(&fixture.app(app), rule, SearchRoots { roots, this_machine: false })
}

/// The same after `change` was made to the app's folder, and without any of the build machine's folders.
pub fn found_alone(archive: &str, app: &str, rule: &str, change: impl FnOnce(&Path)) -> Vec<Finding> {
    let fixture = if archive == "sample" { common::unpack_sample() } else { common::unpack(archive) };
    change(&fixture.app(app));
    find(&fixture.app(app), rule, SearchRoots { roots: Vec::new(), this_machine: false })
}

/// What one rule finds in a made app.
pub fn found_in(app: &Path, rule: &str) -> Vec<Finding> {
    find(app, rule, SearchRoots { roots: Vec::new(), this_machine: false })
}

fn find(app: &Path, rule: &str, roots: SearchRoots) -> Vec<Finding> {
    let bundle = scan(app, &Progress::silent()).expect("a bundle");
    let (build, clean) = (resolve(&bundle, &Place::BuildMac(roots)), resolve(&bundle, &Place::CleanMac));
    let seals = verify_bundle(&bundle, &Progress::silent()).expect("not cancelled");
    let [here, there] = [&build, &clean].map(|graph| check(&bundle, graph, &NothingKnown));
    let symbols = Some(Symbols { build: &here, clean: &there });
    let facts = Facts { bundle: &bundle, build: &build, clean: &clean, seals: &seals, symbols };
    diagnose(&facts).into_iter().filter(|finding| finding.rule == rule).collect()
}

/// Subjects and titles, the two things a list shows.
pub fn shown(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{} {}: {}", finding.severity, finding.subject, finding.title))
        .collect()
}
