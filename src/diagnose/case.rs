//! Real small bundles for the tests of the rules: tests/fixtures/README.md says what is wrong with each.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

use std::path::Path;

use super::{Facts, Finding, diagnose};
use crate::bundle::{SearchRoots, scan};
use crate::codesign::verify_bundle;
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

/// What one rule finds when the library `name` with these bytes is added to the sample's Frameworks folder, in that library
/// only.
pub fn found_with(rule: &str, name: &str, code: &[u8]) -> Vec<Finding> {
    let add = |app: &Path| {
        std::fs::write(app.join("Contents/Frameworks").join(name), code).expect("a library that is written")
    };
    let mut findings = found_alone("sample", "Postcard", rule, add);
    findings.retain(|finding| finding.subject.file_name() == name);
    findings
}

fn find(app: &Path, rule: &str, roots: SearchRoots) -> Vec<Finding> {
    let bundle = scan(app, &Progress::silent()).expect("a bundle");
    let (build, clean) = (resolve(&bundle, &Place::BuildMac(roots)), resolve(&bundle, &Place::CleanMac));
    let seals = verify_bundle(&bundle, &Progress::silent()).expect("not cancelled");
    let facts = Facts { bundle: &bundle, build: &build, clean: &clean, seals: &seals };
    diagnose(&facts).into_iter().filter(|finding| finding.rule == rule).collect()
}

/// Subjects and titles, the two things a list shows.
pub fn shown(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{} {}: {}", finding.severity, finding.subject, finding.title))
        .collect()
}
