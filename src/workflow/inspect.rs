//! Open a bundle: scan, resolve, verify, diagnose.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Inspection, System};
use crate::bundle::{self, Bundle, SearchRoots, read_contents};
use crate::codesign;
use crate::diagnose::{Facts, Symbols, diagnose};
use crate::dyld::symbols::SymbolReport;
use crate::dyld::{self, Conditions, Graph, Place};
use crate::failure::Failure;
use crate::progress::Progress;

/// How to look at a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectOptions {
    pub roots: SearchRoots,
    pub conditions: Conditions,
    /// A macOS SDK, or a list of a shared cache's libraries: what macOS exports, beside the built-in tables.
    pub sdk: Option<PathBuf>,
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
        InspectOptions { roots, conditions: Conditions::default(), sdk: None, contents: true }
    }
}

/// # Errors
/// [`Failure`] when `path` is missing, not a bundle, or cannot be listed; everything else is a finding.
pub fn inspect(path: &Path, options: &InspectOptions, progress: &Progress) -> Result<Inspection, Failure> {
    let system = System::open(options.conditions.os, options.sdk.as_deref())?;
    let bundle = bundle::scan(path, progress)?;
    let name = bundle.name.clone();
    progress.step("resolving", &name, 0, 0)?;
    let (graphs, files) = rayon::join(
        || resolve(&bundle, options, &system),
        || {
            let look = || options.contents.then(|| read_contents(&bundle, progress)).transpose();
            rayon::join(|| codesign::verify_bundle(&bundle, progress), look)
        },
    );
    let ((build, clean), (build_symbols, clean_symbols)) = graphs;
    let (seals, contents) = (files.0?, files.1?);
    progress.step("diagnosing", &name, 0, 0)?;
    let symbols = Symbols { build: build_symbols.as_ref().unwrap_or(&clean_symbols), clean: &clean_symbols };
    let mut facts = Facts::new(&bundle, &build, &clean, &seals);
    (facts.symbols, facts.contents) = (Some(symbols), contents.as_ref());
    let findings = diagnose(&facts);
    drop(facts);
    Ok(Inspection {
        bundle: Arc::new(bundle),
        build: Arc::new(build),
        clean: Arc::new(clean),
        seals: Arc::new(seals),
        symbols: Arc::new(clean_symbols),
        system: Arc::new(system),
        contents: contents.map(Arc::new),
        findings: Arc::new(findings),
        options: options.clone(),
    })
}

/// Both graphs with their symbols. Where nothing outside the bundle is loaded, both places have the same.
#[allow(clippy::type_complexity, reason = "taken apart at once")]
fn resolve(
    bundle: &Bundle,
    options: &InspectOptions,
    system: &System,
) -> ((Graph, Graph), (Option<SymbolReport>, SymbolReport)) {
    let (build, clean) = rayon::join(
        || dyld::resolve(bundle, &Place::BuildMac(options.roots.clone()), &options.conditions),
        || dyld::resolve(bundle, &Place::CleanMac, &options.conditions),
    );
    let symbols = rayon::join(
        || (!build.externals.is_empty()).then(|| system.check(bundle, &build)),
        || system.check(bundle, &clean),
    );
    ((build, clean), symbols)
}

/// The same bundle under other conditions: resolved and diagnosed anew, neither listed nor verified again.
///
/// # Errors
/// [`Failure`] when the SDK cannot be read any more, or when the user asked to stop.
pub fn reconsider(
    inspection: &Inspection,
    conditions: &Conditions,
    progress: &Progress,
) -> Result<Inspection, Failure> {
    let (bundle, seals) = (&*inspection.bundle, &*inspection.seals);
    let options = InspectOptions { conditions: conditions.clone(), ..inspection.options.clone() };
    let system = match conditions.os == inspection.options.conditions.os {
        true => Arc::clone(&inspection.system),
        false => Arc::new(System::open(conditions.os, options.sdk.as_deref())?),
    };
    progress.step("resolving", &bundle.name, 0, 0)?;
    let ((build, clean), (build_symbols, clean_symbols)) = resolve(bundle, &options, &system);
    progress.step("diagnosing", &bundle.name, 0, 0)?;
    let symbols = Symbols { build: build_symbols.as_ref().unwrap_or(&clean_symbols), clean: &clean_symbols };
    let mut facts = Facts::new(bundle, &build, &clean, seals);
    (facts.symbols, facts.contents) = (Some(symbols), inspection.contents.as_deref());
    let findings = diagnose(&facts);
    drop(facts);
    Ok(Inspection {
        build: Arc::new(build),
        clean: Arc::new(clean),
        symbols: Arc::new(clean_symbols),
        system,
        findings: Arc::new(findings),
        options,
        ..inspection.clone()
    })
}
