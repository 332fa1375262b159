//! Findings → remedies → edits, to a fixpoint.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::draft::Draft;
use super::edit::{Edit, EditKey, PlannedEdit};
use super::expand::expand;
use super::licences;
use super::simulate::Outside;
use crate::bundle::{Bundle, ImageId, Node, SearchRoots};
use crate::codesign::{self, SealProblem, SignKind, SignOptions, SignPlan, Verification};
use crate::diagnose::{Facts, Finding, Remedy, diagnose, no_header_room, references};
use crate::dyld::graph::{Dependency, Launch};
use crate::dyld::{Conditions, Graph, OsProfile, Outcome, Place, Resolution, resolve};
use crate::failure::Failure;
use crate::macho::{InstallName, Rpath};
use crate::paths::{BundlePath, RuntimePath};
use crate::progress::Progress;

/// A bundle that needs more rounds than this has a remedy that never resolves; what is left is then reported.
const MAX_ROUNDS: u64 = 64;
/// More folders than this tell a reader nothing.
const SHOWN_FOLDERS: usize = 4;

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
    /// Rules whose offers are taken as well: see [`Remedy::is_offer`].
    pub also: Vec<String>,
    /// Whether the licence texts of copied libraries come along.
    pub licences: bool,
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
    /// What could be done besides.
    pub offers: Vec<Offer>,
    /// What is still wrong afterwards.
    pub remaining: Vec<Finding>,
    /// Free header bytes of the tightest slice, before and after, for each Mach-O file that is edited.
    pub header_room: BTreeMap<BundlePath, (u64, u64)>,
    /// Bytes that the bundle grows by (negative: shrinks), signatures not counted.
    pub growth: i64,
}

/// Something that mends no fault and is done only when asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub rule: &'static str,
    /// What there is: "34 MB of debug symbols".
    pub title: String,
    pub taken: bool,
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
    let mut made = Made { graphs: Graphs::of(bundle, options), model: bundle.clone(), before: None };
    let mut offers = Vec::new();
    for round in 0..MAX_ROUNDS {
        progress.step("planning", &bundle.name, round, 0)?;
        let before = draft.revision;
        let facts = made.facts(seals);
        let findings = diagnose(&facts);
        if round == 0 {
            offers = findings.iter().filter_map(|finding| chosen.offer(finding, &draft)).collect();
        }
        let wanted: Vec<&Finding> = findings.iter().filter(|finding| chosen.wants(finding, &draft)).collect();
        let pending = expand(&mut draft, &facts, &wanted);
        drop(facts);
        if draft.revision != before {
            made.again(draft.model(&mut outside), options);
            continue;
        }
        // Nothing new, yet some references still end elsewhere: say them in full instead of by @rpath.
        let shadowed = draft.shadowed.len();
        draft.shadowed.extend(pending);
        if draft.shadowed.len() == shadowed {
            break;
        }
    }
    take_back(&mut draft, &mut made, seals, options, &mut outside);
    if options.licences {
        licences::collect(&mut draft, &options.roots);
        made.model = draft.model(&mut outside); // no text is loaded
    }
    Ok(FixPlan { offers, ..finish(draft, made, seals, options) })
}

/// The bundle at both places.
struct Graphs {
    build: Graph,
    clean: Graph,
}

impl Graphs {
    fn of(model: &Bundle, options: &FixOptions) -> Graphs {
        let conditions = conditions(options);
        let (build, clean) = rayon::join(
            || resolve(model, &Place::BuildMac(options.roots.clone()), &conditions),
            || resolve(model, &Place::CleanMac, &conditions),
        );
        Graphs { build, clean }
    }
}

/// The bundle as the draft would leave it, and how it would load.
struct Made {
    model: Bundle,
    graphs: Graphs,
    /// On the build machine before any change; `None` while there is none.
    before: Option<Graph>,
}

impl Made {
    fn facts<'a>(&'a self, seals: &'a Verification) -> Facts<'a> {
        Facts::new(&self.model, &self.graphs.build, &self.graphs.clean, seals)
    }

    fn again(&mut self, model: Bundle, options: &FixOptions) {
        let old = std::mem::replace(&mut self.graphs, Graphs::of(&model, options));
        self.before.get_or_insert(old.build);
        self.model = model;
    }
}

/// A repair counts on no variable: nobody sets them on another Mac.
fn conditions(options: &FixOptions) -> Conditions {
    Conditions { os: options.os, ..Conditions::default() }
}

/// Takes back what would do no good: references that would be found nowhere, because a switch or a full header keeps
/// away what they rest on, and copies that nothing loads in the end.
fn take_back(
    draft: &mut Draft<'_>,
    made: &mut Made,
    seals: &Verification,
    options: &FixOptions,
    outside: &mut Outside,
) {
    while let Some(before) = &made.before {
        let facts = made.facts(seals);
        let (lost, mut unused) = (lost_uses(draft, &facts), unused_copies(draft, &facts));
        unused.extend(unloadable(draft, &facts));
        let (files, rpaths) = needed(before, &facts);
        let kept = draft.keep_files(&files) | draft.keep_rpaths(&rpaths);
        drop(facts);
        if lost.is_empty() && unused.is_empty() && !kept {
            return;
        }
        for (path, original) in &lost {
            draft.keep_use(path, original);
        }
        draft.forget(&unused);
        made.again(draft.model(outside), options);
    }
}

