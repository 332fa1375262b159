//! What dyld said, as findings.

use super::culprit::{advice_of, of_reference, of_rules};
use super::finding::{Certainty, Culprit, Finding, Rule};
use super::origin::is_system;
use super::place::leaf;
use super::refusal::{Refusal, Signature, refusal};
use super::{Case, Origin};
use crate::crash::{DyldFault, DyldMessage};
use crate::diagnose::Severity;

pub fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = case.report.no_shared_cache.then(no_shared_cache).into_iter().collect();
    for message in &case.report.dyld {
        let finding = match &message.fault {
            DyldFault::LibraryMissing(name) => library(case, message, name.as_deref()),
            DyldFault::SymbolMissing(symbol) => Some(self::symbol(case, message, symbol)),
            DyldFault::NotOpened(path) => opened(case, message, path),
            DyldFault::NotInserted(path) => Some(inserted(path)),
            DyldFault::Malformed(what) => Some(malformed(case, message, what)),
        };
        findings.extend(finding);
    }
    for finding in &mut findings {
        finding.images = images(case, finding);
    }
    findings
}

/// Where the report lists the files that a finding names.
fn images(case: &Case<'_>, finding: &Finding) -> Vec<usize> {
    let asking =
        case.report.dyld.iter().filter_map(|message| message.from.as_ref()).map(|place| place.path.as_str());
    let named: Vec<&str> = asking.chain([finding.subject.as_str()]).collect();
    let listed = case.report.images.iter().enumerate();
    listed
        .filter(|(_, image)| image.path.as_deref().is_some_and(|path| named.contains(&path)))
        .map(|(at, _)| at)
        .collect()
}

fn no_shared_cache() -> Finding {
    Finding {
        message: "dyld could not map the cache that holds macOS's own libraries, so that even libSystem was not found. This is a fault of \
                  that Mac or of how the process was started, not of the bundle."
            .to_owned(),
        advice: vec!["Restart that Mac; if it stays so, reinstall macOS. There is nothing to change in the bundle.".to_owned()],
        ..Finding::new(Rule::NoSharedCache, Severity::Warning, "", "macOS's shared cache was not there")
    }
}

/// The first objection that is more than an absence, with the file and dyld's words.
fn objection(message: &DyldMessage) -> Option<(Refusal, &str, &str)> {
    let all = message.tried.iter().map(|one| (refusal(&one.why), one.path.as_str(), one.why.as_str()));
    let listed = all.filter(|(refusal, ..)| *refusal != Refusal::Absent).min_by_key(|(refusal, ..)| *refusal);
    listed.or_else(|| {
        let reason = message.reason.as_deref().filter(|_| message.tried.is_empty())?;
        let found = refusal(reason);
        let speaks = !matches!(found, Refusal::Absent | Refusal::Format);
        speaks.then_some((found, "", reason))
    })
}

fn library(case: &Case<'_>, message: &DyldMessage, name: Option<&str>) -> Option<Finding> {
    let name = name.or_else(|| message.tried.first().map(|one| one.path.as_str())).unwrap_or("");
    if let Some((refusal, path, why)) = objection(message) {
        let path = if path.is_empty() { name } else { path };
        return Some(refused(case, message, refusal, path, why));
    }
    if is_system(name) {
        // Without its cache macOS has nothing; that was said already.
        return (!case.report.no_shared_cache).then(|| system_library(case, message, name));
    }
    Some(missing(case, message, name))
}

