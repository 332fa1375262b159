//! Crash reports, alone or tied to an inspected bundle.

use std::collections::BTreeMap;
use std::path::Path;

use super::Inspection;
use crate::crash;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::triage::{self, Opened, Rule};

pub use crate::triage::Triage;

/// Longer texts are not read whole: no report is, and a spindump of everything has some fifty megabytes.
pub const LARGEST: u64 = 512 << 20;

/// Reports with one cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The title of the finding that they share; empty when nothing was found.
    pub cause: String,
    /// Positions in the list of triages.
    pub members: Vec<usize>,
}

/// A text with its name.
pub struct Text {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Reads a report's file.
///
/// # Errors
/// [`Failure`] when it cannot be read or is too large to be a report.
pub fn read_report(path: &Path) -> Result<Text, Failure> {
    let length = std::fs::metadata(path).map_err(|error| Failure::io(path, "open", &error))?.len();
    if path.is_dir() {
        return Err(Failure::new(path, "is a folder, not a crash report", "name the .ips or .crash file"));
    }
    if length > LARGEST {
        return Err(Failure::new(path, "is too large for a crash report", "cut out the part about the app"));
    }
    let bytes = std::fs::read(path).map_err(|error| Failure::io(path, "read", &error))?;
    let name = path
        .file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    Ok(Text { name, bytes })
}

/// Everything that the texts report. Of a text about many processes, as a spindump is, those of macOS itself are left out.
///
/// # Errors
/// [`Failure::Cancelled`].
pub fn triage_all(
    texts: &[Text],
    bundle: Option<(&Inspection, &str)>,
    progress: &Progress,
) -> Result<Vec<Triage>, Failure> {
    let opened = bundle.map(|(inspection, shown)| Opened {
        shown: shown.to_owned(),
        bundle: &inspection.bundle,
        build: &inspection.build,
        clean: &inspection.clean,
        findings: &inspection.findings,
    });
    let mut all = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        progress.step("reading", &text.name, at as u64, texts.len() as u64)?;
        let reports = crash::read(&crash::plain(&text.bytes));
        let several = reports.len() > 1;
        let triages = reports.into_iter().map(|report| triage::triage(&text.name, report, opened.as_ref()));
        let mut triages: Vec<Triage> = triages.collect();
        if several && triages.iter().any(|one| !is_of_macos(one)) {
            triages.retain(|one| !is_of_macos(one));
        }
        all.extend(triages);
    }
    Ok(all)
}

/// Whether it shows a process of macOS with nothing in it that is not.
fn is_of_macos(triage: &Triage) -> bool {
    triage.app.is_none()
        && !triage.report.images.is_empty()
        && triage.origins.iter().all(|origin| !origin.is_outside())
        && triage
            .report
            .path
            .as_deref()
            .is_none_or(|path| triage::Origin::of(path, None) == triage::Origin::System)
}

/// Reports of one cause together, the largest group first.
pub fn by_cause(triages: &[Triage]) -> Vec<Group> {
    let mut groups: BTreeMap<(Rule, String), Vec<usize>> = BTreeMap::new();
    for (at, triage) in triages.iter().enumerate() {
        groups.entry(triage.cause()).or_default().push(at);
    }
    let mut groups: Vec<Group> =
        groups.into_iter().map(|((_, cause), members)| Group { cause, members }).collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.members.len()), group.members.first().copied()));
    groups
}
