//! Crash reports of every format, held to the table in `tests/crash-reports/README.md`, and to the public samples where they are.
#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

use std::path::{Path, PathBuf};

use bundlewright::crash;
use bundlewright::progress::Progress;
use bundlewright::workflow::{Text, Triage, by_cause, read_report, triage_all};
use rayon::prelude::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash-reports")
}

/// The public samples, where somebody has them.
fn samples() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/crash-samples");
    let folders = [folder.clone(), folder.join("../../../shared/crash-samples")];
    folders.into_iter().find(|folder| folder.is_dir())
}

fn texts(folder: &Path) -> Vec<Text> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name != "README.md"));
    paths.sort();
    paths.iter().map(|path| read_report(path).expect("a report")).collect()
}

fn triage(text: Text) -> Vec<Triage> {
    triage_all(&[text], None, &Progress::silent()).expect("not cancelled")
}

/// The cells of the table for one report.
fn row(name: &str, triages: &[Triage]) -> String {
    let [triage] = triages else { return format!("{name} has {} reports", triages.len()) };
    let report = &triage.report;
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    let findings = triage.findings.iter().map(|one| format!("{} {}", one.severity, one.rule.id()));
    let duplicates = triage.duplicates.iter().map(|one| {
        let why = serde_json::to_string(&one.why).expect("a word");
        format!("{} {} {}", one.name, one.certainty.word(), why.trim_matches('"'))
    });
    let cells = [
        name.to_owned(),
        said(&report.process),
        said(&report.os),
        said(&report.arch),
        report.images.len().to_string(),
        findings.collect::<Vec<_>>().join(", "),
        duplicates.collect::<Vec<_>>().join(", "),
    ];
    cells.join(" | ")
}

#[test]
fn every_report_gives_what_the_table_says() {
    let table = std::fs::read_to_string(folder().join("README.md")).expect("the table");
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| file"));
    let expected: Vec<String> = rows
        .map(|row| row.trim_matches('|').split('|').map(str::trim).take(7).collect::<Vec<_>>().join(" | "))
        .collect();
    let found: Vec<String> = texts(&folder())
        .into_iter()
        .map(|text| {
            let name = text.name.clone();
            row(&name, &triage(text))
        })
        .collect();
    let differ: Vec<String> =
        expected.iter().filter(|row| !found.contains(row)).map(|row| format!("expected {row}")).collect();
    let new: Vec<String> =
        found.iter().filter(|row| !expected.contains(row)).map(|row| format!("found    {row}")).collect();
    assert!(differ.is_empty() && new.is_empty(), "{}\n{}", differ.join("\n"), new.join("\n"));
}

/// Reads `text` cut off at every `step`th letter, and at every one of the last.
fn cut_everywhere(text: &Text, step: usize) {
    let plain = crash::plain(&text.bytes);
    let cuts = (0..plain.len()).step_by(step).chain((0..plain.len()).rev().take(24));
    let cuts: Vec<usize> = cuts.filter(|cut| plain.is_char_boundary(*cut)).collect();
    cuts.par_iter().for_each(|cut| {
        assert!(!crash::read(&plain[..*cut]).is_empty(), "{} at {cut}", text.name);
    });
}

fn everything() -> Vec<Text> {
    let mut all = texts(&folder());
    all.extend(samples().iter().flat_map(|folder| texts(folder)).filter(|text| text.name != "README.md"));
    all
}

/// Reports are cut off anywhere: nothing panics, and something is always said. Long ones are cut at fewer places.
#[test]
fn the_beginnings_of_every_report_are_read() {
    everything().iter().for_each(|text| cut_everywhere(text, (text.bytes.len().pow(2) / 100_000).max(1)));
}

#[test]
#[ignore = "takes a minute: .ci/run runs it"]
fn every_beginning_of_every_report_is_read() {
    everything().iter().for_each(|text| cut_everywhere(text, 1));
}

#[test]
fn text_and_json_of_one_crash_give_equal_findings() {
    let of = |name: &str| triage(read_report(&folder().join(name)).expect("a report")).remove(0);
    let (text, json, both) = (of("pasted-fenced.md"), of("missing.ips"), of("both-forms.txt"));
    assert_eq!(text.findings[0].message, json.findings[0].message);
    assert_eq!(text.findings[0].message, both.findings[0].message);
    assert_eq!(text.story.sections[0], json.story.sections[0]);
    let Some(samples) = samples() else { return };
    let of = |name: &str| triage(read_report(&samples.join(name)).expect("a report")).remove(0);
    let (text, json) = (of("02-image-optimizer-libraw.crash.txt"), of("02b-image-optimizer-libraw.ips"));
    assert_eq!(
        (text.findings, text.duplicates, text.story, text.origins),
        (json.findings, json.duplicates, json.story, json.origins)
    );
}

