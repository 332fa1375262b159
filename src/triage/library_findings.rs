//! Duplicates and outsiders, as findings.

use std::collections::{BTreeMap, BTreeSet};

use super::culprit::{of_outsider, of_rules};
use super::duplicates::{Duplicate, Whence, Why};
use super::dyld_findings::advice;
use super::finding::{Certainty, Culprit, Finding, Rule};
use super::place::leaf;
use super::tie::bundled;
use super::{Case, Origin};
use crate::diagnose::{Prefix, Severity, generation};

/// The engine's rules that find two copies in a bundle.
const COPIES: [&str; 5] = [
    "duplicate-library",
    "flattened-framework",
    "two-versions-of-library",
    "shadowed-copy",
    "two-majors-together",
];
/// Those that find plug-ins opened from outside by what a file says.
const CONFIGURATION: [&str; 3] =
    ["absolute-path-in-configuration", "qt-plugins-folder-missing", "dyld-variables-in-wrapper"];

pub fn duplicated(case: &Case<'_>, duplicates: &[Duplicate]) -> Vec<Finding> {
    duplicates.iter().map(|duplicate| finding(case, duplicate)).collect()
}

fn path<'a>(case: &Case<'a>, at: usize) -> &'a str {
    case.report.images.get(at).and_then(|image| image.path.as_deref()).unwrap_or("")
}

fn finding(case: &Case<'_>, duplicate: &Duplicate) -> Finding {
    let places: Vec<String> = duplicate.images.iter().map(|at| case.told(path(case, *at))).collect();
    let title = match duplicate.why {
        Why::TwoVersions => format!("{} is in memory in two versions", duplicate.name),
        _ if duplicate.images.len() > 2 => {
            format!("{} is in memory {} times", duplicate.name, duplicate.images.len())
        }
        _ => format!("{} is in memory twice", duplicate.name),
    };
    let first = duplicate.images.first().and_then(|at| case.report.images.get(*at));
    let why = match duplicate.why {
        Why::SameUuid => format!(
            "{} have the UUID {}: the same build, loaded from different files, each with its own state.",
            if duplicate.images.len() == 2 { "Both" } else { "All" },
            first.and_then(|image| image.uuid.as_deref()).unwrap_or("")
        ),
        Why::SameName => "They have one name and are different files, each with its own state.".to_owned(),
        Why::ObjcClasses => format!(
            "The Objective-C runtime met {} of its classes in both, and uses one of each.",
            if duplicate.classes == 1 { "one".to_owned() } else { duplicate.classes.to_string() }
        ),
        Why::FlattenedFramework => "One is the bare binary of a framework, the other the framework itself.".to_owned(),
        Why::TwoVersions => "They are two versions of one library. That is a fault only where one hands something to the other.".to_owned(),
    };
    let mut finding = Finding {
        message: format!(
            "It was loaded from {}. {why} {}",
            places.join(" and from "),
            whence(duplicate.whence)
        ),
        certainty: duplicate.certainty,
        images: duplicate.images.clone(),
        ..Finding::new(
            Rule::DuplicateLibrary,
            severity(case, duplicate),
            path(case, duplicate.images.first().copied().unwrap_or(0)),
            title,
        )
    };
    blame(case, duplicate, &mut finding);
    finding
}

fn severity(case: &Case<'_>, duplicate: &Duplicate) -> Severity {
    if duplicate.why != Why::TwoVersions {
        return Severity::Error;
    }
    // What sonames keep apart may live together; two generations of a toolkit do not.
    let toolkits = duplicate
        .images
        .iter()
        .filter_map(|at| generation(path(case, *at)))
        .map(|(toolkit, _)| toolkit.name());
    let toolkits: BTreeSet<&str> = toolkits.collect();
    let strict = toolkits.iter().any(|name| *name != "OpenSSL") || duplicate.name == "QtCore";
    if duplicate.certainty == Certainty::Certain || strict { Severity::Warning } else { Severity::Info }
}

fn whence(whence: Whence) -> &'static str {
    match whence {
        Whence::Leak => "The bundle has a copy of its own, and something in it still leads to the other.",
        Whence::ShippedTwice => "Both are in the bundle.",
        Whence::Outside => "Neither is in the bundle: that Mac has both.",
    }
}