fn missing(case: &Case<'_>, message: &DyldMessage, name: &str) -> Finding {
    let origin = case.origin(name);
    let whose = if origin.is_outside() { format!(" from {}", origin.words()) } else { String::new() };
    let asker = message.from.as_ref().map(|place| case.told(&place.path));
    let mut text = match &asker {
        Some(asker) => format!("{asker} asks for {name}{whose}"),
        None => format!("Something asks for {name}{whose}"),
    };
    text += match message.tried.len() {
        0 => ", and it was not found.".to_owned(),
        1 => ", and it is not at the one place that dyld tried.".to_owned(),
        many => format!(", and it is at none of the {many} places that dyld tried."),
    }
    .as_str();
    let from_bundle = message.from.as_ref().map(|place| case.origin(&place.path)) == Some(Origin::Bundle);
    if from_bundle && origin.is_outside() {
        text += " The library was never copied into the bundle, so that the app starts only where it is installed.";
    } else if let Some(place) = message.from.as_ref().filter(|_| !from_bundle) {
        let whose = case.origin(&place.path);
        if whose.is_outside() {
            text += &format!(" The file that asks is not the bundle's; it comes from {}.", whose.words());
        }
    }
    if let Some(built) = &message.built_for {
        text += &format!(" The file that asks was built for {built}, which is newer than that Mac's.");
    }
    if message.cut {
        text += " The report breaks off here, so that further places may have been tried.";
    }
    let title = format!("{} was not found", leaf(name));
    let mut finding =
        Finding { message: text, ..Finding::new(Rule::LibraryMissing, Severity::Error, name, title) };
    blame(case, message, name, &mut finding);
    finding
}

/// Who asks, from the opened bundle when there is one, and what to do.
fn blame(case: &Case<'_>, message: &DyldMessage, name: &str, finding: &mut Finding) {
    let asker = message.from.as_ref();
    let file = asker.and_then(|place| case.file(&place.path, place.uuid.as_deref()));
    if let (Some(opened), Some(file)) = (case.opened, &file) {
        match of_reference(opened, file, name) {
            Some(culprit) => {
                finding.advice.extend(advice(case, &culprit));
                finding.culprits.push(culprit);
            }
            None => finding.advice.push(format!(
                "In this build {file} does not ask for {name} any more: ship it, or open the build that the report is from."
            )),
        }
        return;
    }
    if let Some(place) = asker {
        finding.culprits.push(Culprit {
            image: place.path.clone(),
            name: Some(name.to_owned()),
            certainty: Certainty::Certain,
            words: format!("dyld names {} as the file that asks.", case.told(&place.path)),
            chain: Vec::new(),
            fix: None,
        });
    }
    finding.advice.push(match case.origin(name) {
        _ if name.starts_with('@') => format!(
            "Copy {} into the bundle, or give the program an LC_RPATH that leads to it; `bundlewright why BUNDLE IMAGE {name}` shows every place.",
            leaf(name)
        ),
        origin if origin.is_outside() => {
            format!("Copy {} into the bundle and point the reference at the copy; `bundlewright fix` does both.", leaf(name))
        }
        _ => format!("Put {} where the reference leads, or change the reference.", leaf(name)),
    });
}

/// The repair of a culprit, or what the engine says where there is none.
pub fn advice(case: &Case<'_>, culprit: &Culprit) -> Option<String> {
    if let Some(fix) = &culprit.fix {
        return Some(format!("{} Do it with: {}", with_stop(&fix.words), fix.command));
    }
    advice_of(case.opened?, &culprit.image, culprit.name.as_deref()?)
}

fn system_library(case: &Case<'_>, message: &DyldMessage, name: &str) -> Finding {
    let os = case.report.os.as_deref().unwrap_or("That macOS");
    let asker = message.from.as_ref().map_or("Something".to_owned(), |place| case.told(&place.path));
    Finding {
        message: format!("{asker} asks for {name}, which {os} does not have: it came with a later release, or an earlier one was the last to have it."),
        advice: vec![
            "Raise LSMinimumSystemVersion to the macOS that has it, or link it weakly and test for it; `bundlewright map --minimum-system` says \
             which macOS each program needs."
                .to_owned(),
        ],
        culprits: of_system_rules(case),
        ..Finding::new(Rule::SystemTooOld, Severity::Error, name, format!("macOS has no {}", leaf(name)))
    }
}

fn of_system_rules(case: &Case<'_>) -> Vec<Culprit> {
    const RULES: [&str; 4] = [
        "minimum-system-too-low",
        "system-library-too-new",
        "system-library-removed",
        "libsystem-symbol-too-new",
    ];
    case.opened.map(|opened| of_rules(opened, &RULES, |_| true)).unwrap_or_default()
}

