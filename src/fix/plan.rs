//! Findings → remedies → edits, to a fixpoint.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::draft::Draft;
use super::edit::{Edit, EditKey, PlannedEdit};
use super::expand::{expand, met_wrong_arch};
use super::simulate::Outside;
use crate::bundle::{Bundle, ImageId, Node, SearchRoots};
use crate::codesign::{self, SealProblem, SignKind, SignPlan, Verification};
use crate::diagnose::{Facts, Finding, Remedy, diagnose, no_header_room, references};
use crate::dyld::graph::Dependency;
use crate::dyld::{Conditions, Graph, OsProfile, Outcome, Place, Resolution, resolve};
use crate::failure::Failure;
use crate::macho::{InstallName, Rpath};
use crate::paths::BundlePath;
use crate::progress::Progress;

/// A bundle that needs more rounds than this has a remedy that never resolves; what is left is then reported.
const MAX_ROUNDS: u64 = 64;

/// Which findings to mend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    #[default]
    Everything,
    /// Only findings of these rules.
    Rules(Vec<String>),
    /// Only findings that this would mend: one finding, as a list shows it.
    Finding(Remedy),
    /// Only this reference of this image.
    Reference { image: BundlePath, name: InstallName },
}

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FixOptions {
    pub selection: Selection,
    /// Globs over install names and bundle paths that are left alone.
    pub ignore: Vec<String>,
    /// Edits that were switched off.
    pub switched_off: BTreeSet<EditKey>,
    pub roots: SearchRoots,
    /// Whose dyld has to find everything afterwards.
    pub os: OsProfile,
}

/// What a fix would do, and what the bundle is then.
#[derive(Debug, Clone, PartialEq)]
pub struct FixPlan {
    pub edits: Vec<PlannedEdit>,
    /// Edits that would be made but for their switch.
    pub switched_off: Vec<PlannedEdit>,
    pub sign: SignPlan,
    /// The bundle afterwards: `scan(apply(plan))` must equal it.
    pub expected: Bundle,
    /// What is still wrong afterwards.
    pub remaining: Vec<Finding>,
    /// Free header bytes of the tightest slice, before and after, for each Mach-O file that is edited.
    pub header_room: BTreeMap<BundlePath, (u64, u64)>,
    /// Bytes that the bundle grows by (negative: shrinks), signatures not counted.
    pub growth: i64,
}

impl FixPlan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.sign.steps.is_empty()
    }
}

/// Plans the repair of `bundle`, whose signatures were found as `seals` says. Writes nothing.
///
/// # Errors
/// [`Failure`] when the user stops it or a glob of `options.ignore` is none.
pub fn plan(
    bundle: &Bundle,
    seals: &Verification,
    options: &FixOptions,
    progress: &Progress,
) -> Result<FixPlan, Failure> {
    let chosen = Chosen::new(options)?;
    let mut outside = Outside::default();
    let mut draft = Draft::new(bundle, &options.switched_off);
    let mut model = bundle.clone();
    for round in 0..MAX_ROUNDS {
        progress.step("planning", &bundle.name, round, 0)?;
        let before = draft.revision;
        let pending = with_facts(&model, seals, options, |facts| {
            let findings = diagnose(facts);
            let wanted: Vec<&Finding> =
                findings.iter().filter(|finding| chosen.wants(finding, &draft)).collect();
            expand(&mut draft, facts, &wanted)
        });
        model = draft.model(&mut outside);
        if draft.revision == before {
            // Nothing new, yet some references still end elsewhere: say them in full instead of by @rpath.
            let shadowed = draft.shadowed.len();
            draft.shadowed.extend(pending);
            if draft.shadowed.len() == shadowed {
                break;
            }
        }
    }
    take_back(&mut draft, &mut model, seals, options, &mut outside);
    Ok(finish(draft, model, seals, options))
}

/// Resolves `model` at both places and hands everything that rules look at to `look`.
fn with_facts<T>(
    model: &Bundle,
    seals: &Verification,
    options: &FixOptions,
    look: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    let conditions = conditions(options);
    let (build, clean) = rayon::join(
        || resolve(model, &Place::BuildMac(options.roots.clone()), &conditions),
        || resolve(model, &Place::CleanMac, &conditions),
    );
    look(&Facts::new(model, &build, &clean, seals))
}

/// A repair counts on no variable: nobody sets them on another Mac.
fn conditions(options: &FixOptions) -> Conditions {
    Conditions { os: options.os, ..Conditions::default() }
}

