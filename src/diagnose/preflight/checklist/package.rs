//! Installer packages inside.

use crate::diagnose::Severity;
use crate::diagnose::preflight::{Hit, Outcome, PackageSignature, Rule, Submission};

pub static RULE: Rule = Rule {
    id: "notary-package",
    title: "Installer packages inside are signed",
    severity: Severity::Error,
    apple: Some("The binary is not signed."),
    advice: "Sign the package with productsign and a Developer ID Installer certificate before you put it in.",
    doc: include_str!("package.md"),
    check,
};

fn check(submission: &Submission) -> Outcome {
    if submission.packages.is_empty() {
        return Outcome::Absent;
    }
    let hit = |path: &String, message: &str| Hit {
        path: path.clone(),
        archs: Vec::new(),
        message: message.to_owned(),
    };
    let wrong = submission.packages.iter().filter_map(|package| {
        let what = match package.signature {
            PackageSignature::DeveloperId => return None,
            PackageSignature::None => "this package is not signed",
            PackageSignature::Other => "this package is not signed with a Developer ID Installer certificate",
            PackageSignature::Unreadable => "the table of contents of this package cannot be read",
        };
        Some(hit(&package.path, what))
    });
    match Outcome::of(wrong.collect()) {
        Outcome::Passed => {
            let unseen =
                submission.packages.iter().map(|one| hit(&one.path, "what it installs was not looked at"));
            Outcome::Unseen(
                "Packages are signed as they should be, but not unpacked.".to_owned(),
                unseen.collect(),
            )
        }
        failed => failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::preflight::Package;
    use crate::diagnose::preflight::checklist::case::hits;

    #[test]
    fn a_package_must_be_signed_and_its_payload_is_out_of_sight() {
        let with = |signature| {
            let package = Package { path: "Contents/Resources/a.pkg".to_owned(), signature };
            Submission { packages: vec![package], ..Submission::default() }
        };
        assert_eq!(
            hits(&RULE, &with(PackageSignature::None)),
            ["Contents/Resources/a.pkg [] this package is not signed"]
        );
        assert_eq!(hits(&RULE, &with(PackageSignature::Other)).len(), 1);
        assert!(matches!(check(&with(PackageSignature::DeveloperId)), Outcome::Unseen(..)));
        assert_eq!(check(&Submission::default()), Outcome::Absent);
    }
}
