//! Crash reports, alone or tied to an inspected bundle.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Inspection, reconsider};
use crate::crash::{self, CrashReport};
use crate::dyld::{Conditions, OsProfile};
use crate::failure::Failure;
use crate::macho::PackedVersion;
use crate::paths::RuntimePath;
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

/// A bundle that reports are tied to.
#[derive(Clone, Copy)]
pub struct Tied<'a> {
    pub inspection: &'a Inspection,
    /// As the user named it.
    pub shown: &'a str,
    /// Looks at the bundle as the macOS of each report would load it, and not as that of the inspection.
    pub as_reported: bool,
}

impl Tied<'_> {
    /// The inspection as the macOS of the report would have it. `by_os` keeps what was worked out.
    fn as_on(
        &self,
        report: &CrashReport,
        by_os: &mut BTreeMap<OsProfile, Inspection>,
        progress: &Progress,
    ) -> Result<Inspection, Failure> {
        let now = &self.inspection.options.conditions;
        let version = report.os.as_deref().and_then(release).filter(|_| self.as_reported);
        let Some(os) = version.map(OsProfile::of_release).filter(|os| *os != now.os) else {
            return Ok(self.inspection.clone());
        };
        if let Some(known) = by_os.get(&os) {
            return Ok(known.clone());
        }
        let there = reconsider(self.inspection, &Conditions { os, ..now.clone() }, progress)?;
        Ok(by_os.entry(os).or_insert(there).clone())
    }

    fn opened<'o>(&self, inspection: &'o Inspection) -> Opened<'o> {
        Opened {
            shown: self.shown.to_owned(),
            options: roots(inspection),
            bundle: &inspection.bundle,
            build: &inspection.build,
            clean: &inspection.clean,
            findings: &inspection.findings,
        }
    }
}

/// The version in "macOS 14.7 (23H124)".
fn release(os: &str) -> Option<PackedVersion> {
    os.split_whitespace().find_map(PackedVersion::parse)
}

/// Everything that the texts report. Of a text about many processes, as a spindump is, those of macOS itself are left out.
///
/// # Errors
/// [`Failure::Cancelled`].
pub fn triage_all(
    texts: &[Text],
    bundle: Option<Tied<'_>>,
    progress: &Progress,
) -> Result<Vec<Triage>, Failure> {
    let mut all = Vec::new();
    let mut by_os = BTreeMap::new();
    for (at, text) in texts.iter().enumerate() {
        progress.step("reading", &text.name, at as u64, texts.len() as u64)?;
        let reports = crash::read(&crash::plain(&text.bytes));
        let several = reports.len() > 1;
        let mut triages = Vec::new();
        for report in reports {
            let tied = bundle.map(|bundle| bundle.as_on(&report, &mut by_os, progress)).transpose()?;
            let opened = tied.as_ref().zip(bundle).map(|(inspection, bundle)| bundle.opened(inspection));
            triages.push(triage::triage(&text.name, report, opened.as_ref()));
        }
        if several && triages.iter().any(|one| !is_of_macos(one)) {
            triages.retain(|one| !is_of_macos(one));
        }
        all.extend(triages);
    }
    Ok(all)
}

/// The search roots as arguments.
fn roots(inspection: &Inspection) -> String {
    let roots = inspection.options.roots.roots.iter();
    let argument = |(from, to): &(RuntimePath, PathBuf)| triage::quoted(&format!("{from}={}", to.display()));
    roots.map(|root| format!(" --root {}", argument(root))).collect()
}

