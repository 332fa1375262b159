//! dyld's own words, letter for letter. They changed with macOS 12.3, 13 and 14.

use super::graph::Dependency;
use super::loads::Load;
use super::process_config::ProcessConfig;
use super::search::{Candidate, Outcome};
use super::{InsertFailure, OsProfile};
use crate::macho::Slice;

/// What ends the launch when a needed library is nowhere (`JustInTimeLoader::loadDependents`); `None` where dyld has no
/// words and so goes on without the library: an unknown `@` variable, and before macOS 14 an `@rpath` name that no
/// LC_RPATH leads anywhere.
pub(super) fn not_loaded(
    config: &ProcessConfig,
    load: &Load,
    slice: Option<&Slice>,
    dependency: &Dependency,
) -> Option<String> {
    let reason = reason(config, dependency)?;
    let (name, path) = (&dependency.name, &load.path);
    if config.os < OsProfile::MacOs13 {
        return Some(format!(
            "Library not loaded: '{name}'\n  Referenced from: '{path}'\n  Reason: {reason}"
        ));
    }
    let uuid = load.uuid.as_deref().unwrap_or("no uuid");
    let newer = slice.and_then(|slice| too_new(config, slice)).unwrap_or_default();
    Some(format!("Library not loaded: {name}\n  Referenced from: <{uuid}> {path}{newer}\n  Reason: {reason}"))
}

/// What ends the process when a library of DYLD_INSERT_LIBRARIES cannot be loaded: the line that is printed first, and
/// the reason.
pub(super) fn not_inserted(config: &ProcessConfig, failure: &InsertFailure) -> (String, String) {
    let tried = tried(config, &failure.candidates).unwrap_or_default();
    let first = format!("terminating because inserted dylib '{}' could not be loaded: {tried}", failure.path);
    (first, tried)
}

/// ` (built for macOS … which is newer than running OS)` (`Loader::tooNewErrorAddendum`).
pub(super) fn too_new(config: &ProcessConfig, slice: &Slice) -> Option<String> {
    let build = slice.build.filter(|build| build.platform.0 == super::process_config::MACOS)?;
    let newer = build.min_os > config.os.last_version();
    newer.then(|| format!(" (built for macOS {} which is newer than running OS)", build.min_os))
}

/// What stands after `Reason: `.
fn reason(config: &ProcessConfig, dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    let policy = name.starts_with('@') && !config.security.allow_at_paths;
    let policy = if policy { ", (security policy does not allow @ path expansion)" } else { "" };
    if let Some(tried) = tried(config, &dependency.candidates) {
        return Some(tried + policy);
    }
    if !policy.is_empty() {
        return Some(policy.to_owned());
    }
    if !name.starts_with("@rpath/") || config.os < OsProfile::MacOs14 {
        return None;
    }
    match dependency.any_rpath {
        false => Some("no LC_RPATH's found".to_owned()),
        true if config.os < OsProfile::MacOs15 => None,
        true => Some(
            "no LC_RPATH's used.  They may be invalid, eg, not start with '@loader_path' or '@executable_path'"
                .to_owned(),
        ),
    }
}

/// `tried: …`; `None` when nothing was.
fn tried(config: &ProcessConfig, candidates: &[Candidate]) -> Option<String> {
    let all: Vec<String> = candidates.iter().filter_map(|one| fragment(config, one)).collect();
    (!all.is_empty()).then(|| format!("tried: {}", all.join(", ")))
}

/// One place as dyld lists it (`Loader.cpp`, "append each path tried to diag").
fn fragment(config: &ProcessConfig, candidate: &Candidate) -> Option<String> {
    let tried = candidate.tried.as_str();
    let told = config.os >= OsProfile::MacOs13 && !candidate.on_disk_only && might_be_in_shared_cache(tried);
    let suffix = match (told, config.shared_cache) {
        (false, _) => "",
        (true, true) => ", not in dyld cache",
        (true, false) => ", no dyld cache",
    };
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
