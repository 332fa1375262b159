//! Whether code can be signed with an identity: what Apple's certificates are for (Apple, "Certification Practice
//! Statement, Worldwide Developer Relations" and "Developer ID"), and what the code signing policy of Security asks of any.

use super::Identity;
use crate::codesign::authority::date;
use crate::codesign::certificate::{CODE_SIGNING, Certificate, TIME_STAMPING};

/// Marks of certificates that sign other things, each with its name and with what to use instead.
const OTHERS: [(&str, &str, &str); 8] = [
    (
        "1.2.840.113635.100.6.1.14",
        "a Developer ID Installer certificate, which signs packages (.pkg)",
        APPLICATION,
    ),
    (
        "1.2.840.113635.100.4.13",
        "a Developer ID Installer certificate, which signs packages (.pkg)",
        APPLICATION,
    ),
    (
        "1.2.840.113635.100.6.1.8",
        "a Mac Installer Distribution certificate, which signs packages (.pkg)",
        APPLICATION,
    ),
    (
        "1.2.840.113635.100.4.9",
        "a Mac Installer Distribution certificate, which signs packages (.pkg)",
        APPLICATION,
    ),
    (
        "1.2.840.113635.100.6.1.7",
        "a distribution certificate for the Mac App Store; elsewhere no Mac starts what it signs",
        APPLICATION,
    ),
    (
        "1.2.840.113635.100.6.1.4",
        "a distribution certificate for the App Store; elsewhere no Mac starts what it signs",
        APPLICATION,
    ),
    ("1.2.840.113635.100.6.1.18", "a Developer ID certificate for kernel extensions", APPLICATION),
    (TIME_STAMPING, "a certificate of a timestamp server", APPLICATION),
];
const APPLICATION: &str = "use a Developer ID Application certificate";

/// Whether its extended key usage allows code signing, and no mark says that it is for something else.
pub(super) fn is_for_code(leaf: &Certificate) -> bool {
    leaf.usages.iter().any(|usage| usage == CODE_SIGNING) && mark(leaf).is_none()
}

fn mark(leaf: &Certificate) -> Option<&'static (&'static str, &'static str, &'static str)> {
    OTHERS.iter().find(|(oid, ..)| leaf.has_extension(oid) || leaf.usages.iter().any(|usage| usage == oid))
}

/// What speaks against signing with `identity` at `time`, and the next step.
pub(super) fn objection(identity: &Identity, time: u64) -> Option<(String, String)> {
    let leaf = identity.leaf();
    if let Some((_, what, next)) = mark(leaf) {
        return Some((format!("is {what}: {}", leaf.name()), (*next).to_owned()));
    }
    if !is_for_code(leaf) {
        let what = format!(
            "has a certificate that is not for code signing (no such extended key usage): {}",
            leaf.name()
        );
        return Some((what, "use one with the extended key usage codeSigning".to_owned()));
    }
    if !leaf.may_sign {
        let what =
            format!("has a certificate whose key usage leaves out digital signatures: {}", leaf.name());
        return Some((what, "use one with the key usage digitalSignature".to_owned()));
    }
    if let Some(what) = identity.key.weakness() {
        return Some((what, "use RSA with at least 2048 bits, or ECDSA".to_owned()));
    }
    let outside = identity.chain.iter().find(|one| time < one.not_before || time > one.not_after)?;
    let (when, next) = match time < outside.not_before {
        true => (
            format!("is valid only from {} on", date(outside.not_before)),
            "sign at a later time, or correct the clock or SOURCE_DATE_EPOCH",
        ),
        false => (format!("expired on {}", date(outside.not_after)), "renew it and export it again"),
    };
    let what = format!("has a certificate that {when}, and this is {}: {}", date(time), outside.name());
    Some((what, next.to_owned()))
}