/// Rewritten references, by their text on disk, that end nowhere on the build machine. Where only the architecture is
/// wrong, the library itself is there.
fn lost_uses(draft: &Draft<'_>, facts: &Facts<'_>) -> BTreeSet<(BundlePath, InstallName)> {
    let missing: BTreeSet<(&BundlePath, &InstallName)> = references(facts.build)
        .filter(|one| one.dependency.resolution == Resolution::Missing && !one.dependency.met_wrong_arch())
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
        .filter(|copy| !draft.opened.contains(*copy))
        .filter(|copy| {
            let from_it = used.range::<BundlePath, _>(*copy..);
            !from_it
                .take_while(|image| image.as_str().starts_with(copy.as_str()))
                .any(|image| image.is_under(copy))
        })
        .cloned()
        .collect()
}

/// Plug-ins brought in that could not be loaded all the same: a library that they need is nowhere to be had.
fn unloadable(draft: &Draft<'_>, facts: &Facts<'_>) -> Vec<BundlePath> {
    let opened = facts.build.launches.iter().filter(|launch| draft.opened.contains(&launch.entry));
    let fails = |launch: &&Launch| {
        let needs = launch.loads.own().iter().flat_map(|load| &load.dependencies);
        needs.filter(|need| need.needed).any(|need| need.resolution == Resolution::Missing)
    };
    opened.filter(fails).map(|launch| launch.entry.clone()).collect()
}

/// Says where a recipe looked for what it did not find.
fn say_where(finding: &mut Finding, draft: &Draft<'_>) {
    let looked = draft.looked.get(finding.rule).filter(|folders| !folders.is_empty());
    if let (Some(Remedy::PlugIns { .. }), Some(folders)) = (&finding.remedy, looked) {
        let mut names: Vec<&str> = folders.iter().take(SHOWN_FOLDERS).map(RuntimePath::as_str).collect();
        let more = format!("{} others", folders.len().saturating_sub(SHOWN_FOLDERS));
        if folders.len() > SHOWN_FOLDERS {
            names.push(&more);
        }
        finding.message += &format!(
            " The fix looked in {} and found none there that fits; if the build has them elsewhere, say where with --root \
             FROM=TO.",
            names.join(", ")
        );
    }
}

fn finish(draft: Draft<'_>, made: Made, seals: &Verification, options: &FixOptions) -> FixPlan {
    let edits = draft.edits();
    let sign = match touched(&edits, &draft, &made.model) {
        touched if touched.is_empty() => SignPlan::default(),
        touched => codesign::plan(&made.model, &touched, &SignOptions::default()),
    };
    let Made { model: mut expected, mut graphs, .. } = made;
    codesign::simulate(&mut expected, &sign);
    if !sign.steps.is_empty() {
        graphs = Graphs::of(&expected, options); // dyld looks at signatures, too
    }
    let left = Verification { problems: not_covered(&seals.problems, &sign, &expected), ..seals.clone() };
    let mut remaining = diagnose(&Facts::new(&expected, &graphs.build, &graphs.clean, &left));
    remaining.iter_mut().for_each(|finding| say_where(finding, &draft));
    remaining.extend(draft.without_room().map(|(path, error)| no_header_room::finding(path, error)));
    FixPlan {
        header_room: header_room(&edits, draft.base, &expected),
        growth: size(&expected) - size(draft.base),
        switched_off: draft.switched_off(),
        edits,
        sign,
        offers: Vec::new(),
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
            let copy = planned.edit.path();
            let from_it = model.images.range::<BundlePath, _>(copy..).map(|(path, _)| path);
            let from_it = from_it.take_while(|path| path.as_str().starts_with(copy.as_str()));
            touched.extend(from_it.filter(|path| path.is_under(copy)).cloned());
        }
    }
    touched
}

/// The problems of signatures and seals that the plan does not renew.
fn not_covered(problems: &[SealProblem], sign: &SignPlan, expected: &Bundle) -> Vec<SealProblem> {
    let steps: BTreeSet<&BundlePath> = sign.steps.iter().map(|step| &step.path).collect();
    let signed = |path: &BundlePath| steps.contains(path);
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
    also: &'a [String],
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
        Ok(Chosen { selection: &options.selection, also: &options.also, ignore })
    }

    fn offer(&self, finding: &Finding, draft: &Draft<'_>) -> Option<Offer> {
        finding.remedy.as_ref().filter(|remedy| remedy.is_offer())?;
        let taken = self.wants(finding, draft);
        Some(Offer { rule: finding.rule, title: finding.title.clone(), taken })
    }

    /// Faults of what the plan itself brought in are always mended: half a copy helps nobody.
    fn wants(&self, finding: &Finding, draft: &Draft<'_>) -> bool {
        let ignored = self.ignore.is_match(finding.subject.as_str())
            || finding.reference.as_ref().is_some_and(|name| self.ignore.is_match(name.as_str()))
            || finding.related.iter().any(|id| self.ignore.is_match(id.to_string()));
        if ignored {
            return false;
        }
        if self.also.iter().any(|rule| rule == finding.rule) {
            return true;
        }
        let offer = finding.remedy.as_ref().is_some_and(Remedy::is_offer);
        let created = draft.created.iter().any(|new| finding.subject.is_under(new));
        created && !offer
            || match self.selection {
                Selection::Everything => !offer,
                Selection::Finding(remedy) => finding.remedy.as_ref() == Some(remedy),
                Selection::Rules(rules) => rules.iter().any(|rule| rule == finding.rule),
                Selection::Reference { image, name } => {
                    finding.subject == *image && finding.reference.as_ref() == Some(name)
                }
            }
    }
}
