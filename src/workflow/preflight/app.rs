//! One app or other bundle of a submission: verified, diagnosed, and everything in it looked into.

use std::collections::BTreeSet;
use std::path::Path;

use rayon::prelude::*;

use super::{Gathered, codes, hit};
use crate::bundle::{self, Bundle, Node, Problem, SearchRoots};
use crate::codesign::{Profile, SealProblem, Verification};
use crate::diagnose::preflight::{self, Code, Hit, Vouched};
use crate::failure::Failure;
use crate::paths::BundlePath;
use crate::workflow::{InspectOptions, inspect};

/// No profile of any use is larger.
const MAX_PROFILE: u64 = 4 << 20;

impl Gathered<'_> {
    /// `place` is where the bundle at `root` is in the submission; "" when it is the submission.
    pub(super) fn app(&mut self, root: &Path, place: &str) -> Result<(), Failure> {
        // Another Mac is meant, not this machine.
        let roots = SearchRoots { roots: Vec::new(), this_machine: false };
        let inspection = inspect(root, &InspectOptions::new(roots), self.progress)?;
        let bundle = &inspection.bundle;
        self.submission.bundles.push(place.to_owned());
        let codes = self.images(bundle, place)?;
        self.submission.faults.extend(faults(&inspection.seals, place, &codes));
        self.submission.codes.extend(codes);
        for problem in &bundle.problems {
            match problem {
                Problem::BrokenMachO { path, why } => {
                    let message = format!("cannot be read as Mach-O: {why}");
                    self.submission.faults.push(hit(&preflight::inside(place, path.as_str()), message));
                }
                other => self.submission.unread.push(hit(place, other.to_string())),
            }
        }
        let found = inspection.findings.iter().cloned();
        let found = found.map(|finding| preflight::Found { app: place.to_owned(), finding });
        self.submission.findings.extend(found);
        self.submission.profiles.extend(profiles(bundle, place));
        let files = bundle.nodes.iter().filter(|(path, node)| {
            matches!(node, Node::File { length: 1.., .. }) && !bundle.images.contains_key(*path)
        });
        let files: Vec<&BundlePath> = files.map(|(path, _)| path).collect();
        self.loose_files(&bundle.root, place, &files)
    }

    fn images(&self, bundle: &Bundle, place: &str) -> Result<Vec<Code>, Failure> {
        let images: Vec<_> = bundle.images.iter().collect();
        let read = images.par_iter().map(|(path, image)| {
            let bytes =
                bundle::map(&image.local).map_err(|error| Failure::io(&image.local, "read", &error))?;
            Ok(codes(&preflight::inside(place, path.as_str()), &bytes, &image.file))
        });
        let read: Vec<Vec<Code>> = read.collect::<Result<_, Failure>>()?;
        Ok(read.into_iter().flatten().collect())
    }
}

/// What the verification found, but for what is told in other words: that code is not signed, and links.
fn faults(seals: &Verification, place: &str, codes: &[Code]) -> Vec<Hit> {
    let unsigned: BTreeSet<&str> =
        codes.iter().filter(|code| code.credentials.is_none()).map(|code| &*code.path).collect();
    let path = |problem: &SealProblem| preflight::inside(place, problem.path.as_str());
    let told = |problem: &&SealProblem| match problem.code {
        "unsigned" | "invalid-link" => true,
        "nested-unsigned" => unsigned.contains(&*path(problem)),
        _ => false,
    };
    let own = seals.problems.iter().filter(|problem| !told(problem));
    own.map(|problem| Hit {
        path: path(problem),
        archs: problem.arch.into_iter().collect(),
        message: problem.message.clone(),
    })
    .collect()
}

/// Every `Contents/embedded.provisionprofile`, with the executable of its bundle.
fn profiles(bundle: &Bundle, place: &str) -> Vec<Vouched> {
    let found = bundle.nodes.iter().filter(|(path, _)| path.file_name() == "embedded.provisionprofile");
    let read = found.filter_map(|(path, node)| {
        let Node::File { length, .. } = node else { return None };
        let contents = path.parent().filter(|folder| folder.file_name() == "Contents")?;
        let folder = contents.parent()?;
        let profile = match *length {
            ..=MAX_PROFILE => match bundle::map(&path.to_local(&bundle.root)) {
                Ok(bytes) => Profile::read(&bytes),
                Err(error) => Err(format!("cannot be read: {error}")),
            },
            _ => Err("is larger than 4 MB".to_owned()),
        };
        let entry = bundle.entries.iter().find(|entry| entry.bundle == folder && entry.host.is_none());
        Some(Vouched {
            path: preflight::inside(place, path.as_str()),
            profile,
            bundle: preflight::inside(place, folder.as_str()),
            executable: entry.map(|entry| preflight::inside(place, entry.image.as_str())),
        })
    });
    read.collect()
}
