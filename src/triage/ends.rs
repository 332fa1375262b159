//! How the process ended, where dyld itself said nothing.

use super::culprit::of_rules;
use super::finding::{Finding, Rule};
use super::place::leaf;
use super::refusal::Signature;
use super::{Case, Origin};
use crate::diagnose::Severity;

/// Findings of the end alone; `known` are those of dyld's messages.
pub fn findings(case: &Case<'_>, known: &[Finding]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !known.iter().any(|finding| finding.rule == Rule::SignatureRefused) {
        findings.extend(killed_for_signature(case));
    }
    if known.is_empty() && findings.is_empty() {
        findings.extend(dyld_alone(case));
    }
    findings
}

/// The kernel kills a process for its signature (`CODESIGNING_EXIT_REASON_…` in XNU's `sys/reason.h`).
fn killed_for_signature(case: &Case<'_>) -> Option<Finding> {
    let report = case.report;
    let end = report.termination.as_ref().filter(|end| end.namespace == "CODESIGNING");
    let signal = report.exception.as_ref().and_then(|exception| exception.signal.as_deref());
    let by_signal = signal.is_some_and(|signal| signal.contains("Code Signature Invalid"));
    if end.is_none() && !by_signal {
        return None;
    }
    let (why, signature) = match end.and_then(|end| end.code) {
        Some(1) => ("The program's signature was not accepted when it was started.", Signature::Refused),
        Some(4) => {
            ("A launch constraint in the signature forbids to start it in this way.", Signature::Refused)
        }
        _ => (
            "A page of code did not have the hash that was signed: the file was changed after signing, or replaced while it ran.",
            Signature::Damaged,
        ),
    };
    let frame = report.crashed.iter().find_map(|frame| report.images.get(frame.index?));
    let page =
        frame.and_then(|image| image.path.as_deref()).filter(|path| case.origin(path) != Origin::System);
    let subject = page.or(report.path.as_deref()).unwrap_or("");
    let mut finding = Finding {
        message: format!("The kernel killed the process. {why}"),
        advice: vec![signature.advice().to_owned()],
        ..Finding::new(
            Rule::SignatureRefused,
            Severity::Error,
            subject,
            "The process was killed for its signature",
        )
    };
    if let Some(opened) = case.opened {
        finding.culprits = of_rules(opened, &Signature::RULES, |_| true);
        let fix = finding
            .fix()
            .map(|fix| format!("{}. Do it with: {}", fix.words.trim_end_matches('.'), fix.command));
        finding.advice.extend(fix);
    }
    Some(finding)
}

/// dyld ended the process and the report does not say over what (`DYLD_EXIT_REASON_…` in `mach-o/dyld_priv.h`).
fn dyld_alone(case: &Case<'_>) -> Option<Finding> {
    let end = case.report.termination.as_ref().filter(|end| end.namespace == "DYLD")?;
    let what = match end.code {
        Some(1) => "a library was missing",
        Some(2) => "a library had no code for the processor",
        Some(3) => "a library had the wrong version",
        Some(4) => "a symbol was missing",
        Some(5) => "a signature was refused",
        Some(6) => "the sandbox kept it from a file",
        Some(7) => "a file was malformed",
        _ => "of something that the report does not name",
    };
    let rule = match end.code {
        Some(2) => Rule::WrongArchitecture,
        Some(4) => Rule::SymbolMissing,
        Some(5) => Rule::SignatureRefused,
        Some(6) => Rule::Sandbox,
        Some(7) => Rule::FileRefused,
        _ => Rule::LibraryMissing,
    };
    Some(Finding {
        message: format!("dyld ended the process at launch because {what}. The lines that name it are not in the report."),
        advice: vec![match case.opened {
            Some(opened) => format!("`bundlewright launch {}` shows what dyld would print.", super::culprit::quoted(&opened.shown)),
            None => "Ask for the whole report, or open the bundle: `bundlewright launch` shows what dyld would print.".to_owned(),
        }],
        ..Finding::new(rule, Severity::Error, case.report.path.as_deref().unwrap_or(""), format!("dyld ended the launch: {what}"))
    })
}

/// "The app crashed (EXC_BAD_ACCESS, SIGSEGV) in QtCore, in QObject::moveToThread(QThread*)."
pub fn sentence(case: &Case<'_>) -> Option<String> {
    let report = case.report;
    let who = report.process.as_deref().unwrap_or("The process");
    let at_launch = report.termination.as_ref().is_some_and(|end| end.namespace == "DYLD");
    let Some(exception) = &report.exception else {
        let end = report.termination.as_ref()?;
        let code = end.code.map(|code| format!(", code {code}")).unwrap_or_default();
        let words = end.message.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
        return Some(format!("{who} was ended ({}{code}{words}).", end.namespace));
    };
    let signal = exception.signal.as_ref().map(|signal| format!(", {signal}")).unwrap_or_default();
    if at_launch {
        return Some(format!("dyld ended {who} at launch ({}{signal}).", exception.kind));
    }
    let frame = report.crashed.iter().find(|frame| {
        let path = frame.index.and_then(|at| report.images.get(at)?.path.as_deref());
        path.is_some_and(|path| case.origin(path) != Origin::System)
    });
    let place = frame.map(|frame| {
        let name = frame
            .index
            .and_then(|at| report.images.get(at))
            .map_or(leaf(&frame.image), |image| image.name.as_str());
        match &frame.symbol {
            Some(symbol) => format!(" in {name}, in {symbol}"),
            None => format!(" in {name}"),
        }
    });
    let detail = exception.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    Some(format!("{who} crashed ({}{signal}{detail}){}.", exception.kind, place.unwrap_or_default()))
}