/// Who pulled the copies in.
fn blame(case: &Case<'_>, duplicate: &Duplicate, finding: &mut Finding) {
    let outsiders: Vec<usize> = duplicate
        .images
        .iter()
        .copied()
        .filter(|at| case.origins.get(*at) != Some(&Origin::Bundle))
        .collect();
    if let Some(opened) = case.opened {
        for at in &outsiders {
            let uuid = case.report.images.get(*at).and_then(|image| image.uuid.as_deref());
            finding.culprits.extend(of_outsider(opened, path(case, *at), uuid));
        }
        let files: Vec<_> = case
            .tie
            .map(|tie| duplicate.images.iter().filter_map(|at| tie.files.get(*at)?.as_ref()).collect())
            .unwrap_or_default();
        let about = |id: &crate::bundle::ImageId| bundled(id).is_some_and(|path| files.contains(&path));
        let copies = of_rules(opened, &COPIES, about);
        if finding.culprits.is_empty() && !outsiders.is_empty() {
            let by_name = of_rules(opened, &CONFIGURATION, |_| true);
            let sorry = "No load command of this bundle leads to the copy outside: it was opened by name, by a plug-in folder or a setting, or an image outside asked for it.";
            finding.advice.push(sorry.to_owned());
            finding.culprits.extend(by_name);
        }
        finding.culprits.extend(copies);
    } else {
        finding.culprits = from_report(case, &outsiders);
    }
    let mut done = BTreeSet::new();
    let told: Vec<String> = finding
        .culprits
        .iter()
        .filter_map(|culprit| advice(case, culprit))
        .filter(|text| done.insert(text.clone()))
        .collect();
    let fixes: BTreeSet<&str> = finding
        .culprits
        .iter()
        .filter_map(|culprit| culprit.fix.as_ref())
        .map(|fix| fix.command.as_str())
        .collect();
    let at_once = case.opened.filter(|_| fixes.len() > 1).map(|opened| {
        format!("Or everything that the bundle has wrong, at once: {}", opened.fix_command(""))
    });
    finding.advice.extend(told);
    finding.advice.extend(at_once);
    if finding.advice.is_empty() {
        finding.advice.push(general_advice(duplicate));
    }
    if case.opened.is_none() && duplicate.whence == Whence::Leak {
        finding.advice.push(next_step(case));
    }
}

/// What the report alone can tell: weak, and said to be.
fn from_report(case: &Case<'_>, outsiders: &[usize]) -> Vec<Culprit> {
    let mut culprits = Vec::new();
    for at in outsiders {
        let calls = case
            .report
            .crashed
            .windows(2)
            .find(|pair| pair[0].index == Some(*at) && pair[1].index != Some(*at));
        let caller = calls.and_then(|pair| case.report.images.get(pair[1].index?));
        if let Some(path) =
            caller.and_then(|image| image.path.as_deref()).filter(|path| case.origin(path) != Origin::System)
        {
            culprits.push(Culprit {
                image: path.to_owned(),
                name: None,
                certainty: Certainty::Possible,
                words: format!(
                    "In the thread that crashed {} calls into it; that hints at who brought it in.",
                    case.short(path)
                ),
                chain: Vec::new(),
                fix: None,
            });
        }
    }
    culprits
}

fn general_advice(duplicate: &Duplicate) -> String {
    let name = &duplicate.name;
    match (duplicate.whence, duplicate.why) {
        (Whence::ShippedTwice, _) => {
            format!(
                "Keep one copy of {name} in the bundle, the framework where there is one, point every reference at it and delete the other; `bundlewright fix --only duplicate-library` does it for equal builds."
            )
        }
        (Whence::Leak, _) => {
            format!(
                "Find what in the bundle leads to the copy outside — often a plug-in whose references were not rewritten — and point it at the bundle's {name}."
            )
        }
        (Whence::Outside, Why::TwoVersions) => {
            format!("Let one package manager provide {name}, in one version.")
        }
        (Whence::Outside, _) => format!(
            "Let one package manager provide {name}, or put one copy into the bundle and point everything at it."
        ),
    }
}

/// What to open when no bundle is.
pub fn next_step(case: &Case<'_>) -> String {
    let app = case.app.map_or("the app", leaf);
    format!(
        "Open the build of {app} with the report (`bundlewright crash REPORT --bundle {}`) to see which load command it is.",
        super::culprit::quoted(app)
    )
}

/// Classes in two images that are no copies of one library: linked statically into both.
pub fn classes(case: &Case<'_>, duplicates: &[Duplicate]) -> Vec<Finding> {
    let mut pairs: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for twice in &case.report.classes {
        let system = |path: &str| case.origin(path) == Origin::System;
        if !(system(&twice.first) && system(&twice.second)) {
            pairs.entry((&twice.first, &twice.second)).or_default().push(&twice.class);
        }
    }
    let told = |a: &str, b: &str| {
        duplicates.iter().any(|duplicate| {
            [a, b].iter().all(|one| duplicate.images.iter().any(|at| path(case, *at) == *one))
        })
    };
    pairs
        .into_iter()
        .filter(|((a, b), _)| !told(a, b))
        .map(|((a, b), classes)| class_finding(case, a, b, &classes))
        .collect()
}