fn refused(case: &Case<'_>, message: &DyldMessage, refusal: Refusal, path: &str, why: &str) -> Finding {
    let name = leaf(path);
    let (rule, title, words, advice, rules): (_, _, _, _, &[&str]) = match refusal {
        Refusal::Signature(signature) => (
            Rule::SignatureRefused,
            format!("The signature of {name} was refused"),
            signature.words(),
            signature.advice(),
            &Signature::RULES,
        ),
        Refusal::Architecture => (
            Rule::WrongArchitecture,
            format!("{name} has no code for this processor"),
            "A process is of one architecture, and every library in it must have a slice for it; dyld does not go over to Rosetta for one library.",
            "Build or take the library for every architecture that the app has, or let the app run as the one that all of it has.",
            &["missing-architecture"],
        ),
        Refusal::Platform => (
            Rule::WrongArchitecture,
            format!("{name} is for another platform"),
            "dyld loads only what was built for the platform of the process.",
            "Take the library that was built for macOS.",
            &["foreign-platform"],
        ),
        Refusal::Sandbox => (
            Rule::Sandbox,
            format!("The sandbox kept {name} from being read"),
            "A sandboxed process may read its own bundle and what its entitlements allow.",
            "Move the library into the bundle.",
            &["library-outside-bundle", "missing-library"],
        ),
        Refusal::Format | Refusal::Absent => (
            Rule::FileRefused,
            format!("dyld refused {name}"),
            "dyld checks the format of every file it loads, more strictly with each SDK.",
            format_advice(why),
            &[
                "strict-format",
                "duplicate-rpath",
                "duplicate-reference",
                "uuid-missing",
                "reference-to-non-library",
                "broken-file",
            ],
        ),
    };
    let place = case.told(path);
    let asker = message
        .from
        .as_ref()
        .map(|from| format!("{} asks for it. ", case.short(&from.path)))
        .unwrap_or_default();
    let mut finding = Finding {
        message: format!("{asker}{place} was found and not taken: {why}. {words}"),
        advice: vec![advice.to_owned()],
        ..Finding::new(rule, Severity::Error, path, title)
    };
    let file = case.file(path, None);
    if let Some(opened) = case.opened {
        finding.culprits = of_rules(opened, rules, |id| {
            file.as_ref().is_none_or(|file| super::tie::bundled(id) == Some(file))
        });
        if finding.culprits.is_empty() {
            finding.culprits = of_rules(opened, rules, |_| true);
        }
        add_fix(&mut finding);
    }
    finding
}

fn add_fix(finding: &mut Finding) {
    let fix = finding.fix().map(|fix| format!("{} Do it with: {}", with_stop(&fix.words), fix.command));
    finding.advice.extend(fix);
}

fn with_stop(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

fn format_advice(why: &str) -> &'static str {
    if why.contains("duplicate LC_RPATH") {
        "Delete all but one of the equal LC_RPATH commands. dylibbundler -p leaves such behind: it makes every rpath the same; \
         `bundlewright fix --only duplicate-rpath` takes them out."
    } else if why.contains("LC_UUID") {
        "Link the file without -no_uuid."
    } else if why.contains("duplicate linked dylib") {
        "Link the library once; `bundlewright fix --only duplicate-reference` gives the second reference another spelling."
    } else {
        "Build the file again, and check it with `bundlewright check`."
    }
}

fn malformed(case: &Case<'_>, message: &DyldMessage, what: &str) -> Finding {
    let path = message.from.as_ref().map_or("", |place| place.path.as_str());
    let file = if path.is_empty() { "a file of the process".to_owned() } else { case.told(path) };
    let name = if path.is_empty() { "a file" } else { leaf(path) };
    let mut finding = Finding {
        message: format!(
            "dyld ended the process before it loaded anything: {file} has a {what}. Since macOS 15.4 libraries are checked for this, since 26 programs too."
        ),
        advice: vec![format_advice(what).to_owned()],
        ..Finding::new(Rule::FileRefused, Severity::Error, path, format!("dyld refused {name}: {what}"))
    };
    if !what.starts_with("duplicate") {
        finding.message = format!("dyld refused {file}: {what}.");
    }
    if let Some(opened) = case.opened {
        let rules =
            ["duplicate-rpath", "strict-format", "duplicate-reference", "uuid-missing", "no-libsystem"];
        let file = case.file(path, None);
        finding.culprits = of_rules(opened, &rules, |id| {
            file.as_ref().is_none_or(|file| super::tie::bundled(id) == Some(file))
        });
        add_fix(&mut finding);
    }
    finding
}

