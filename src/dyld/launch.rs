//! The verdict of a launch, in dyld's own words.

use std::collections::{HashMap, HashSet};

use super::graph::{Dependency, Launch, Load};
use super::search::{Candidate, Outcome, Resolution, SearchRule};
use crate::bundle::{Bundle, ImageId};
use crate::macho::LoadKind;

/// Whether dyld would start it, and if not, exactly what it prints after `dyld[PID]: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub ok: bool,
    pub message: Option<String>,
}

/// The first fault in the order in which dyld walks the images decides. For a plug-in it is what `dlerror` says after
/// `dlopen(…): `. Wording of macOS 13 and later.
pub fn verdict(_: &Bundle, launch: &Launch) -> Verdict {
    let message = first_fault(launch).map(|(load, dependency)| message(load, dependency));
    Verdict { ok: message.is_none(), message }
}

/// What dyld would say if this reference of `load` were the first fault; `None` when it is none.
pub(super) fn fault(_: &Launch, load: &Load, dependency: &Dependency) -> Option<String> {
    is_fatal(dependency).then(|| message(load, dependency))
}

/// Walks the loads as `loadDependents` does: all of an image's own references, then those of each dependent.
fn first_fault(launch: &Launch) -> Option<(&Load, &Dependency)> {
    let positions: HashMap<&ImageId, usize> =
        launch.loads.iter().enumerate().map(|(position, load)| (&load.image, position)).collect();
    let mut entered: HashSet<usize> = (0..launch.start).collect();
    let mut ahead = vec![launch.start];
    while let Some(position) = ahead.pop() {
        if !entered.insert(position) {
            continue;
        }
        let load = launch.loads.get(position)?;
        if let Some(dependency) = load.dependencies.iter().find(|dependency| is_fatal(dependency)) {
            return Some((load, dependency));
        }
        let loaded = load.dependencies.iter().filter(|dependency| dependency.kind != LoadKind::Lazy);
        let children =
            loaded.filter_map(|dependency| positions.get(&dependency.resolution.image()?).copied());
        let children: Vec<usize> = children.collect();
        ahead.extend(children.into_iter().rev());
    }
    None
}

fn is_fatal(dependency: &Dependency) -> bool {
    dependency.resolution == Resolution::Missing
        && !matches!(dependency.kind, LoadKind::Weak | LoadKind::Lazy)
        && reason(dependency).is_some()
}

fn message(load: &Load, dependency: &Dependency) -> String {
    let uuid = load.uuid.as_deref().unwrap_or("no uuid");
    let reason = reason(dependency).unwrap_or_default();
    format!(
        "Library not loaded: {}\n  Referenced from: <{uuid}> {}\n  Reason: {reason}",
        dependency.name, load.path
    )
}

/// What stands after `Reason: `. `None` for names that dyld silently passes over (an unknown `@` variable).
fn reason(dependency: &Dependency) -> Option<String> {
    let tried: Vec<String> =
        dependency.candidates.iter().enumerate().filter_map(|(at, one)| fragment(one, at == 0)).collect();
    if !tried.is_empty() {
        return Some(format!("tried: {}", tried.join(", ")));
    }
    dependency.name.as_str().starts_with("@rpath/").then(|| "no LC_RPATH's found".to_owned())
}

/// One place as dyld lists it (`Loader.cpp`, "append each path tried to diag").
fn fragment(candidate: &Candidate, first: bool) -> Option<String> {
    // An absolute name is first looked for on disk alone, when the cache is not yet asked.
    let on_disk_only = first && candidate.rule == SearchRule::Absolute;
    let suffix = if !on_disk_only && might_be_in_shared_cache(candidate.tried.as_str()) {
        ", not in dyld cache"
    } else {
        ""
    };
    let tried = &candidate.tried;
    match &candidate.outcome {
        Outcome::Skipped(_) | Outcome::Found | Outcome::Reused { .. } => None,
        Outcome::NoSuchFile => Some(format!("'{tried}' (no such file{suffix})")),
        Outcome::NotAFile => Some(format!("'{tried}' (not a file{suffix})")),
        objection => Some(format!("'{tried}' ({objection})")),
    }
}

fn might_be_in_shared_cache(path: &str) -> bool {
    const FOLDERS: [&str; 5] = [
        "/usr/lib/",
        "/System/Library/",
        "/System/iOSSupport/usr/lib/",
        "/System/iOSSupport/System/Library/",
        "/System/DriverKit/",
    ];
    FOLDERS.iter().any(|folder| path.starts_with(folder))
}
