//! Every place that dyld tries, and those that it leaves out.

use super::super::search::{Candidate, Outcome, Resolution, SearchRule};
use super::super::{FIRST_SDK_WITHOUT_FALLBACK, OsProfile};
use super::process::reuse_law;
use super::{Fact, Mark, Scene, Step, capital, fact, leaf};
use crate::macho::LoadKind;

pub fn tried(scene: &Scene<'_>) -> Vec<Step> {
    let candidates = &scene.dependency.candidates;
    let asked = |rule: SearchRule| matches!(rule, SearchRule::AlreadyLoaded | SearchRule::SharedCache);
    let rpaths = candidates.iter().filter(|one| one.rule == SearchRule::Rpath).count();
    let mut rpath = 0;
    let mut steps = Vec::new();
    for (at, candidate) in candidates.iter().enumerate().filter(|(_, one)| !asked(one.rule)) {
        rpath += usize::from(candidate.rule == SearchRule::Rpath);
        let before = candidates.get(..at).unwrap_or_default();
        let again = before.iter().any(|one| one.rule == candidate.rule && one.tried == candidate.tried);
        steps.push(place(scene, candidate, (rpath, rpaths), again));
    }
    steps
}

fn place(scene: &Scene<'_>, candidate: &Candidate, number: (usize, usize), again: bool) -> Step {
    let (title, why, law) = rule(scene, candidate, number, again);
    let (mark, answer, own_law) = answer(candidate);
    let mut facts = Vec::new();
    if let Some(by) = candidate.declared_by.as_ref().filter(|_| !again) {
        facts.push(fact("declared by", leaf(by)));
    }
    if let Some(rpath) = candidate.rpath.as_ref().filter(|_| !again) {
        facts.push(fact("LC_RPATH", rpath.as_str()));
        facts.extend(variable(scene, candidate));
    }
    facts.push(fact("tried", candidate.tried.to_string()));
    Step { title, why, facts, mark, answer, law: own_law.or(law) }
}

/// What a variable in an LC_RPATH stands for.
fn variable(scene: &Scene<'_>, candidate: &Candidate) -> Option<Fact> {
    let rpath = candidate.rpath.as_ref()?.as_str();
    if rpath.starts_with("@executable_path") {
        return Some(fact("@executable_path is", scene.executable_folder()));
    }
    if rpath.starts_with("@loader_path") {
        let by = candidate.declared_by.as_ref()?;
        let declarer = scene.launch.loads.iter().find(|load| load.image == *by)?;
        return Some(fact("@loader_path is", declarer.path.parent().to_string()));
    }
    None
}

