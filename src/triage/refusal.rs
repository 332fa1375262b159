//! Why dyld did not take a file that it found, from the words in parentheses behind each place.

/// In the order in which one that is there speaks for the failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    Signature(Signature),
    Architecture,
    Platform,
    Sandbox,
    Format,
    /// The file is not there.
    Absent,
}

/// What AppleMobileFileIntegrity or the kernel objects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signature {
    OtherTeam,
    Unsigned,
    NoTeam,
    OldSdk,
    Damaged,
    Refused,
}

impl Signature {
    /// Why, in sentences.
    pub fn words(self) -> &'static str {
        match self {
            Signature::OtherTeam => {
                "Library validation refused it: program and library are not signed by the same team. An ad hoc signature has no team and \
                 counts as a different one, even where both are ad hoc."
            }
            Signature::Unsigned => {
                "It carries no signature at all; on Apple silicon code must be signed at least ad hoc."
            }
            Signature::NoTeam => {
                "Library validation refused it: its signature names no team (ad hoc, or a certificate of one's own), and it is not Apple's."
            }
            Signature::OldSdk => {
                "It was built with an SDK before 10.9, or with none that it tells, and library validation refuses such files."
            }
            Signature::Damaged => "Its bytes are not those that were signed: it was changed after signing.",
            Signature::Refused => "Its signature is not valid in this process.",
        }
    }

    pub fn advice(self) -> &'static str {
        match self {
            Signature::OtherTeam | Signature::NoTeam => {
                "Sign the app and everything in it with one identity, from the inside out; an ad hoc build must do without the hardened \
                 runtime, or have the entitlement com.apple.security.cs.disable-library-validation."
            }
            Signature::Unsigned => "Sign the file, then what encloses it: `bundlewright sign`.",
            Signature::OldSdk => "Build the library again with a current SDK.",
            Signature::Damaged => {
                "Sign again after the last change: `bundlewright sign`, and check with `bundlewright verify`."
            }
            Signature::Refused => "Check every signature with `bundlewright verify`.",
        }
    }

    /// The engine's rules that find it in a bundle.
    pub const RULES: [&str; 5] = [
        "team-mismatch",
        "adhoc-hardened-runtime",
        "signature-invalid",
        "library-validation-old-sdk",
        "restricted-entitlement-adhoc",
    ];
}

/// What one objection means.
pub fn refusal(why: &str) -> Refusal {
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if says(&["code signature", "not valid for use in process", "code signing blocked", "cdhash", "Team ID"])
    {
        Refusal::Signature(signature(why))
    } else if says(&[
        "incompatible architecture",
        "missing compatible architecture",
        "wrong architecture",
        "no matching architecture",
    ]) {
        Refusal::Architecture
    } else if says(&["incompatible platform"]) {
        Refusal::Platform
    } else if says(&["sandbox"]) {
        Refusal::Sandbox
    } else if why.is_empty()
        || says(&["no such file", "not a file", "errno=", "image not found", "stat() failed"])
    {
        Refusal::Absent
    } else {
        Refusal::Format
    }
}

pub fn signature(why: &str) -> Signature {
    let says = |word: &str| why.contains(word);
    if says("different Team IDs") {
        Signature::OtherTeam
    } else if says("no cdhash") || says("completely unsigned") {
        Signature::Unsigned
    } else if says("has no Team ID") {
        Signature::NoTeam
    } else if says("does not support Library Validation") {
        Signature::OldSdk
    } else if says("code signature invalid") || says("does not cover entire file") || says("mmap") {
        Signature::Damaged
    } else {
        Signature::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dylds_and_amfis_words_are_told_apart() {
        for (why, expected) in [
            ("no such file", Refusal::Absent),
            ("not a file, not in dyld cache", Refusal::Absent),
            (
                "mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64')",
                Refusal::Architecture,
            ),
            ("mach-o, but wrong architecture", Refusal::Architecture),
            ("mach-o file (/x), but incompatible platform (have 'iOS', need 'macOS')", Refusal::Platform),
            ("file system sandbox blocked open()", Refusal::Sandbox),
            ("duplicate LC_RPATH '@loader_path'", Refusal::Format),
            (
                "code signature in <U> '/x' not valid for use in process: mapping process and mapped file (non-platform) have different Team IDs",
                Refusal::Signature(Signature::OtherTeam),
            ),
            (
                "code signature in (/x) not valid for use in process using Library Validation: mapped file has no cdhash, completely unsigned? Code has to be at least ad-hoc signed.",
                Refusal::Signature(Signature::Unsigned),
            ),
            (
                "code signature invalid in <U> '/x' (errno=1) sliceOffset=0x00004000",
                Refusal::Signature(Signature::Damaged),
            ),
            (
                "OS X SDK version before 10.9 does not support Library Validation, code signature in '/x'",
                Refusal::Signature(Signature::OldSdk),
            ),
        ] {
            assert_eq!(refusal(why), expected, "{why}");
        }
    }
}
