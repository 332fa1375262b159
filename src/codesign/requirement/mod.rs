//! The requirement language: what code must be (Apple, "Code Signing Requirement Language"; Security, `requirement.h`).
//!
//! A requirement stands in a signature as a blob ([`binary`]) and in a seal as text ([`text`], [`print`]); both are read
//! into an [`Expression`], which [`evaluate`] holds against a [`Subject`].

mod binary;
mod evaluate;
mod oid;
mod print;
mod text;

pub(super) use binary::Requirements;
pub(super) use evaluate::{Chain, Keys, Subject, Verdict};
pub(super) use text::parse;

use super::code_directory::Cdhash;

/// How deep one expression may stand in another. A chain of `and` or of `or` counts as one step, however long.
const DEEPEST: usize = 128;

/// A requirement, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    Never,
    Always,
    Identifier(Vec<u8>),
    /// `anchor apple`: Apple's own software.
    AppleAnchor,
    /// `anchor apple generic`: a certificate that Apple issued to anybody.
    AppleGenericAnchor,
    /// `anchor apple NAME`, and `(NAME)`: a requirement that macOS itself holds in a file.
    NamedAnchor(Vec<u8>),
    NamedCode(Vec<u8>),
    /// SHA-1 of a whole certificate.
    CertificateHash(Slot, Vec<u8>),
    Certificate(Slot, Field, Match),
    /// Somebody told this Mac to trust it.
    TrustedCertificate(Slot),
    TrustedChain,
    Info(Vec<u8>, Match),
    Entitlement(Vec<u8>, Match),
    Cdhash(Vec<u8>),
    Platform(i32),
    Notarized,
    Legacy,
    Not(Box<Expression>),
    /// At least two; the first two belong together, then the third and so on.
    All(Vec<Expression>),
    Any(Vec<Expression>),
    /// An operation of the future that says of itself that it may be taken as false.
    UnknownFalse(u32),
    /// One that may be passed over.
    UnknownSkipped(u32, Box<Expression>),
}

/// A place in the chain of certificates: 0 is the leaf, −1 the root, −2 the one below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(pub i32);

impl Slot {
    pub const LEAF: Slot = Slot(0);
    pub const ROOT: Slot = Slot(-1);
}

/// What of a certificate is looked at. Object identifiers in dotted form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// `subject.CN` and its like, or `email`.
    Named(Vec<u8>),
    Extension(String),
    Policy(String),
    /// The time that an extension holds.
    Timestamp(String),
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    Exists,
    Absent,
    Text(Comparison, Vec<u8>),
    /// Seconds since 2001-01-01T00:00:00Z.
    Time(Comparison, i64),
    /// An operation of the future with its operand: it never holds.
    Unknown(u32, Vec<u8>),
}

/// How two values are compared. The parts of a text have no counterpart among times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Contains,
    BeginsWith,
    EndsWith,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

/// What a requirement is for (`kSecHostRequirementType` and following).
pub(super) const DESIGNATED: u32 = 3;

/// The requirement of ad hoc code: that it is exactly this code.
pub(super) fn of_cdhashes(cdhashes: &[Cdhash]) -> String {
    let each: Vec<String> =
        cdhashes.iter().map(|cdhash| format!("cdhash H\"{}\"", super::digest::hex(&cdhash.0))).collect();
    each.join(" or ")
}

/// The text of a requirement's blob, as `csreq -t` prints it.
///
/// # Errors
/// A clause that says what is malformed.
pub fn requirement_text(blob: &[u8]) -> Result<String, String> {
    binary::read(blob).map(|expression| expression.to_string())
}

/// The blob of a requirement's text, as `csreq -b` writes it; `None` when it is not the language.
pub fn requirement_blob(text: &str) -> Option<Vec<u8>> {
    parse(text).map(|expression| expression.to_blob())
}

#[cfg(test)]
mod tests {
    use super::binary::read;
    use super::*;

    /// Text as codesign prints it, with every operation that has a text.
    const PRINTED: [&str; 16] = [
        "always",
        "! never",
        "identifier \"org.example.x\" and anchor apple generic and certificate 1[field.1.2.840.113635.100.6.2.6] \
         /* exists */ and certificate leaf[field.1.2.840.113635.100.6.1.13] /* exists */ and certificate \
         leaf[subject.OU] = ABCDE12345",
        "(anchor apple generic and certificate leaf[field.1.2.840.113635.100.6.1.9] /* exists */ or anchor apple \
         generic and certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */) and identifier node",
        "cdhash H\"0102030405060708090a0b0c0d0e0f1011121314\" or cdhash H\"ffffffffffffffffffffffffffffffffffffffff\"",
        "certificate root = H\"0102030405060708090a0b0c0d0e0f1011121314\"",
        "certificate -2[subject.CN] = \"Apple Code Signing Certification Authority\"",
        "info[CFBundleVersion] >= \"1.10\" and info[a.b] ~ x and info[c] = x* and info[d] = *x",
        "entitlement[\"com.apple.security.get-task-allow\"] absent ",
        "platform = 7 or notarized or legacy",
        "anchor trusted or certificate leaf trusted",
        "certificate leaf[policy.1.2.3] /* exists */ and certificate leaf[timestamp.1.2.3] > <2020-01-02 03:04:05 +0000>",
        "anchor apple mas",
        "(mas)",
        "identifier \"2DC432\" and identifier \"or\" and identifier 0xc3a9",
        "! (always or never) and info[x] < a and info[x] > b and info[x] <= c",
    ];

    #[test]
    fn text_and_blob_are_two_forms_of_one_thing() {
        for text in PRINTED {
            // A time is written by other rules than it is printed.
            let typed = text.replace("<2020-01-02 03:04:05 +0000>", "timestamp \"20200102030405Z\"");
            let expression = parse(&typed).unwrap_or_else(|| panic!("{typed}"));
            assert_eq!(expression.to_string(), text);
            let blob = expression.to_blob();
            assert_eq!(read(&blob).as_ref(), Ok(&expression), "{text}");
            assert_eq!(read(&blob).unwrap().to_blob(), blob);
        }
    }

    #[test]
    fn a_long_chain_is_no_deep_one() {
        let many: Vec<Cdhash> = (0..5000u32).map(|index| Cdhash([index as u8; 20])).collect();
        let expression = parse(&of_cdhashes(&many)).unwrap();
        assert_eq!(read(&expression.to_blob()), Ok(expression));
    }
}
