//! The references of the bundle's own images, gathered over entry points and architectures.

use std::collections::{BTreeMap, BTreeSet};

use super::{Facts, Finding, Remedy, Rule, Severity};
use crate::bundle::{Bundle, ImageId};
use crate::dyld::graph::{Dependency, Launch};
use crate::dyld::{Graph, Outcome, SearchRule};
use crate::macho::{Arch, InstallName, LoadKind};
use crate::paths::BundlePath;

/// One reference under one launch.
#[derive(Clone, Copy)]
pub struct Reference<'a> {
    pub user: &'a BundlePath,
    pub dependency: &'a Dependency,
    pub launch: &'a Launch,
}

/// Every reference of every image of the bundle, launch by launch. What a plug-in's host had loaded before is left out,
/// for it is in the host's launch; so are references of outside images, which become the bundle's once the library is
/// copied in.
pub fn references(graph: &Graph) -> impl Iterator<Item = Reference<'_>> {
    graph.launches.iter().flat_map(|launch| {
        launch
            .loads
            .own()
            .iter()
            .filter_map(move |load| match &load.image {
                ImageId::Bundled(user) => Some((user, load)),
                ImageId::External(_) => None,
            })
            .flat_map(move |(user, load)| {
                load.dependencies.iter().map(move |dependency| Reference { user, dependency, launch })
            })
    })
}

/// The same reference wherever it showed what was looked for.
pub struct Hit<'a> {
    /// The first launch that showed it.
    pub first: Reference<'a>,
    pub archs: BTreeSet<Arch>,
}

impl<'a> Hit<'a> {
    pub fn user(&self) -> &'a BundlePath {
        self.first.user
    }

    pub fn name(&self) -> &'a InstallName {
        &self.first.dependency.name
    }

    /// A finding about this reference: what a launch can do without is only worth knowing.
    pub fn finding(&self, rule: &Rule, facts: &Facts<'_>, title: String, message: String) -> Finding {
        let needed = self.first.dependency.needed;
        Finding {
            severity: if needed { rule.severity } else { Severity::Info },
            arch: self.arch(facts.bundle),
            reference: Some(self.name().clone()),
            ..Finding::new(rule, self.user(), title, message)
        }
    }

    /// The intent to point this reference at `target`.
    pub fn repoint(&self, target: BundlePath) -> Remedy {
        Remedy::Repoint { image: self.user().clone(), name: self.name().clone(), target }
    }

    /// `None` when every slice that can be started shows it.
    pub fn arch(&self, bundle: &Bundle) -> Option<Arch> {
        let all = bundle.image(self.user()).map_or(0, |image| image.file.slices.len());
        (self.archs.len() < all).then(|| self.archs.first().copied()).flatten()
    }
}

impl<'a> Reference<'a> {
    /// The executable of the process; not known for a plug-in that is opened by itself.
    pub fn program(&self) -> Option<&'a BundlePath> {
        self.launch.program.as_ref()
    }

    /// The same reference of the same launch as another place resolves it.
    pub fn at<'b>(&self, other: &'b Graph) -> Option<Reference<'b>>
    where
        'a: 'b,
    {
        let launch = other.launch(&self.launch.entry, self.launch.arch)?;
        let load = launch.loads.of(&ImageId::Bundled(self.user.clone()))?;
        let dependency = load.dependencies.iter().find(|one| one.name == self.dependency.name)?;
        Some(Reference { user: self.user, dependency, launch })
    }
}

/// References that `wanted` picks, each once, in a fixed order.
pub fn hits<'a>(graph: &'a Graph, wanted: impl Fn(&Reference<'a>) -> bool) -> Vec<Hit<'a>> {
    let picked = references(graph).filter(wanted).map(|reference| (reference, ()));
    hits_of(picked).into_iter().map(|(hit, ())| hit).collect()
}

/// The references of `picked`, each once, in a fixed order, with what came with the first of each.
pub(super) fn hits_of<'a, T>(picked: impl Iterator<Item = (Reference<'a>, T)>) -> Vec<(Hit<'a>, T)> {
    let mut found: BTreeMap<(&BundlePath, &InstallName, LoadKind), (Hit<'a>, T)> = BTreeMap::new();
    for (first, what) in picked {
        let key = (first.user, &first.dependency.name, first.dependency.kind);
        let (hit, _) = found.entry(key).or_insert_with(|| (Hit { first, archs: BTreeSet::new() }, what));
        hit.archs.insert(first.launch.arch);
    }
    found.into_values().collect()
}

impl Dependency {
    /// Whether a file was there but held no slice for the architecture.
    pub fn met_wrong_arch(&self) -> bool {
        self.candidates.iter().any(|candidate| matches!(candidate.outcome, Outcome::WrongArch { .. }))
    }

    /// An `@rpath` name for which no image of the chain has an LC_RPATH.
    pub(super) fn has_no_rpath(&self) -> bool {
        self.name.as_str().starts_with("@rpath/")
            && !self.candidates.iter().any(|candidate| candidate.rule == SearchRule::Rpath)
    }
}

/// The one image of the bundle that `name` must mean: same framework spelling, else same file name, with a slice for
/// `arch`. `None` when there is none or more than one.
pub fn counterpart(bundle: &Bundle, user: &BundlePath, name: &InstallName, arch: Arch) -> Option<BundlePath> {
    let fits = |path: &&BundlePath| {
        let image = bundle.image(path);
        *path != user && image.is_some_and(|image| image.file.slice(arch).is_some() && image.is_library())
    };
    let by = |suffix: &str| -> Vec<&BundlePath> {
        let ending = format!("/{suffix}");
        bundle.images.keys().filter(fits).filter(|path| path.as_str().ends_with(&ending)).collect()
    };
    let framework = name.framework_suffix().map(by).unwrap_or_default();
    let found = if framework.is_empty() { by(name.leaf()) } else { framework };
    match found[..] {
        [one] => Some(one.clone()),
        _ => None,
    }
}
