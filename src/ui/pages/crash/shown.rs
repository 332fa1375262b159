//! What is drawn of the report that is chosen, worked out when it changes and not in each frame.

use std::collections::BTreeSet;

use super::View;
use super::origin::word;
use crate::bundle::ImageId;
use crate::macho::InstallName;
use crate::paths::BundlePath;
use crate::triage::{Certainty, Finding, Hop, Origin, Rule, SectionKind, Triage, Why, order};
use crate::ui::search::Words;
use crate::ui::state::Opened;

/// Where the tree shows something: an image, or one of its references.
pub type Target = (ImageId, Option<InstallName>);

#[derive(Default)]
pub struct Shown {
    /// Positions of the images in the table.
    pub rows: Vec<usize>,
    /// Images that are in memory more than once.
    pub twice: BTreeSet<usize>,
    /// The chains of the story.
    pub chains: Vec<Vec<Node>>,
    /// Paths of the report that have spaces in them.
    pub spaced: Vec<String>,
    /// What the ends of chains that are marked have in common.
    pub bond: Option<Bond>,
    made_from: Option<(u64, Option<u64>, usize, String, bool)>,
}

/// A box of a chain.
pub struct Node {
    pub hop: Hop,
    pub image: Option<usize>,
    pub target: Option<Target>,
    /// One of the copies that the story is about.
    pub copy: bool,
    /// What was asked for and not found.
    pub missing: bool,
}

/// Why copies are one library, in a word or two.
pub struct Bond {
    pub words: String,
    pub uuid: Option<String>,
}

/// Brings what is shown up to date with report, bundle, filter and switch.
pub fn refresh(view: &mut View, opened: Option<&Opened>) {
    let bundle = opened.map(|opened| opened.revision);
    let now = (view.revision, bundle, view.report, view.filter.clone(), view.with_system);
    let made = view.shown.made_from.as_ref();
    if made == Some(&now) {
        return;
    }
    let Some(triage) = view.triages.get(view.report) else {
        view.shown = Shown::default();
        return;
    };
    let same_story = made.is_some_and(|made| (made.0, made.1, made.2) == (now.0, now.1, now.2));
    if !same_story {
        view.shown.twice = twice(triage);
        view.shown.bond = bond(triage);
        view.shown.spaced = super::words::names_with_spaces(triage);
        view.shown.chains = chains(triage, opened);
    }
    view.shown.rows = rows(triage, &view.filter, view.with_system);
    view.shown.made_from = Some(now);
}

/// The surest duplicates: what may be two versions by right is not marked.
fn twice(triage: &Triage) -> BTreeSet<usize> {
    let sure = triage.duplicates.iter().filter(|one| one.certainty != Certainty::Possible);
    sure.flat_map(|one| one.images.iter().copied()).collect()
}

/// Duplicates first, then what is from elsewhere, then the bundle's own, then macOS's.
fn rows(triage: &Triage, filter: &str, with_system: bool) -> Vec<usize> {
    let words = Words::new(filter);
    let origin = |at: usize| triage.origins.get(at).copied().unwrap_or(Origin::Unknown);
    let wanted = |at: &usize| {
        let Some(image) = triage.report.images.get(*at) else { return false };
        let path = image.path.as_deref().unwrap_or_default();
        let texts = [&image.name, path, image.uuid.as_deref().unwrap_or_default(), word(origin(*at))];
        texts.iter().any(|text| words.are_in(text))
    };
    let system = (0..triage.report.images.len()).filter(|at| origin(*at) == Origin::System);
    let system: Vec<usize> = if with_system { system.collect() } else { Vec::new() };
    order(triage).into_iter().chain(system).filter(wanted).collect()
}

/// What the story is about.
pub fn first(triage: &Triage) -> Option<&Finding> {
    triage.findings.first().filter(|finding| finding.severity != crate::diagnose::Severity::Info)
}

fn bond(triage: &Triage) -> Option<Bond> {
    let finding = first(triage).filter(|finding| finding.rule == Rule::DuplicateLibrary)?;
    let duplicate = triage.duplicates.iter().find(|one| one.images == finding.images)?;
    let words = match duplicate.why {
        Why::SameUuid => "Same build".to_owned(),
        Why::SameName => "Same name".to_owned(),
        Why::ObjcClasses if duplicate.classes == 1 => "One class in both".to_owned(),
        Why::ObjcClasses => format!("{} classes in both", duplicate.classes),
        Why::FlattenedFramework => "Bare binary".to_owned(),
        Why::TwoVersions => "Two versions".to_owned(),
    };
    let image = duplicate.images.first().and_then(|at| triage.report.images.get(*at));
    let uuid = image.and_then(|image| image.uuid.clone()).filter(|_| duplicate.why == Why::SameUuid);
    Some(Bond { words, uuid })
}

fn chains(triage: &Triage, opened: Option<&Opened>) -> Vec<Vec<Node>> {
    let section = triage.story.sections.iter().find(|section| section.kind == SectionKind::WhoLoadedWhom);
    let copies: &[usize] = first(triage)
        .filter(|finding| finding.rule == Rule::DuplicateLibrary)
        .map_or(&[], |finding| &finding.images);
    let missing = first(triage).filter(|finding| finding.rule == Rule::LibraryMissing);
    let missing = missing.map(|finding| finding.subject.as_str());
    let chains = section.map_or(&[][..], |section| &section.chains);
    let nodes = |chain: &Vec<Hop>| {
        let node = |at: usize| {
            let image = triage.image_of(&chain[at]);
            let copy = at + 1 == chain.len() && image.is_some_and(|image| copies.contains(&image));
            let missing = at + 1 == chain.len() && missing == Some(chain[at].path.as_str());
            Node { hop: chain[at].clone(), image, target: target_of_hop(chain, at, opened), copy, missing }
        };
        (0..chain.len()).map(node).collect()
    };
    chains.iter().map(nodes).collect()
}

/// Where the tree shows the box at `at`: the bundle's file, or the reference that leads out of the bundle.
fn target_of_hop(chain: &[Hop], at: usize, opened: Option<&Opened>) -> Option<Target> {
    let bundle = &opened?.inspection.bundle;
    let file = |hop: &Hop| {
        let path = BundlePath::new(&hop.path).filter(|_| hop.origin == Origin::Bundle)?;
        bundle.images.contains_key(&path).then_some(ImageId::Bundled(path))
    };
    let hop = chain.get(at)?;
    if let Some(own) = file(hop) {
        return Some((own, None));
    }
    let user = chain.get(at.checked_sub(1)?)?;
    let (command, name) = user.link.split_once(' ')?;
    command.starts_with("LC_").then_some((file(user)?, Some(InstallName::new(name))))
}

/// Where the tree shows an image of the report: its file, or the reference that brought it in.
pub fn target_of_image(triage: &Triage, at: usize, opened: Option<&Opened>) -> Option<Target> {
    let bundle = &opened?.inspection.bundle;
    if let Some(file) = triage.tie.as_ref()?.files.get(at)?.as_ref() {
        return bundle.images.contains_key(file).then(|| (ImageId::Bundled(file.clone()), None));
    }
    let path = triage.report.images.get(at)?.path.as_deref()?;
    let culprits = triage.findings.iter().flat_map(|finding| &finding.culprits);
    let leads = |chain: &[Hop]| chain.last().is_some_and(|last| last.path == path);
    let culprit = culprits.into_iter().find(|culprit| leads(&culprit.chain))?;
    let user = BundlePath::new(&culprit.image).filter(|user| bundle.images.contains_key(user))?;
    Some((ImageId::Bundled(user), culprit.name.as_deref().map(InstallName::new)))
}
