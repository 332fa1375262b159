//! Files without 64-bit code.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::outcome;
use crate::diagnose::preflight::{Code, Outcome, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-not-64-bit",
    title: "Every file has 64-bit code",
    severity: Severity::Warning,
    apple: None,
    advice: "Get a 64-bit build of the file, or leave it out.",
    doc: include_str!("not_64_bit.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    let files = submission.codes.chunk_by(|a, b| a.path == b.path);
    let old = files.filter(|slices| {
        !slices.iter().any(|code| code.arch.is_64_bit()) && slices.iter().any(Code::is_for_macs)
    });
    outcome(old.flatten().map(|code| (&*code.path, Some(code.arch), "32 bits only".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    #[test]
    fn one_slice_of_64_bits_is_enough() {
        let with =
            |archs: &str| hits(&RULE, &app(&format!("Contents/MacOS/App execute {archs} signed={GOOD}\n")));
        assert_eq!(with("i386 x86_64"), [""; 0]);
        assert_eq!(with("i386 ppc"), ["Contents/MacOS/App [i386 ppc] 32 bits only"]);
    }
}