/// Takes back what would do no good: references that would be found nowhere, because a switch or a full header keeps
/// away what they rest on, and copies that nothing loads in the end.
fn take_back(
    draft: &mut Draft<'_>,
    model: &mut Bundle,
    seals: &Verification,
    options: &FixOptions,
    outside: &mut Outside,
) {
    let before = resolve(draft.base, &Place::BuildMac(options.roots.clone()), &conditions(options));
    loop {
        let (lost, unused, (files, rpaths)) = with_facts(model, seals, options, |facts| {
            (lost_uses(draft, facts), unused_copies(draft, facts), needed(&before, facts))
        });
        let kept = draft.keep_files(&files) | draft.keep_rpaths(&rpaths);
        if lost.is_empty() && unused.is_empty() && !kept {
            return;
        }
        for (path, original) in &lost {
            draft.keep_use(path, original);
        }
        draft.forget(&unused);
        *model = draft.model(outside);
    }
}

/// Rewritten references, by their text on disk, that end nowhere on the build machine. Where only the architecture is
/// wrong, the library itself is there.
fn lost_uses(draft: &Draft<'_>, facts: &Facts<'_>) -> BTreeSet<(BundlePath, InstallName)> {
    let missing: BTreeSet<(&BundlePath, &InstallName)> = references(facts.build)
        .filter(|one| one.dependency.resolution == Resolution::Missing && !met_wrong_arch(one.dependency))
        .map(|reference| (reference.user, &reference.dependency.name))
        .collect();
    let rewritten = draft.rewrites.iter().flat_map(|(path, rewrite)| {
        rewrite.uses.iter().map(move |(original, (text, _))| (path, original, text))
    });
    rewritten
        .filter(|(path, original, text)| original != text && missing.contains(&(*path, *text)))
        .map(|(path, original, _)| (path.clone(), original.clone()))
        .collect()
}

/// What references of the bundle and of outside images ended at before that they would now miss: files of the bundle, and
/// rpaths of the bundle that found them outside.
fn needed(before: &Graph, facts: &Facts<'_>) -> (BTreeSet<BundlePath>, BTreeSet<(BundlePath, Rpath)>) {
    let (mut files, mut rpaths) = (BTreeSet::new(), BTreeSet::new());
    for launch in &before.launches {
        let Some(now) = facts.build.launch(&launch.entry, launch.arch) else { continue };
        let both = launch.loads.iter().filter_map(|load| Some((load, now.loads.of(&load.image)?)));
        let both = both.flat_map(|(load, now)| load.dependencies.iter().zip(&now.dependencies));
        for (was, _) in
            both.filter(|(was, now)| now.resolution == Resolution::Missing && was.name == now.name)
        {
            match &was.resolution {
                Resolution::Bundled(path) => drop(files.insert(path.clone())),
                Resolution::External(_) => rpaths.extend(found_by(was)),
                Resolution::System(_) | Resolution::Missing => {}
            }
        }
    }
    (files, rpaths)
}

/// The LC_RPATH of an image of the bundle that led to where the reference ends.
fn found_by(dependency: &Dependency) -> Option<(BundlePath, Rpath)> {
    let found = dependency.candidates.iter().find(|candidate| candidate.outcome == Outcome::Found)?;
    match (&found.declared_by, &found.rpath) {
        (Some(ImageId::Bundled(image)), Some(rpath)) => Some((image.clone(), rpath.clone())),
        _ => None,
    }
}

fn unused_copies(draft: &Draft<'_>, facts: &Facts<'_>) -> Vec<BundlePath> {
    let launches = facts.build.launches.iter().chain(&facts.clean.launches);
    let loaded =
        launches.flat_map(|launch| launch.loads.own().iter().filter(|load| load.loaded_by.is_some()));
    let used: BTreeSet<&BundlePath> = loaded
        .filter_map(|load| match &load.image {
            ImageId::Bundled(path) => Some(path),
            ImageId::External(_) => None,
        })
        .collect();
    let copies = draft.tree.iter().map(|planned| &planned.edit);
    copies
        .filter(|edit| matches!(edit, Edit::CopyFile { .. } | Edit::CopyFramework { .. }))
        .map(Edit::path)
        .filter(|copy| !used.iter().any(|image| image.is_under(copy)))
        .cloned()
        .collect()
}

fn finish(draft: Draft<'_>, model: Bundle, seals: &Verification, options: &FixOptions) -> FixPlan {
    let edits = draft.edits();
    let sign = match touched(&edits, &draft, &model) {
        touched if touched.is_empty() => SignPlan::default(),
        touched => codesign::plan(&model, &touched),
    };
    let mut expected = model;
    codesign::simulate(&mut expected, &sign);
    let left =
        Verification { checks: seals.checks, problems: not_covered(&seals.problems, &sign, &expected) };
    let mut remaining = with_facts(&expected, &left, options, diagnose);
    remaining.extend(draft.without_room().map(|(path, error)| no_header_room::finding(path, error)));
    FixPlan {
        header_room: header_room(&edits, draft.base, &expected),
        growth: size(&expected) - size(draft.base),
        switched_off: draft.switched_off(),
        edits,
        sign,
        expected,
        remaining,
    }
}

