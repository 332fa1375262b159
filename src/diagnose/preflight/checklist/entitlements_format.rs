//! Entitlements that are not plain XML.

use crate::bundle::InfoPlist;
use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::outcome;
use crate::diagnose::preflight::{Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-entitlements-format",
    title: "Entitlements are plain XML",
    severity: Severity::Error,
    apple: None,
    advice: "Write the entitlements anew with plutil -convert xml1 and sign again.",
    doc: include_str!("entitlements_format.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    let odd = submission.programs().filter_map(|(code, one)| {
        let what = fault(one.entitlements.as_deref()?)?;
        Some((&*code.path, Some(code.arch), format!("its entitlements {what}")))
    });
    outcome(odd)
}

/// What is odd about them, as a clause.
fn fault(bytes: &[u8]) -> Option<String> {
    if bytes.starts_with(b"bplist") {
        return Some("are a binary property list".to_owned());
    }
    if [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"].iter().any(|mark| bytes.starts_with(mark)) {
        return Some("begin with a byte order mark".to_owned());
    }
    InfoPlist::read(bytes).err().map(|why| format!("cannot be read: the property list {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    #[test]
    fn everything_but_plain_xml_is_named() {
        let xml = b"<?xml version=\"1.0\"?>\n<plist version=\"1.0\"><dict><key>a</key><true/></dict></plist>";
        assert_eq!(fault(xml), None);
        assert_eq!(
            fault(&[b"\xef\xbb\xbf", &xml[..]].concat()).as_deref(),
            Some("begin with a byte order mark")
        );
        assert_eq!(fault(b"bplist00").as_deref(), Some("are a binary property list"));
        // Eclipse Temurin's JDK, which is notarized, has its licence in one.
        assert_eq!(fault(b"<!-- Copyright -->\n<plist version=\"1.0\"><dict></dict></plist>"), None);
        assert!(fault(b"<plist><array/></plist>").unwrap().starts_with("cannot be read"));
    }

    #[test]
    fn the_program_is_named() {
        let mut odd = app(&format!("Contents/MacOS/App execute signed={GOOD}\n"));
        for code in &mut odd.codes {
            code.credentials.as_mut().unwrap().entitlements = Some(b"bplist00".to_vec());
        }
        assert_eq!(
            hits(&RULE, &odd),
            ["Contents/MacOS/App [arm64] its entitlements are a binary property list"]
        );
    }
}
