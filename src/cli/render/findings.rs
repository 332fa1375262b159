//! Findings as text: most severe first, each with its subject, its message and whether `fix` mends it.

use clap::builder::styling::Style;

use super::{BAD, CAREFUL, FAINT, GOOD, Page, STRONG, count};
use crate::diagnose::{Finding, Severity};

const GROUPS: [(Severity, &str, Style); 3] = [
    (Severity::Error, "error", BAD),
    (Severity::Warning, "warning", CAREFUL),
    (Severity::Info, "note", STRONG),
];

pub fn findings(page: &mut Page, findings: &[Finding]) {
    for (severity, word, style) in GROUPS {
        let group: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == severity).collect();
        if group.is_empty() {
            continue;
        }
        if findings.iter().any(|finding| finding.severity < severity) {
            page.end();
        }
        page.paint(style, count(group.len(), word)).end();
        for finding in group {
            one(page, style, finding);
        }
    }
}

fn one(page: &mut Page, style: Style, finding: &Finding) {
    let fixable = if finding.remedy.is_some() { ", fixable" } else { "" };
    page.put("  ").paint(style, "•").put(" ").paint(STRONG, &finding.title);
    page.paint(FAINT, format!("  [{}{fixable}]", finding.rule)).end();
    place(page, finding);
    page.block(4, &finding.message);
}

/// The file and architecture it is about, unless the message says as much.
fn place(page: &mut Page, finding: &Finding) {
    let subject = finding.subject.as_str();
    if finding.arch.is_none() && finding.message.contains(subject) {
        return;
    }
    page.put("    ").paint(FAINT, if subject.is_empty() { "the bundle" } else { subject });
    if let Some(arch) = finding.arch {
        page.paint(FAINT, format!(" ({arch})"));
    }
    page.end();
}

/// The end of a list: how many of each, and what can be done.
pub fn total(page: &mut Page, name: &str, findings: &[Finding]) {
    if !findings.is_empty() {
        page.end();
    }
    page.put(name).put(": ").put(summary(findings));
    if findings.iter().any(|finding| finding.remedy.is_some()) {
        page.put("; ").paint(GOOD, "`bundlewright fix` mends what is fixable");
    }
    page.end();
}

/// "2 errors, 1 warning", or that there is nothing.
pub fn summary(findings: &[Finding]) -> String {
    let counts: Vec<String> = GROUPS
        .iter()
        .filter_map(|(severity, word, _)| {
            let number = findings.iter().filter(|finding| finding.severity == *severity).count();
            (number > 0).then(|| count(number, word))
        })
        .collect();
    if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") }
}

pub fn any_error(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::macho::Arch;
    use crate::paths::BundlePath;

    fn finding(severity: Severity) -> Finding {
        Finding {
            rule: "missing-library",
            severity,
            subject: BundlePath::new("Contents/MacOS/Foo").unwrap(),
            arch: Some(Arch::ARM64),
            title: "libbar.dylib is missing".to_owned(),
            message: "Nothing provides it. Put it there.".to_owned(),
            reference: None,
            related: Vec::new(),
            remedy: None,
        }
    }

    #[test]
    fn a_finding_says_what_where_and_what_to_do() {
        let mut page = Page::default();
        findings(&mut page, &[finding(Severity::Error)]);
        let text = anstream::adapter::strip_str(&page.into_text()).to_string();
        assert_eq!(
            text,
            "1 error\n  • libbar.dylib is missing  [missing-library]\n    Contents/MacOS/Foo (arm64)\n    \
             Nothing provides it. Put it there.\n"
        );
    }

    #[test]
    fn the_summary_counts_each_severity() {
        let all = [finding(Severity::Error), finding(Severity::Error), finding(Severity::Info)];
        assert_eq!(summary(&all), "2 errors, 1 note");
        assert_eq!(summary(&[]), "nothing found");
    }
}