fn symbol(case: &Case<'_>, message: &DyldMessage, symbol: &str) -> Finding {
    let asker = message.from.as_ref().map_or("Something".to_owned(), |place| case.told(&place.path));
    let expected =
        message.expected_in.as_ref().map(|place| place.path.as_str()).filter(|path| path.starts_with('/'));
    let in_system = expected.is_some_and(is_system);
    let rule = if in_system { Rule::SystemTooOld } else { Rule::SymbolMissing };
    let mut text = match expected {
        Some(path) => format!("{asker} needs the symbol {symbol}, which {} does not have.", case.told(path)),
        None => format!("{asker} needs the symbol {symbol}, which no loaded library has."),
    };
    let advice = match expected.map(|path| case.origin(path)) {
        Some(Origin::System) => {
            "The app needs a later macOS: raise LSMinimumSystemVersion, or build for the older one (MACOSX_DEPLOYMENT_TARGET).".to_owned()
        }
        Some(origin) if origin.is_outside() => {
            text += &format!(" The library that was loaded is not the bundle's but from {}, in another version.", origin.words());
            "Copy the library that the app was built with into the bundle, so that no other is taken; `bundlewright fix` does it.".to_owned()
        }
        Some(_) => "Put the library into the bundle that the rest was built with: the two are of different versions.".to_owned(),
        None if message.expected_in.as_ref().is_some_and(|place| place.path == "unknown") => {
            text += " The library that should have it is linked weakly and is not there.";
            "Put that library into the bundle, or import the symbol weakly and test for it.".to_owned()
        }
        None => "Find the library that defines it with `bundlewright check`, and put it into the bundle.".to_owned(),
    };
    if let Some(built) = &message.built_for {
        text += &format!(" The file that asks was built for {built}, which is newer than that Mac's.");
    }
    let title = format!("The symbol {symbol} was not found");
    let mut finding = Finding {
        message: text,
        advice: vec![advice],
        ..Finding::new(rule, Severity::Error, expected.unwrap_or(symbol), title)
    };
    if let Some(opened) = case.opened {
        let rules = [
            "symbol-missing",
            "weak-library-strong-symbol",
            "libsystem-symbol-too-new",
            "flat-namespace-symbol",
        ];
        let file = message.from.as_ref().and_then(|place| case.file(&place.path, place.uuid.as_deref()));
        finding.culprits = of_rules(opened, &rules, |id| {
            file.as_ref().is_none_or(|file| super::tie::bundled(id) == Some(file))
        });
        if let Some(path) = expected.filter(|path| case.origin(path).is_outside()) {
            finding.culprits.extend(super::culprit::of_outsider(opened, path, None));
        }
        add_fix(&mut finding);
    }
    finding
}

/// What a program opened by name may be one that it can do without.
fn opened(case: &Case<'_>, message: &DyldMessage, path: &str) -> Option<Finding> {
    if let Some((refusal, place, why)) = objection(message) {
        let place = if place.is_empty() { path } else { place };
        return Some(refused(case, message, refusal, place, why));
    }
    let title = format!("{} could not be opened", leaf(path));
    Some(Finding {
        message: format!("The program asked for {} by name (dlopen), and it was not found.", case.told(path)),
        advice: vec![format!(
            "Put {} into the bundle where the program looks for it, unless it can do without.",
            leaf(path)
        )],
        certainty: Certainty::Likely,
        ..Finding::new(Rule::LibraryMissing, Severity::Warning, path, title)
    })
}

fn inserted(path: &str) -> Finding {
    Finding {
        message: format!(
            "DYLD_INSERT_LIBRARIES names {path}, which could not be loaded; dyld then ends the process. The variable comes from whoever started it, not from the bundle."
        ),
        advice: vec!["Start the app without DYLD_INSERT_LIBRARIES.".to_owned()],
        ..Finding::new(
            Rule::LibraryMissing,
            Severity::Warning,
            path,
            format!("The inserted {} was not loaded", leaf(path)),
        )
    }
}
