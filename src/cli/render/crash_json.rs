//! `crash --json`.

use serde::Serialize;

use super::SCHEMA;
use crate::crash::LoadedImage;
use crate::diagnose::Severity;
use crate::triage::{self, Certainty, Culprit, Duplicate, FixChoice, Origin, Rule, Why};
use crate::workflow::{Group, Triage};

#[derive(Serialize)]
pub struct CrashJson<'a> {
    schema: u32,
    #[serde(flatten)]
    report: ReportJson<'a>,
}

#[derive(Serialize)]
pub struct SeveralJson<'a> {
    schema: u32,
    reports: Vec<ReportJson<'a>>,
    groups: Vec<GroupJson<'a>>,
}

#[derive(Serialize)]
struct GroupJson<'a> {
    cause: &'a str,
    reports: &'a [usize],
}

#[derive(Serialize)]
struct ReportJson<'a> {
    report: &'a str,
    process: Option<&'a str>,
    pid: Option<u32>,
    path: Option<&'a str>,
    identifier: Option<&'a str>,
    version: Option<&'a str>,
    os: Option<&'a str>,
    arch: Option<&'a str>,
    translated: bool,
    date: Option<&'a str>,
    exception: Option<ExceptionJson<'a>>,
    termination: Option<TerminationJson<'a>>,
    images: Vec<ImageJson<'a>>,
    findings: Vec<FindingJson<'a>>,
    duplicates: Vec<DuplicateJson<'a>>,
    bundle: Option<TieJson<'a>>,
    story: Vec<SectionJson<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct ExceptionJson<'a> {
    kind: &'a str,
    signal: Option<&'a str>,
}

#[derive(Serialize)]
struct TerminationJson<'a> {
    namespace: &'a str,
    code: Option<u64>,
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct ImageJson<'a> {
    path: Option<&'a str>,
    name: &'a str,
    uuid: Option<&'a str>,
    origin: Origin,
    version: Option<&'a str>,
    base: Option<u64>,
    size: Option<u64>,
    /// Line of the report.
    line: Option<u32>,
    /// The opened bundle's file.
    file: Option<&'a str>,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    rule: &'static str,
    severity: Severity,
    certainty: Certainty,
    subject: &'a str,
    arch: Option<&'a str>,
    title: &'a str,
    message: &'a str,
    advice: &'a [String],
    fixable: bool,
    images: &'a [usize],
    culprits: Vec<CulpritJson<'a>>,
}

#[derive(Serialize)]
struct CulpritJson<'a> {
    image: &'a str,
    name: Option<&'a str>,
    certainty: Certainty,
    message: &'a str,
    chain: Vec<HopJson<'a>>,
    fix: Option<FixJson<'a>>,
}

#[derive(Serialize)]
struct HopJson<'a> {
    name: &'a str,
    path: &'a str,
    origin: Origin,
    link: &'a str,
}

#[derive(Serialize)]
struct FixJson<'a> {
    command: &'a str,
    rule: Option<&'a str>,
}

#[derive(Serialize)]
struct DuplicateJson<'a> {
    name: &'a str,
    certainty: Certainty,
    why: Why,
    images: &'a [usize],
    classes: usize,
    pulled_in_by: Vec<&'a str>,
}

#[derive(Serialize)]
struct TieJson<'a> {
    name: &'a str,
    this_build: &'static str,
    same: usize,
    other: usize,
    unknown: usize,
    absent: usize,
    message: &'a str,
}

#[derive(Serialize)]
struct SectionJson<'a> {
    title: &'static str,
    lines: &'a [String],
}

impl<'a> CrashJson<'a> {
    pub fn new(triage: &'a Triage) -> Self {
        CrashJson { schema: SCHEMA, report: report(triage) }
    }
}

impl<'a> SeveralJson<'a> {
    pub fn new(triages: &'a [Triage], groups: &'a [Group]) -> Self {
        let groups = groups.iter().map(|group| GroupJson { cause: &group.cause, reports: &group.members });
        SeveralJson {
            schema: SCHEMA,
            reports: triages.iter().map(report).collect(),
            groups: groups.collect(),
        }
    }
}

