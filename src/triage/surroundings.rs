//! Circumstances: where the app was run from, under what, and how much the report shows.

use super::finding::{Certainty, Finding, Rule};
use super::library_findings::next_step;
use super::place::leaf;
use super::{Case, Verdict};
use crate::crash::{Format, Source};
use crate::diagnose::Severity;

/// Fewer images than any process with a window has: a report of its backtraces alone.
const FEW: usize = 12;

pub fn findings(case: &Case<'_>, known: &[Finding]) -> Vec<Finding> {
    let all = [translocated(case), disk_image(case), rosetta(case), toolkit(case, known), other_build(case)];
    let mut findings: Vec<Finding> = all.into_iter().flatten().collect();
    findings.extend(few_images(case, known));
    findings
}

/// The paths that say where the app was: its own, and what dyld tried in it.
fn own_path<'a>(case: &Case<'a>) -> Option<&'a str> {
    case.report.path.as_deref().or(case.app)
}

fn translocated(case: &Case<'_>) -> Option<Finding> {
    let tried = case.report.dyld.iter().flat_map(|message| &message.tried).map(|one| one.path.as_str());
    let path = own_path(case).into_iter().chain(tried).find(|path| path.contains("/AppTranslocation/"))?;
    let app = case.app.map_or(leaf(path), leaf);
    Some(Finding {
        message: format!(
            "macOS ran {app} from a random read-only folder, because it was downloaded and not moved by hand since (App Translocation). That is no packaging fault; but whatever leads out of the bundle by a relative path fails there."
        ),
        advice: vec![format!(
            "Have {app} moved to /Applications in the Finder, or take the mark off: xattr -dr com.apple.quarantine {app}"
        )],
        ..Finding::new(Rule::Translocated, Severity::Info, path, "The app ran translocated")
    })
}

fn disk_image(case: &Case<'_>) -> Option<Finding> {
    let path = own_path(case).filter(|path| path.starts_with("/Volumes/"))?;
    let root = case.app.unwrap_or(path);
    let app = leaf(root);
    // Directly on the volume, as in a disk image; elsewhere it may be any disk.
    let top = root.split('/').count() == 4;
    Some(Finding {
        message: format!(
            "{app} was run from a mounted volume ({root}), most likely straight from its disk image. That is no packaging fault; but absolute paths into /Applications fail there."
        ),
        advice: vec![format!("Have {app} copied to /Applications to rule it out.")],
        certainty: if top { Certainty::Likely } else { Certainty::Possible },
        ..Finding::new(Rule::DiskImage, Severity::Info, path, "The app ran from a mounted volume")
    })
}

fn rosetta(case: &Case<'_>) -> Option<Finding> {
    let report = case.report;
    report.translated.then(|| Finding {
        message: "The Mac has an Apple processor and ran the Intel code of the app. Every library must then have x86_64 code; what is only there for arm64 is refused.".to_owned(),
        advice: vec!["Look whether the app has arm64 code at all (`bundlewright map --architectures`), and whether \"Open using Rosetta\" is set.".to_owned()],
        ..Finding::new(Rule::Rosetta, Severity::Info, report.path.clone().unwrap_or_default(), "The app ran under Rosetta")
    })
}

/// What toolkits print when they are there twice, where no list of images shows it.
fn toolkit(case: &Case<'_>, known: &[Finding]) -> Option<Finding> {
    let says_twice = |line: &&String| {
        [
            "two sets of Qt",
            "different thread",
            "moveToThread",
            "register existing type",
            "quark > 0",
            "multiple copies",
        ]
        .iter()
        .any(|word| line.contains(word))
    };
    let line = case.report.hints.iter().find(says_twice)?;
    if known.iter().any(|finding| finding.rule == Rule::DuplicateLibrary) {
        return None;
    }
    Some(Finding {
        message: format!(
            "The toolkit complained: \"{line}\" — which it does when two copies of it are in one process. The report does not show which."
        ),
        advice: vec![
            next_step(case),
            "Or have the app started with DYLD_PRINT_LIBRARIES=1 and read what it prints.".to_owned(),
        ],
        certainty: Certainty::Possible,
        ..Finding::new(
            Rule::ToolkitTwice,
            Severity::Warning,
            case.app.unwrap_or(""),
            "A toolkit seems to be in memory twice",
        )
    })
}

fn other_build(case: &Case<'_>) -> Option<Finding> {
    let tie = case.tie?;
    let title = match tie.verdict {
        Verdict::Other => format!("The report is not from this build of {}", tie.bundle),
        Verdict::Partly => format!("The report is only partly from this build of {}", tie.bundle),
        Verdict::Same | Verdict::Unknown => return None,
    };
    Some(Finding {
        message: tie.words.clone(),
        advice: vec![
            "Open the build that the report is from: what is said of this one may not hold for that."
                .to_owned(),
        ],
        ..Finding::new(Rule::OtherBuild, Severity::Warning, tie.bundle.clone(), title)
    })
}

/// Many reports list only the images of their backtraces: that none of them is there twice proves nothing then.
fn few_images(case: &Case<'_>, known: &[Finding]) -> Option<Finding> {
    let report = case.report;
    let listed = report.images.iter().filter(|image| image.source != Source::Named).count();
    let explained = known.iter().any(|finding| finding.severity != Severity::Info);
    if explained || report.format == Format::Log || listed >= FEW {
        return None;
    }
    let how_many = match listed {
        0 => "no images".to_owned(),
        1 => "one image".to_owned(),
        many => format!("{many} images only"),
    };
    let advice = "Have the app started with DYLD_PRINT_LIBRARIES=1 (not with the hardened runtime), or take the output of sample: both list every image.";
    Some(Finding {
        message: format!(
            "The report lists {how_many}. That nothing is there twice among them proves nothing."
        ),
        advice: vec![advice.to_owned()],
        ..Finding::new(Rule::FewImages, Severity::Info, case.app.unwrap_or(""), "The report shows few images")
    })
}