/// Everything whose bytes, name or seal changes.
fn touched(edits: &[PlannedEdit], draft: &Draft<'_>, model: &Bundle) -> BTreeSet<BundlePath> {
    let mut touched = draft.resign.clone();
    for planned in edits {
        touched.insert(planned.edit.path().clone());
        if let Edit::Move { from, .. } = &planned.edit {
            touched.insert(from.clone());
        }
        // Code that comes from outside is signed anew, whatever signed it before.
        let copied = matches!(planned.edit, Edit::CopyFile { .. } | Edit::CopyFramework { .. });
        if copied {
            touched.extend(model.images.keys().filter(|image| image.is_under(planned.edit.path())).cloned());
        }
    }
    touched
}

/// The problems of signatures and seals that the plan does not renew.
fn not_covered(problems: &[SealProblem], sign: &SignPlan, expected: &Bundle) -> Vec<SealProblem> {
    let signed = |path: &BundlePath| sign.steps.iter().any(|step| step.path == *path);
    let sealed = |path: &BundlePath| {
        let bundles = sign.steps.iter().filter(|step| step.kind == SignKind::Bundle);
        bundles.filter(|step| path.is_under(&step.path)).count() > 0
    };
    let gone = |path: &BundlePath| !path.is_root() && !expected.nodes.contains_key(path);
    let main = |path: &BundlePath| {
        expected.entries.iter().any(|entry| entry.image == *path && signed(&entry.bundle))
    };
    let covered = |path: &BundlePath| {
        let code = expected.images.contains_key(path);
        gone(path) || signed(path) || main(path) || (!code && sealed(path))
    };
    problems.iter().filter(|problem| !covered(&problem.path)).cloned().collect()
}

fn header_room(edits: &[PlannedEdit], base: &Bundle, expected: &Bundle) -> BTreeMap<BundlePath, (u64, u64)> {
    let tightest = |bundle: &Bundle, path: &BundlePath| {
        bundle.image(path).and_then(|image| image.file.slices.iter().map(|slice| slice.header_room).min())
    };
    let edited =
        edits.iter().filter(|planned| planned.edit.is_load_command()).map(|planned| planned.edit.path());
    edited
        .filter_map(|path| {
            let after = tightest(expected, path)?;
            Some((path.clone(), (tightest(base, path).unwrap_or(after), after)))
        })
        .collect()
}

fn size(bundle: &Bundle) -> i64 {
    let lengths = bundle.nodes.values().map(|node| match node {
        Node::File { length, .. } => i64::try_from(*length).unwrap_or(i64::MAX),
        _ => 0,
    });
    lengths.fold(0, i64::saturating_add)
}

/// Which findings the user wants mended.
struct Chosen<'a> {
    selection: &'a Selection,
    ignore: GlobSet,
}

impl<'a> Chosen<'a> {
    fn new(options: &'a FixOptions) -> Result<Self, Failure> {
        let mut globs = GlobSetBuilder::new();
        for text in &options.ignore {
            let glob = Glob::new(text).map_err(|error| {
                Failure::new(text, format!("is not a glob: {}", error.kind()), "write it like *libfoo*")
            })?;
            globs.add(glob);
        }
        let ignore =
            globs.build().map_err(|error| Failure::new("--ignore", error.to_string(), "use fewer globs"))?;
        Ok(Chosen { selection: &options.selection, ignore })
    }

    /// Faults of what the plan itself brought in are always mended: half a copy helps nobody.
    fn wants(&self, finding: &Finding, draft: &Draft<'_>) -> bool {
        let ignored = self.ignore.is_match(finding.subject.as_str())
            || finding.reference.as_ref().is_some_and(|name| self.ignore.is_match(name.as_str()))
            || finding.related.iter().any(|id| self.ignore.is_match(id.to_string()));
        if ignored {
            return false;
        }
        let created = draft.created.iter().any(|new| finding.subject.is_under(new));
        created
            || match self.selection {
                Selection::Everything => true,
                Selection::Finding(remedy) => finding.remedy.as_ref() == Some(remedy),
                Selection::Rules(rules) => rules.iter().any(|rule| rule == finding.rule),
                Selection::Reference { image, name } => {
                    finding.subject == *image && finding.reference.as_ref() == Some(name)
                }
            }
    }
}