fn class_finding(case: &Case<'_>, a: &str, b: &str, classes: &[&str]) -> Finding {
    let count = if classes.len() == 1 {
        format!("The class {}", classes[0])
    } else {
        format!("{} classes, {} among them,", classes.len(), classes[0])
    };
    let verb = if classes.len() == 1 { "is" } else { "are" };
    let listed = case.report.images.iter().enumerate();
    let images = listed
        .filter(|(_, image)| image.path.as_deref().is_some_and(|path| path == a || path == b))
        .map(|(at, _)| at)
        .collect();
    Finding {
        message: format!(
            "{count} {verb} both in {} and in {}. The runtime uses one of each, whichever was loaded first. The same code was probably linked statically into both.",
            case.told(a),
            case.told(b)
        ),
        advice: vec![
            "Link that code into one library and let the other use it, or rename the classes of one."
                .to_owned(),
        ],
        certainty: Certainty::Likely,
        images,
        ..Finding::new(
            Rule::DuplicateClass,
            Severity::Warning,
            a,
            format!("{} and {} have the same classes", leaf(a), leaf(b)),
        )
    }
}

/// What the app loaded that another Mac does not have, duplicates aside.
pub fn outside(case: &Case<'_>, duplicates: &[Duplicate]) -> Vec<Finding> {
    // What a package manager installed may use what it installed.
    let Some(app) = case.app.filter(|app| Prefix::of(app).is_none()) else { return Vec::new() };
    let told: BTreeSet<usize> =
        duplicates.iter().flat_map(|duplicate| duplicate.images.iter().copied()).collect();
    let named: BTreeSet<&str> = case
        .report
        .dyld
        .iter()
        .filter_map(|message| message.from.as_ref())
        .map(|place| place.path.as_str())
        .collect();
    let mut by_origin: BTreeMap<Origin, Vec<usize>> = BTreeMap::new();
    for (at, origin) in case.origins.iter().enumerate().filter(|(at, _)| !told.contains(at)) {
        let foreign = matches!(
            origin,
            Origin::Homebrew
                | Origin::Macports
                | Origin::Fink
                | Origin::Nix
                | Origin::Conda
                | Origin::Framework
                | Origin::BuildTree
                | Origin::UserFolder
                | Origin::OtherCopy
        );
        if foreign && !named.contains(path(case, at)) && case.report.path.as_deref() != Some(path(case, at)) {
            by_origin.entry(*origin).or_default().push(at);
        }
    }
    by_origin.into_iter().map(|(origin, images)| outside_finding(case, app, origin, images)).collect()
}

fn outside_finding(case: &Case<'_>, app: &str, origin: Origin, images: Vec<usize>) -> Finding {
    const SHOWN: usize = 4;
    let names: Vec<&str> = images.iter().take(SHOWN).map(|at| leaf(path(case, *at))).collect();
    let more = images.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let one = images.len() == 1;
    let title = match one {
        true => format!("{} was loaded from {}", names[0], origin.words()),
        false => format!("{} libraries were loaded from {}", images.len(), origin.words()),
    };
    let mut finding = Finding {
        message: format!(
            "{} loaded {}{more} from {}, which another Mac does not have, or has in another version.",
            leaf(app),
            names.join(", "),
            origin.words()
        ),
        advice: Vec::new(),
        images: images.clone(),
        // What a user keeps in a folder of his own may be his own plug-in.
        ..Finding::new(
            Rule::OutsideLibrary,
            if origin == Origin::UserFolder { Severity::Info } else { Severity::Warning },
            path(case, images[0]),
            title,
        )
    };
    match case.opened {
        Some(opened) => {
            for at in images.iter().take(SHOWN) {
                let uuid = case.report.images.get(*at).and_then(|image| image.uuid.as_deref());
                finding.culprits.extend(of_outsider(opened, path(case, *at), uuid));
            }
            let told: Vec<String> =
                finding.culprits.iter().filter_map(|culprit| advice(case, culprit)).collect();
            finding.advice.extend(told);
            if finding.culprits.is_empty() {
                finding.advice.push(
                    "No load command of this bundle leads there: what loads it opens it by name.".to_owned(),
                );
            }
        }
        None => finding.advice.push(next_step(case)),
    }
    finding
}
