//! Intel code of 32 bits with library validation.

use crate::diagnose::Severity;
use crate::diagnose::preflight::submission::outcome;
use crate::diagnose::preflight::{Outcome, Rule, Submission};
use crate::macho::Arch;

pub static RULE: Rule = Rule {
    id: "notary-i386-library-validation",
    title: "No 32-bit Intel code asks for library validation",
    severity: Severity::Error,
    apple: Some("The signature of the binary is invalid."),
    advice: "Take the slice i386 out, or sign it without the flag library.",
    doc: include_str!("i386_library_validation.md"),
    check,
};

const CS_REQUIRE_LV: u32 = 0x2000;

fn check(submission: &Submission) -> Outcome {
    let i386 = Arch::from_name("i386").map(|arch| arch.cpu_type);
    let asking = submission.signed().filter(|(_, arch, one)| {
        arch.map(|arch| arch.cpu_type) == i386 && one.signature.flags & CS_REQUIRE_LV != 0
    });
    outcome(asking.map(|(path, arch, _)| (path, arch, "library validation is on for i386".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::checklist::case::{GOOD, app, hits};

    #[test]
    fn the_flag_counts_for_i386_alone() {
        let lines = format!("Contents/MacOS/App execute x86_64 i386 signed={GOOD}\n");
        let mut odd = app(&lines);
        assert_eq!(hits(&RULE, &odd), [""; 0]);
        for code in &mut odd.codes {
            code.credentials.as_mut().unwrap().signature.flags |= CS_REQUIRE_LV;
        }
        assert_eq!(hits(&RULE, &odd), ["Contents/MacOS/App [i386] library validation is on for i386"]);
    }
}