/// What `../shared/crash-samples/README.md` says of each.
#[test]
fn the_public_samples_yield_what_is_known_of_them() {
    let Some(folder) = samples() else {
        eprintln!("not checked: the public samples are not here");
        return;
    };
    let duplicated: Vec<String> = texts(&folder)
        .into_iter()
        .filter_map(|text| {
            let name = text.name.clone();
            triage(text).iter().any(|one| !one.duplicates.is_empty()).then_some(name)
        })
        .collect();
    let numbers: Vec<&str> = duplicated.iter().map(|name| &name[..2]).collect();
    assert_eq!(numbers, ["01", "04", "06", "16", "24"]);
    let rules = |name: &str| -> Vec<String> {
        let text = texts(&folder).into_iter().find(|text| text.name.starts_with(name)).expect("the sample");
        let triages = triage(text);
        assert_eq!(triages.len(), 1, "{name}");
        let found = triages[0].findings.iter();
        found
            .map(|finding| {
                format!("{} {}", finding.rule.id(), finding.subject.rsplit('/').next().unwrap_or(""))
            })
            .collect()
    };
    assert_eq!(rules("02"), ["crash-library-missing libraw_r.25.dylib"]);
    assert_eq!(rules("08"), ["crash-library-missing QtGui"]);
    assert_eq!(rules("10"), ["crash-signature-refused Electron Framework"]);
    assert_eq!(rules("12"), ["crash-signature-refused QtWidgets", "crash-translocated qbittorrent.app"]);
    assert_eq!(rules("14"), ["crash-file-refused dune3d-bin"]);
    assert_eq!(rules("18"), ["crash-few-images Coati.app"]);
    assert_eq!(rules("20"), ["crash-few-images Brewtarget.app", "crash-from-disk-image Brewtarget.app"]);
    assert_eq!(rules("22"), ["crash-no-shared-cache "]);
    assert_eq!(rules("26"), ["crash-library-missing CatoNativeCore"]);
}

#[test]
fn several_reports_are_grouped_by_cause() {
    let names = ["pasted-fenced.md", "missing.ips", "era-12-quoted-names.crash", "redacted-users.crash"];
    let texts: Vec<Text> =
        names.iter().map(|name| read_report(&folder().join(name)).expect("a report")).collect();
    let triages = triage_all(&texts, None, &Progress::silent()).expect("not cancelled");
    let groups: Vec<(String, Vec<usize>)> =
        by_cause(&triages).into_iter().map(|group| (group.cause, group.members)).collect();
    let expected =
        [("libink.1.dylib was not found", vec![0, 1, 2]), ("libink.1.dylib is in memory twice", vec![3])];
    assert_eq!(groups, expected.map(|(cause, members)| (cause.to_owned(), members)));
}

/// Time in proportion to the text: what is hostile and long is over in a moment.
#[test]
fn long_texts_take_time_in_proportion() {
    let begun = std::time::Instant::now();
    let image = "0x1000 - 0x1fff libx.dylib (*) <14AD33D7-196F-32BB-91B6-598FA39EEF20> /Applications/F.app/Contents/libx.dylib\n";
    let lines = [
        "{\n".repeat(200_000),
        "{\"a\":[".repeat(200_000),
        "> ".repeat(200_000),
        "objc[1]: Class X is implemented in both\n".repeat(50_000),
        "Reason: tried: '/a' (\n".repeat(50_000),
        format!("Reason: tried: {}", "'/a' (no such file), ".repeat(50_000)),
        format!("Process: F [1]\nBinary Images:\n{}", image.repeat(20_000)),
        "Process: F [1]\n".repeat(20_000),
        "dyld[1]: Library not loaded: /x\ndyld[2]: Library not loaded: /y\n".repeat(10_000),
    ];
    for text in lines {
        let bytes = text.into_bytes();
        triage(Text { name: "long".to_owned(), bytes });
    }
    let limit = if cfg!(debug_assertions) { 30 } else { 3 };
    assert!(begun.elapsed().as_secs() < limit, "{:?}", begun.elapsed());
}
