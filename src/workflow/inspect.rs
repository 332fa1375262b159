//! Open a bundle: scan, resolve, verify, diagnose.

use std::path::Path;
use std::sync::Arc;

use super::Inspection;
use crate::bundle::{self, SearchRoots, read_contents};
use crate::codesign;
use crate::diagnose::{Facts, diagnose};
use crate::dyld::{self, Conditions, Place};
use crate::failure::Failure;
use crate::progress::Progress;

/// How to look at a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectOptions {
    pub roots: SearchRoots,
    pub conditions: Conditions,
    /// Whether to look into the files, too: for paths of the build machine, settings and extended attributes.
    pub contents: bool,
}

impl Default for InspectOptions {
    fn default() -> Self {
        InspectOptions::new(SearchRoots::default())
    }
}

impl InspectOptions {
    /// The newest macOS, no variables.
    pub fn new(roots: SearchRoots) -> Self {
        InspectOptions { roots, conditions: Conditions::default(), contents: true }
    }
}

/// # Errors
/// [`Failure`] when `path` is missing, not a bundle, or cannot be listed; everything else is a finding.
pub fn inspect(path: &Path, options: &InspectOptions, progress: &Progress) -> Result<Inspection, Failure> {
    let bundle = bundle::scan(path, progress)?;
    let name = bundle.name.clone();
    progress.step("resolving", &name, 0, 0)?;
    let (graphs, files) = rayon::join(
        || {
            rayon::join(
                || dyld::resolve(&bundle, &Place::BuildMac(options.roots.clone()), &options.conditions),
                || dyld::resolve(&bundle, &Place::CleanMac, &options.conditions),
            )
        },
        || {
            let look = || options.contents.then(|| read_contents(&bundle, progress)).transpose();
            rayon::join(|| codesign::verify_bundle(&bundle, progress), look)
        },
    );
    let ((build, clean), (seals, contents)) = (graphs, files);
    let (seals, contents) = (seals?, contents?);
    progress.step("diagnosing", &name, 0, 0)?;
    let contents = contents.as_ref();
    let findings =
        diagnose(&Facts { bundle: &bundle, build: &build, clean: &clean, seals: &seals, contents });
    Ok(Inspection {
        bundle: Arc::new(bundle),
        build: Arc::new(build),
        clean: Arc::new(clean),
        seals: Arc::new(seals),
        findings: Arc::new(findings),
        options: options.clone(),
    })
}
