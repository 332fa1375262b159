//! Who asks for an image: the load commands of the opened bundle that may lead to it, and the repair that the engine has.

use std::collections::BTreeMap;

use super::finding::{Certainty, Culprit, Fix, FixChoice, Hop};
use super::place::{Fit, fit, leaf};
use super::tie::bundled;
use super::{Opened, Origin};
use crate::bundle::{EntryKind, ImageId};
use crate::diagnose::{self, Reference, references};
use crate::dyld::{Graph, Outcome, Resolution};
use crate::macho::InstallName;
use crate::maps::why::why;
use crate::paths::BundlePath;

/// References that a sentence can still name.
const MOST: usize = 6;

/// Every reference of the bundle that may end at `path`, a path of the report outside the bundle. `uuid` is that image's.
pub fn of_outsider(opened: &Opened<'_>, path: &str, uuid: Option<&str>) -> Vec<Culprit> {
    let mut found: BTreeMap<(&BundlePath, &InstallName), (Certainty, Reference<'_>, &Graph)> =
        BTreeMap::new();
    for graph in [opened.build, opened.clean] {
        for reference in references(graph) {
            let Some(certainty) = leads_to(&reference, path, uuid, opened) else { continue };
            let key = (reference.user, &reference.dependency.name);
            let known = found.entry(key).or_insert((certainty, reference, graph));
            if certainty < known.0 {
                *known = (certainty, reference, graph);
            }
        }
    }
    let mut all: Vec<(Certainty, Reference<'_>, &Graph)> = found.into_values().collect();
    all.sort_by_key(|(certainty, ..)| *certainty);
    let best = all.first().map(|(certainty, ..)| *certainty);
    all.retain(|(certainty, ..)| Some(*certainty) == best || *certainty < Certainty::Possible);
    all.truncate(MOST);
    all.into_iter()
        .map(|(certainty, reference, graph)| culprit(opened, graph, &reference, certainty, path))
        .collect()
}

/// The reference of `user` that says `name`; `None` when this build has none.
pub fn of_reference(opened: &Opened<'_>, user: &BundlePath, name: &str) -> Option<Culprit> {
    let graphs = [opened.clean, opened.build];
    let mut all =
        graphs.into_iter().flat_map(|graph| references(graph).map(move |reference| (reference, graph)));
    let (reference, graph) =
        all.find(|(reference, _)| reference.user == user && reference.dependency.name.as_str() == name)?;
    Some(culprit(opened, graph, &reference, Certainty::Certain, name))
}

/// How surely dyld would come to `path` for this reference, if a file were there.
fn leads_to(
    reference: &Reference<'_>,
    path: &str,
    uuid: Option<&str>,
    opened: &Opened<'_>,
) -> Option<Certainty> {
    let dependency = reference.dependency;
    if let Resolution::External(external) = &dependency.resolution {
        let image = opened.build.externals.get(external);
        let own =
            image.into_iter().flat_map(|image| &image.file.slices).filter_map(|slice| slice.uuid.as_deref());
        let same_uuid = uuid.is_some_and(|uuid| own.into_iter().any(|one| one == uuid));
        let fits = fit(path, external.as_str());
        if same_uuid && (fits.is_some() || leaf(path) == external.file_name()) || fits == Some(Fit::Same) {
            return Some(Certainty::Certain);
        }
        if fits.is_some() {
            return Some(Certainty::Likely);
        }
    }
    if let Some(fits) = fit(path, dependency.name.as_str()) {
        return Some(if fits == Fit::Same { Certainty::Certain } else { Certainty::Likely });
    }
    let tried = dependency
        .candidates
        .iter()
        .filter(|one| !matches!(one.outcome, Outcome::Skipped(_) | Outcome::Reused { .. }));
    let outside = tried.filter(|one| Origin::of(one.tried.as_str(), Some(opened.root())).is_outside());
    outside
        .filter_map(|one| fit(path, one.tried.as_str()))
        .min()
        .map(|fits| if fits == Fit::Same { Certainty::Likely } else { Certainty::Possible })
}

fn culprit(
    opened: &Opened<'_>,
    graph: &Graph,
    reference: &Reference<'_>,
    certainty: Certainty,
    path: &str,
) -> Culprit {
    let (user, name) = (reference.user, &reference.dependency.name);
    let command = reference.dependency.kind.command();
    let mut words = format!("{user} asks for it: its {command} says {name}");
    if let Some(by) = way(reference, path) {
        words += &format!(", which leads there {by}");
    }
    if certainty == Certainty::Possible {
        words += " (as far as the redacted path can tell)";
    }
    words += ".";
    Culprit {
        image: user.to_string(),
        name: Some(name.to_string()),
        certainty,
        words,
        chain: chain(opened, graph, reference, path),
        fix: fix_of_reference(opened, user, name),
    }
}

/// "by the rpath /Users/… of Contents/MacOS/Foo", where the text of the command alone does not say it.
fn way(reference: &Reference<'_>, path: &str) -> Option<String> {
    let dependency = reference.dependency;
    if fit(path, dependency.name.as_str()).is_some() {
        return None;
    }
    let candidate = dependency.candidates.iter().find(|one| fit(path, one.tried.as_str()).is_some())?;
    match (&candidate.rpath, &candidate.declared_by) {
        (Some(rpath), Some(by)) => Some(format!("by the LC_RPATH {rpath} of {by}")),
        _ => Some(format!("by way of {}", candidate.tried)),
    }
}

/// The boxes from what is started to the image at `path`.
fn chain(opened: &Opened<'_>, graph: &Graph, reference: &Reference<'_>, path: &str) -> Vec<Hop> {
    let mut hops = way_to(opened, graph, reference.user);
    let link = format!("{} {}", reference.dependency.kind.command(), reference.dependency.name);
    hops.push(hop(reference.user.as_str(), link));
    hops.push(outside(opened, path, String::new()));
    hops
}

/// The boxes from what is started to a file of the bundle; that file alone when nothing leads to it.
pub fn of_own(opened: &Opened<'_>, file: &BundlePath) -> Vec<Hop> {
    let ways = [opened.build, opened.clean].map(|graph| way_to(opened, graph, file));
    let mut hops = ways.into_iter().find(|way| !way.is_empty()).unwrap_or_default();
    hops.push(hop(file.as_str(), String::new()));
    hops
}

/// The boxes that lead to a file of the bundle, by one of the shortest ways.
fn way_to(opened: &Opened<'_>, graph: &Graph, file: &BundlePath) -> Vec<Hop> {
    let mut hops = Vec::new();
    let found = why(graph, &Resolution::Bundled(file.clone()), 1);
    let Some(chain) = found.chains.into_iter().next() else { return hops };
    if chain.kind == EntryKind::PlugIn
        && let Some(program) = graph
            .launches
            .iter()
            .find(|launch| launch.entry == chain.entry)
            .and_then(|launch| launch.program.as_ref())
    {
        hops.push(hop(program.as_str(), "opens it by name".to_owned()));
    }
    for step in &chain.steps {
        let link = format!("{} {}", step.kind.command(), step.name);
        match bundled(&step.image) {
            Some(path) => hops.push(hop(path.as_str(), link)),
            None => hops.push(outside(opened, &step.image.to_string(), link)),
        }
    }
    hops
}

fn hop(path: &str, link: String) -> Hop {
    Hop { name: leaf(path).to_owned(), path: path.to_owned(), origin: Origin::Bundle, link }
}

fn outside(opened: &Opened<'_>, path: &str, link: String) -> Hop {
    let origin = Origin::of(path, Some(opened.root()));
    Hop { name: leaf(path).to_owned(), path: path.to_owned(), origin, link }
}

/// What the engine's own findings offer for one reference.
fn fix_of_reference(opened: &Opened<'_>, user: &BundlePath, name: &InstallName) -> Option<Fix> {
    let about =
        |finding: &&diagnose::Finding| finding.subject == *user && finding.reference.as_ref() == Some(name);
    let finding = opened.findings.iter().filter(about).find(|finding| finding.remedy.is_some())?;
    let command =
        opened.fix_command(&format!(" --reference {} {}", quoted(user.as_str()), quoted(name.as_str())));
    let choice = FixChoice::Reference { image: user.clone(), name: name.clone() };
    Some(Fix { choice, command, words: finding.message.clone() })
}

/// What the engine's own findings of these rules say, with the repair where there is one. `about` narrows them to some files.
pub fn of_rules(opened: &Opened<'_>, rules: &[&str], about: impl Fn(&ImageId) -> bool) -> Vec<Culprit> {
    let concerned = |finding: &&diagnose::Finding| {
        about(&ImageId::Bundled(finding.subject.clone())) || finding.related.iter().any(&about)
    };
    let found = opened.findings.iter().filter(|finding| rules.contains(&finding.rule)).filter(concerned);
    let mut culprits: Vec<Culprit> = found
        .map(|finding| Culprit {
            image: finding.subject.to_string(),
            name: finding.reference.as_ref().map(|name| name.to_string()),
            certainty: Certainty::Certain,
            words: finding.message.clone(),
            chain: Vec::new(),
            fix: finding.remedy.as_ref().map(|_| Fix {
                choice: FixChoice::Rule(finding.rule),
                command: opened.fix_command(&format!(" --only {}", finding.rule)),
                words: finding.title.clone(),
            }),
        })
        .collect();
    culprits.truncate(MOST);
    culprits
}

/// The findings of the engine about one reference that have no repair: what a person must do.
pub fn advice_of(opened: &Opened<'_>, user: &str, name: &str) -> Option<String> {
    let about = |finding: &&diagnose::Finding| {
        finding.subject.as_str() == user && finding.reference.as_ref().is_some_and(|one| one.as_str() == name)
    };
    opened.findings.iter().find(about).map(|finding| finding.message.clone())
}

/// For a shell: in single quotes where something in it would be read as more than text.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:=".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