fn report(triage: &Triage) -> ReportJson<'_> {
    let report = &triage.report;
    ReportJson {
        report: &triage.name,
        process: report.process.as_deref(),
        pid: report.pid,
        path: report.path.as_deref(),
        identifier: report.identifier.as_deref(),
        version: report.version.as_deref(),
        os: report.os.as_deref(),
        arch: report.arch.as_deref(),
        translated: report.translated,
        date: report.date.as_deref(),
        exception: report
            .exception
            .as_ref()
            .map(|one| ExceptionJson { kind: &one.kind, signal: one.signal.as_deref() }),
        termination: report.termination.as_ref().map(|end| TerminationJson {
            namespace: &end.namespace,
            code: end.code,
            message: end.message.as_deref(),
        }),
        images: report.images.iter().enumerate().map(|(at, one)| image(triage, at, one)).collect(),
        findings: triage.findings.iter().map(|one| finding(one, report.arch.as_deref())).collect(),
        duplicates: triage.duplicates.iter().map(|one| duplicate(triage, one)).collect(),
        bundle: triage.tie.as_ref().map(tie),
        story: triage
            .story
            .sections
            .iter()
            .map(|one| SectionJson { title: one.kind.title(), lines: &one.lines })
            .collect(),
        notes: &report.notes,
    }
}

fn image<'a>(triage: &'a Triage, at: usize, image: &'a LoadedImage) -> ImageJson<'a> {
    ImageJson {
        path: image.path.as_deref(),
        name: &image.name,
        uuid: image.uuid.as_deref(),
        origin: triage.origins.get(at).copied().unwrap_or(Origin::Unknown),
        version: image.version.as_deref(),
        base: image.base,
        size: image.size,
        line: image.line,
        file: triage.tie.as_ref().and_then(|tie| tie.files.get(at)?.as_ref()).map(|file| file.as_str()),
    }
}

fn finding<'a>(finding: &'a triage::Finding, arch: Option<&'a str>) -> FindingJson<'a> {
    FindingJson {
        rule: finding.rule.id(),
        severity: finding.severity,
        certainty: finding.certainty,
        subject: &finding.subject,
        arch,
        title: &finding.title,
        message: &finding.message,
        advice: &finding.advice,
        fixable: finding.fix().is_some(),
        images: &finding.images,
        culprits: finding.culprits.iter().map(culprit).collect(),
    }
}

fn culprit(culprit: &Culprit) -> CulpritJson<'_> {
    CulpritJson {
        image: &culprit.image,
        name: culprit.name.as_deref(),
        certainty: culprit.certainty,
        message: &culprit.words,
        chain: culprit
            .chain
            .iter()
            .map(|hop| HopJson { name: &hop.name, path: &hop.path, origin: hop.origin, link: &hop.link })
            .collect(),
        fix: culprit.fix.as_ref().map(|fix| FixJson {
            command: &fix.command,
            rule: match &fix.choice {
                FixChoice::Rule(rule) => Some(rule),
                FixChoice::Reference { .. } => None,
            },
        }),
    }
}

fn duplicate<'a>(triage: &'a Triage, duplicate: &'a Duplicate) -> DuplicateJson<'a> {
    let told = triage.findings.iter().filter(|finding| finding.rule == Rule::DuplicateLibrary);
    let told = told.filter(|finding| finding.images == duplicate.images);
    let asking = told.flat_map(|finding| &finding.culprits).filter(|culprit| culprit.name.is_some());
    let mut pulled_in_by: Vec<&str> = asking.map(|culprit| culprit.image.as_str()).collect();
    pulled_in_by.dedup();
    DuplicateJson {
        name: &duplicate.name,
        certainty: duplicate.certainty,
        why: duplicate.why,
        images: &duplicate.images,
        classes: duplicate.classes,
        pulled_in_by,
    }
}

fn tie(tie: &triage::Tie) -> TieJson<'_> {
    TieJson {
        name: &tie.bundle,
        this_build: tie.verdict.word(),
        same: tie.same,
        other: tie.other,
        unknown: tie.unknown,
        absent: tie.absent,
        message: &tie.words,
    }
}
