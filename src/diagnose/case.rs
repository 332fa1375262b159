//! Real small bundles for the tests of the rules: tests/fixtures/README.md says what is wrong with each.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Facts, Finding, Symbols, diagnose};
use crate::bundle::{Contents, SearchRoots, read_contents, scan};
use crate::codesign::verify_bundle;
use crate::dyld::symbols::{NothingKnown, check};
use crate::dyld::{Conditions, Place, resolve};
use crate::macho::Container;
use crate::macho::fat::assemble_fat;
use crate::macho::sample::Sample;
use crate::paths::{BundlePath, RuntimePath};
use crate::progress::Progress;

#[path = "../../tests/common/mod.rs"]
mod common;
pub(crate) use crate::model;

/// A bundle on disk, written out from its description (`tests/laws/README.md` says how one is written). Items with
/// absolute paths are files of the build machine.
pub struct Written {
    pub app: PathBuf,
    pub roots: SearchRoots,
    _disk: TempDir,
}

pub fn written(description: &str) -> Written {
    let disk = tempfile::tempdir().expect("a temporary folder");
    let (app, machine) = (disk.path().join("App.app"), disk.path().join("machine"));
    for item in model::with_uuids(model::items(description)) {
        let path = match item.path.strip_prefix('/') {
            Some(path) => machine.join(path),
            None => app.join(&item.path),
        };
        write(&item, &path);
    }
    let roots = vec![(RuntimePath::new("/"), machine)];
    Written { app, roots: SearchRoots { roots, this_machine: false }, _disk: disk }
}

/// What one rule finds in a bundle written out from its description.
pub fn found_in(description: &str, rule: &str) -> Vec<Finding> {
    let written = written(description);
    find(&written.app, rule, written.roots.clone())
}

/// What one rule finds in an app whose files carry the extended attributes given.
pub fn found_with_attributes(files: &[(&str, &str)], rule: &str) -> Vec<Finding> {
    let disk = tempfile::tempdir().expect("a temporary folder");
    let app = disk.path().join("App.app");
    std::fs::create_dir_all(app.join("Contents/MacOS")).expect("to make a folder");
    let mut contents = Contents::default();
    for (path, name) in files {
        let path = BundlePath::new(path).expect("a path");
        contents.attributes.entry(path).or_default().insert((*name).to_owned());
    }
    find_with(&app, rule, SearchRoots { roots: Vec::new(), this_machine: false }, Some(contents))
}

fn write(item: &model::Item, path: &Path) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("to make a folder");
    if let Some(target) = &item.link {
        #[cfg(unix)]
        std::os::unix::fs::symlink(target, path).expect("to make a link");
        return;
    }
    let slices: Vec<Vec<u8>> = item.slices.iter().map(|slice| Sample::of(slice).build()).collect();
    let bytes = match slices.len() {
        0 => item.text.clone().into_bytes(),
        1 => slices[0].clone(),
        _ => assemble_fat(Container::Fat, &slices).expect("slices"),
    };
    std::fs::write(path, bytes).expect("to write");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(item.mode)).expect("to set a mode");
    }
}

/// tests/fixtures/`archive`.tar.gz, unpacked.
pub fn fixture(archive: &str) -> common::Fixture {
    common::unpack(archive)
}

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

/// What one rule finds in a made app.
pub fn found_at(app: &Path, rule: &str) -> Vec<Finding> {
    find(app, rule, SearchRoots { roots: Vec::new(), this_machine: false })
}

fn find(app: &Path, rule: &str, roots: SearchRoots) -> Vec<Finding> {
    find_with(app, rule, roots, None)
}

fn find_with(app: &Path, rule: &str, roots: SearchRoots, contents: Option<Contents>) -> Vec<Finding> {
    let bundle = scan(app, &Progress::silent()).expect("a bundle");
    let conditions = Conditions::default();
    let build = resolve(&bundle, &Place::BuildMac(roots), &conditions);
    let clean = resolve(&bundle, &Place::CleanMac, &conditions);
    let seals = verify_bundle(&bundle, &Progress::silent()).expect("not cancelled");
    let [here, there] = [&build, &clean].map(|graph| check(&bundle, graph, &NothingKnown));
    let symbols = Some(Symbols { build: &here, clean: &there });
    let read = || read_contents(&bundle, &Progress::silent()).expect("not cancelled");
    let contents = contents.unwrap_or_else(read);
    let mut facts = Facts::new(&bundle, &build, &clean, &seals);
    (facts.symbols, facts.contents) = (symbols, Some(&contents));
    diagnose(&facts).into_iter().filter(|finding| finding.rule == rule).collect()
}

/// Subjects and titles, the two things a list shows.
pub fn shown(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{} {}: {}", finding.severity, finding.subject, finding.title))
        .collect()
}