/// Whether it shows a process of macOS with nothing in it that is not.
fn is_of_macos(triage: &Triage) -> bool {
    let own = triage.report.path.as_deref().map(|path| triage::Origin::of(path, None));
    own == Some(triage::Origin::System) && triage.origins.iter().all(|origin| !origin.is_outside())
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

/// Markdown of the first report of each cause.
pub fn markdown(triages: &[Triage], groups: &[Group]) -> String {
    let first = |group: &Group| group.members.first().and_then(|at| triages.get(*at));
    let mut out = String::new();
    for (at, group) in groups.iter().enumerate() {
        let Some(triage) = first(group) else { continue };
        if at > 0 {
            out.push_str("\n---\n\n");
        }
        if group.members.len() > 1 {
            out.push_str(&format!("{} reports have this cause.\n\n", group.members.len()));
        }
        out.push_str(&triage::markdown(triage));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{Written, written};
    use crate::triage::{Certainty, FixChoice, Verdict};
    use crate::workflow::{InspectOptions, inspect};

    /// The app of the article about Craft: the program uses the bare binary of a framework, a plug-in still the framework of the
    /// build tree.
    const CRAFT: &str = "Contents/Info.plist plist\n  key CFBundleExecutable kdeconnect-indicator\n\
        Contents/MacOS/kdeconnect-indicator execute x86_64\n  use @executable_path/../Frameworks/qca-qt5\n  use /usr/lib/libSystem.B.dylib\n\
        Contents/Frameworks/qca-qt5 dylib x86_64 uuid=14AD33D7-196F-32BB-91B6-598FA39EEF20\n  id @executable_path/../Frameworks/qca-qt5\n  use /usr/lib/libSystem.B.dylib\n\
        Contents/PlugIns/crypto/libqca-ossl.dylib dylib x86_64\n  id libqca-ossl.dylib\n  \
        use /Users/craft/CraftRoot/lib/qca-qt5.framework/Versions/2.2.0/qca-qt5\n  use /usr/lib/libSystem.B.dylib\n";
    const MACHINE: &str = "/Users/craft/CraftRoot/lib/qca-qt5.framework/Versions/2.2.0/qca-qt5 dylib x86_64 uuid=14AD33D7-196F-32BB-91B6-598FA39EEF20\n  \
        id /Users/craft/CraftRoot/lib/qca-qt5.framework/Versions/2.2.0/qca-qt5\n  use /usr/lib/libSystem.B.dylib\n";
    const REPORT: &str = "Process:               kdeconnect-indicator [2671]\n\
        Path:                  /Volumes/*/kdeconnect-indicator.app/Contents/MacOS/kdeconnect-indicator\n\
        OS Version:            Mac OS X 10.14.5 (18F132)\n\nBinary Images:\n\
        0x10f1e2000 - 0x10f2a1fff +qca-qt5 (0) <14AD33D7-196F-32BB-91B6-598FA39EEF20> /Volumes/*/kdeconnect-indicator.app/Contents/Frameworks/qca-qt5\n\
        0x112a04000 - 0x112ac3fff + (??? - ???) <14AD33D7-196F-32BB-91B6-598FA39EEF20> /Users/USER/*/qca-qt5.framework/Versions/2.2.0/qca-qt5\n";

    fn tied(written: &Written, report: &str) -> Triage {
        let options = InspectOptions::new(written.roots.clone());
        let inspection = inspect(&written.app, &options, &Progress::silent()).expect("a bundle");
        let text = Text { name: "r.crash".to_owned(), bytes: report.as_bytes().to_vec() };
        let tied = Tied { inspection: &inspection, shown: "App.app", as_reported: true };
        triage_all(&[text], Some(tied), &Progress::silent()).expect("not cancelled").remove(0)
    }

    #[test]
    fn the_plug_in_that_pulled_the_second_copy_in_is_named_with_its_load_command() {
        for (machine, sure) in [(MACHINE, Certainty::Certain), ("", Certainty::Likely)] {
            let found = tied(&written(&format!("{CRAFT}{machine}")), REPORT);
            let culprit = &found.findings[0].culprits[0];
            assert_eq!(culprit.image, "Contents/PlugIns/crypto/libqca-ossl.dylib");
            assert_eq!(
                culprit.words,
                "Contents/PlugIns/crypto/libqca-ossl.dylib asks for it: its LC_LOAD_DYLIB says \
                 /Users/craft/CraftRoot/lib/qca-qt5.framework/Versions/2.2.0/qca-qt5."
            );
            assert_eq!(culprit.certainty, sure);
            let chain: Vec<&str> = culprit.chain.iter().map(|hop| hop.name.as_str()).collect();
            assert_eq!(chain, ["kdeconnect-indicator", "libqca-ossl.dylib", "qca-qt5"]);
            let fix = culprit.fix.as_ref().expect("a repair");
            assert!(
                matches!(&fix.choice, FixChoice::Reference { image, .. } if image.as_str() == culprit.image)
            );
            assert!(
                fix.command.starts_with("bundlewright fix App.app --reference Contents/PlugIns/"),
                "{}",
                fix.command
            );
            let tie = found.tie.as_ref().expect("a tie");
            assert_eq!((tie.verdict, tie.same), (Verdict::Same, 1));
            assert!(found.story.sections.iter().any(|section| section.lines.contains(&culprit.words)));
            let own = ["kdeconnect-indicator", "qca-qt5"].map(str::to_owned).to_vec();
            assert_eq!(ways(&found), [own, chain.iter().map(|name| (*name).to_owned()).collect()]);
        }
    }

    /// The boxes of the story, by name.
    fn ways(triage: &Triage) -> Vec<Vec<String>> {
        let names = |chain: &Vec<triage::Hop>| chain.iter().map(|hop| hop.name.clone()).collect();
        triage.story.sections.iter().flat_map(|section| section.chains.iter().map(names)).collect()
    }

    #[test]
    fn without_a_bundle_the_story_shows_what_the_report_does() {
        let text = |text: &str| Text { name: "r.crash".to_owned(), bytes: text.as_bytes().to_vec() };
        let missing = "dyld[1]: Library not loaded: @rpath/libx.dylib\n  Referenced from: <14AD33D7-196F-32BB-91B6-598FA39EEF20> /Applications/A.app/Contents/Frameworks/liba.dylib\n  Reason: tried: '/usr/local/lib/libx.dylib' (no such file)\n";
        let all =
            triage_all(&[text(REPORT), text(missing)], None, &Progress::silent()).expect("not cancelled");
        assert_eq!(ways(&all[0]), [["qca-qt5"], ["qca-qt5"]]);
        assert_eq!(ways(&all[1]), [["liba.dylib", "libx.dylib"]]);
        let copies: Vec<_> =
            all[0].story.sections.iter().flat_map(|section| &section.chains).flatten().collect();
        assert_eq!(copies.iter().map(|hop| all[0].image_of(hop)).collect::<Vec<_>>(), [Some(0), Some(1)]);
        assert_eq!(all[0].short(0), "Contents/Frameworks/qca-qt5");
    }

    #[test]
    fn another_build_is_told_from_this_one() {
        let found = tied(&written(CRAFT), &REPORT.replace("14AD33D7", "24AD33D7"));
        assert_eq!(found.tie.as_ref().map(|tie| tie.verdict), Some(Verdict::Other));
        assert!(found.findings.iter().any(|finding| finding.rule == Rule::OtherBuild));
        let without = REPORT.replace("<14AD33D7-196F-32BB-91B6-598FA39EEF20> ", "");
        let found = tied(&written(CRAFT), &without);
        assert_eq!(found.tie.as_ref().map(|tie| (tie.verdict, tie.unknown)), Some((Verdict::Unknown, 1)));
    }

    #[test]
    fn a_missing_library_leads_to_the_reference_or_says_that_it_is_gone() {
        let app = "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute\n  use @executable_path/../Frameworks/liba.dylib\n\
            Contents/Frameworks/liba.dylib dylib uuid=14AD33D7-196F-32BB-91B6-598FA39EEF20\n  id @rpath/liba.dylib\n  use /opt/homebrew/opt/ink/lib/libink.dylib\n\
            /opt/homebrew/opt/ink/lib/libink.dylib dylib\n  id /opt/homebrew/opt/ink/lib/libink.dylib\n";
        let log = |name: &str| {
            format!(
                "dyld[1]: Library not loaded: {name}\n  Referenced from: <14AD33D7-196F-32BB-91B6-598FA39EEF20> /Users/USER/*/App.app/Contents/Frameworks/liba.dylib\n  Reason: tried: '{name}' (no such file)\n"
            )
        };
        let found = tied(&written(app), &log("/opt/homebrew/opt/ink/lib/libink.dylib"));
        let culprit = &found.findings[0].culprits[0];
        assert_eq!(culprit.image, "Contents/Frameworks/liba.dylib");
        let chain: Vec<&str> = culprit.chain.iter().map(|hop| hop.name.as_str()).collect();
        assert_eq!(chain, ["App", "liba.dylib", "libink.dylib"]);
        assert!(culprit.fix.is_some());
        let gone = tied(&written(app), &log("/opt/homebrew/opt/other/lib/libother.dylib"));
        assert!(
            gone.findings[0].advice[0]
                .starts_with("In this build Contents/Frameworks/liba.dylib does not ask for")
        );
    }
}
