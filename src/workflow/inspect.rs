//! Open a bundle: scan, resolve, verify, diagnose.

use std::path::Path;
use std::sync::Arc;

use super::Inspection;
use crate::bundle::{self, SearchRoots};
use crate::codesign;
use crate::diagnose::{Facts, diagnose};
use crate::dyld::{self, Conditions, Graph, Place};
use crate::failure::Failure;
use crate::progress::Progress;

/// How to look at a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InspectOptions {
    pub roots: SearchRoots,
    pub conditions: Conditions,
}

impl InspectOptions {
    /// The newest macOS, no variables.
    pub fn new(roots: SearchRoots) -> Self {
        InspectOptions { roots, conditions: Conditions::default() }
    }
}

/// # Errors
/// [`Failure`] when `path` is missing, not a bundle, or cannot be listed; everything else is a finding.
pub fn inspect(path: &Path, options: &InspectOptions, progress: &Progress) -> Result<Inspection, Failure> {
    let bundle = bundle::scan(path, progress)?;
    let name = bundle.name.clone();
    progress.step("resolving", &name, 0, 0)?;
    let (graphs, seals) = rayon::join(
        || {
            rayon::join(
                || dyld::resolve(&bundle, &Place::BuildMac(options.roots.clone()), &options.conditions),
                || dyld::resolve(&bundle, &Place::CleanMac, &options.conditions),
            )
        },
        || codesign::verify_bundle(&bundle, progress),
    );
    let ((build, clean), seals) = (graphs, seals?);
    progress.step("diagnosing", &name, 0, 0)?;
    let findings = diagnose(&Facts { bundle: &bundle, build: &build, clean: &clean, seals: &seals });
    Ok(Inspection {
        bundle: Arc::new(bundle),
        build: Arc::new(build),
        clean: Arc::new(clean),
        seals: Arc::new(seals),
        findings: Arc::new(findings),
        options: options.clone(),
    })
}

/// The same bundle under other conditions: resolved and diagnosed anew, neither read from disk nor verified again.
///
/// # Errors
/// [`Failure::Cancelled`] when the user asked to stop.
pub fn reconsider(
    inspection: &Inspection,
    conditions: &Conditions,
    progress: &Progress,
) -> Result<Inspection, Failure> {
    let (bundle, seals) = (&*inspection.bundle, &*inspection.seals);
    progress.step("resolving", &bundle.name, 0, 0)?;
    let roots = &inspection.options.roots;
    let (build, clean) = rayon::join(
        || dyld::resolve(bundle, &Place::BuildMac(roots.clone()), conditions),
        || dyld::resolve(bundle, &Place::CleanMac, conditions),
    );
    progress.step("diagnosing", &bundle.name, 0, 0)?;
    let findings = diagnose(&Facts { bundle, build: &build, clean: &clean, seals });
    Ok(Inspection {
        build: Arc::new(build),
        clean: Arc::new(clean),
        findings: Arc::new(findings),
        options: InspectOptions { conditions: conditions.clone(), ..inspection.options.clone() },
        ..inspection.clone()
    })
}

/// How the bundle would load on another Mac that has Homebrew, as far as the search roots know its folders.
pub fn with_homebrew(inspection: &Inspection) -> Graph {
    let place = Place::HomebrewMac(inspection.options.roots.clone());
    dyld::resolve(&inspection.bundle, &place, &inspection.options.conditions)
}