type Rule = (String, String, Option<&'static str>);

/// Title, explanation and law of a place.
fn rule(scene: &Scene<'_>, candidate: &Candidate, (rpath, rpaths): (usize, usize), again: bool) -> Rule {
    let (title, why, law) = match candidate.rule {
        SearchRule::Absolute if again => (
            "The path once more",
            "The first look was at the disk alone. This one asks macOS's shared cache too.",
            "absolute-outside-through-links",
        ),
        SearchRule::Absolute => ("The path as it stands", "", "absolute-outside-through-links"),
        SearchRule::Cryptex => (
            "The same path in the cryptex",
            "Since macOS 13 a part of the system is on a volume of its own, the cryptex. dyld looks for every absolute \
             path there too, though no app can put anything into it.",
            "absolute-outside-through-links",
        ),
        SearchRule::LoaderPath if again => ("@loader_path once more", "", "loader-path-follows-links"),
        SearchRule::LoaderPath => ("@loader_path, put in", "", "loader-path-follows-links"),
        SearchRule::ExecutablePath => ("@executable_path, put in", "", "executable-path-is-the-process"),
        SearchRule::Rpath => return rpath_rule(scene, candidate, (rpath, rpaths), again),
        SearchRule::Relative => ("From the current folder", "", "relative-names"),
        SearchRule::Fallback => (
            "A fallback folder",
            "Binaries of an SDK before 14 also get the old default folders. Built anew, the app no longer finds \
             anything there.",
            "fallback-folders-by-sdk",
        ),
        SearchRule::PathVariable => (
            "A folder of a DYLD_ variable",
            "The folders of DYLD_LIBRARY_PATH and DYLD_FRAMEWORK_PATH come before the place that the name says.",
            "variables-come-first",
        ),
        SearchRule::FallbackVariable => (
            "A fallback folder of a DYLD_ variable",
            "The folders of a DYLD_FALLBACK_ variable stand in for the usual ones.",
            "fallback-variables-replace-the-folders",
        ),
        SearchRule::ImageSuffix => (
            "With DYLD_IMAGE_SUFFIX",
            "Each place is tried with the suffix in the file's name first.",
            "image-suffix",
        ),
        SearchRule::CatalystSupport => (
            "In Mac Catalyst's support folder",
            "Programs for Mac Catalyst have libraries of their own below /System/iOSSupport.",
            "catalyst-looks-in-its-support-folder",
        ),
        SearchRule::RealPath => (
            "Second round, links resolved",
            "Nothing was found under the name as it stands, so dyld resolves the links in it and tries once more.",
            "second-round-with-the-real-path",
        ),
        SearchRule::AlreadyLoaded | SearchRule::SharedCache => ("", "", "install-name-reuse"),
    };
    (title.to_owned(), why.to_owned(), Some(law))
}

fn rpath_rule(scene: &Scene<'_>, candidate: &Candidate, (at, of): (usize, usize), again: bool) -> Rule {
    let title = format!("@rpath {at} of {of}");
    if again {
        let law = if scene.is_plug_in() {
            "plug-in-rpaths-are-tried-twice"
        } else {
            "executable-rpaths-are-tried-twice"
        };
        let why = "The load chain holds this image twice, so dyld comes here a second time.".to_owned();
        return (title, why, Some(law));
    }
    let text = candidate.rpath.as_ref().map_or("", |rpath| rpath.as_str());
    let other = candidate.declared_by.as_ref().is_some_and(|by| *by != scene.load.image);
    let why = match (text, other) {
        (text, true) if text.starts_with("@loader_path") => {
            "@loader_path in an LC_RPATH is the folder of the image that declares it, not of the one that asks."
        }
        (text, _) if text.starts_with('/') => {
            "An absolute LC_RPATH names a folder of the Mac on which the app was built. On another it is absent, or holds \
             something else."
        }
        _ => "",
    };
    let law = if other { "rpath-belongs-to-its-declarer" } else { "nearest-rpath-first" };
    (title, why.to_owned(), Some(law))
}

/// How the place answers, and the law about that answer if it has one of its own.
fn answer(candidate: &Candidate) -> (Mark, String, Option<&'static str>) {
    let said = candidate.outcome.to_string();
    match &candidate.outcome {
        Outcome::Found => (Mark::Found, "Found. The search ends here.".to_owned(), None),
        Outcome::Reused { .. } => (
            Mark::Reused,
            format!("{}. The search ends here.", capital(&said)),
            Some(reuse_law(&candidate.outcome)),
        ),
        Outcome::NoSuchFile | Outcome::NotAFile => (Mark::No, capital(&said), None),
        Outcome::WrongArch { .. } => (Mark::Refused, capital(&said), Some("wrong-architecture-goes-on")),
        Outcome::Refused(why) if why.is_empty() => {
            (Mark::Refused, "An empty file: dyld goes on without a word".to_owned(), None)
        }
        Outcome::Refused(why) => (Mark::Refused, capital(&said), refusal_law(why)),
        Outcome::Skipped(why) => (Mark::Skipped, format!("Not tried: {why}"), None),
    }
}

/// The law about a file that is there and that dyld will not have.
fn refusal_law(why: &str) -> Option<&'static str> {
    if why.starts_with("cannot link") {
        Some("only-dylibs-are-linked")
    } else if why.contains("Team ID") {
        Some("library-validation")
    } else if why.contains("code signature") {
        Some("unsigned-code-on-apple-silicon")
    } else {
        None
    }
}

/// Variables that the process was given and that dyld does not honour for it.
pub fn switched_off(scene: &Scene<'_>) -> Option<Step> {
    let config = &scene.launch.config;
    let ignored = &config.path_overrides.ignored;
    if ignored.is_empty() {
        return None;
    }
    let why = if config.security.hardened { "runs hardened" } else { "is restricted" };
    let answer =
        format!("Not searched: {} count for nothing, because the process {why}.", ignored.join(", "));
    Some(skipped("DYLD_ variables", answer, "hardened-programs-ignore-variables"))
}

/// The places that dyld has for other names or binaries, with the reason why not for this one.
pub fn left_out(scene: &Scene<'_>) -> Vec<Step> {
    let dependency = scene.dependency;
    let by_name = scene.has(SearchRule::AlreadyLoaded) || scene.has(SearchRule::SharedCache);
    if by_name || dependency.kind == LoadKind::Lazy {
        return Vec::new();
    }
    let missing = dependency.resolution == Resolution::Missing;
    let mut steps = Vec::new();
    if !scene.has(SearchRule::Fallback) && !scene.has(SearchRule::FallbackVariable) {
        steps.push(skipped("Fallback folders", fallback(scene, missing), "fallback-folders-by-sdk"));
    }
    if missing && !scene.has(SearchRule::RealPath) {
        let why = match scene.name().starts_with('@') {
            true => "Not tried: names with @ get no second round.",
            false => "Not tried: the name leads through no link, so it is the same when they are resolved.",
        };
        let law = "second-round-with-the-real-path";
        steps.push(skipped("Second round, links resolved", why.to_owned(), law));
    }
    steps
}

fn fallback(scene: &Scene<'_>, missing: bool) -> String {
    let build = scene.slice.and_then(|slice| slice.build);
    let asker = leaf(&scene.load.image);
    match build {
        Some(build)
            if build.sdk >= FIRST_SDK_WITHOUT_FALLBACK && scene.graph.conditions.os > OsProfile::MacOs12 =>
        {
            format!(
                "Not tried: {asker} was built with SDK {}. Only binaries of an SDK before 14 have such folders.",
                build.sdk
            )
        }
        _ if missing => "Not tried: there are none for this name.".to_owned(),
        _ => "Not reached.".to_owned(),
    }
}

fn skipped(title: &str, answer: String, law: &'static str) -> Step {
    Step {
        title: title.to_owned(),
        why: String::new(),
        facts: Vec::new(),
        mark: Mark::Skipped,
        answer,
        law: Some(law),
    }
}
