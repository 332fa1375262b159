//! Open a bundle: scan, resolve, verify, diagnose.

use std::path::Path;
use std::sync::Arc;

use super::Inspection;
use crate::bundle::{self, Bundle, SearchRoots};
use crate::codesign;
use crate::diagnose::{Facts, Symbols, diagnose};
use crate::dyld::symbols::{self, NothingKnown, SymbolReport};
use crate::dyld::{self, Graph, Place};
use crate::failure::Failure;
use crate::progress::Progress;

/// How to look at a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InspectOptions {
    pub roots: SearchRoots,
}

/// # Errors
/// [`Failure`] when `path` is missing, not a bundle, or cannot be listed; everything else is a finding.
pub fn inspect(path: &Path, options: &InspectOptions, progress: &Progress) -> Result<Inspection, Failure> {
    let bundle = bundle::scan(path, progress)?;
    let name = bundle.name.clone();
    progress.step("resolving", &name, 0, 0)?;
    let (((build, clean), (build_symbols, clean_symbols)), seals) =
        rayon::join(|| resolve(&bundle, options), || codesign::verify_bundle(&bundle, progress));
    let seals = seals?;
    progress.step("diagnosing", &name, 0, 0)?;
    let symbols = Symbols { build: build_symbols.as_ref().unwrap_or(&clean_symbols), clean: &clean_symbols };
    let findings = diagnose(&Facts {
        bundle: &bundle,
        build: &build,
        clean: &clean,
        seals: &seals,
        symbols: Some(symbols),
    });
    Ok(Inspection {
        bundle: Arc::new(bundle),
        build: Arc::new(build),
        clean: Arc::new(clean),
        seals: Arc::new(seals),
        symbols: Arc::new(clean_symbols),
        findings: Arc::new(findings),
        options: options.clone(),
    })
}

/// Both graphs with their symbols. Where nothing outside the bundle is loaded, both places have the same.
#[allow(clippy::type_complexity, reason = "taken apart at once")]
fn resolve(
    bundle: &Bundle,
    options: &InspectOptions,
) -> ((Graph, Graph), (Option<SymbolReport>, SymbolReport)) {
    let (build, clean) = rayon::join(
        || dyld::resolve(bundle, &Place::BuildMac(options.roots.clone())),
        || dyld::resolve(bundle, &Place::CleanMac),
    );
    let symbols = rayon::join(
        || (!build.externals.is_empty()).then(|| symbols::check(bundle, &build, &NothingKnown)),
        || symbols::check(bundle, &clean, &NothingKnown),
    );
    ((build, clean), symbols)
}
