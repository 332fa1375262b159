//! A bundle identifier holds characters that it must not.

use super::Rule;
use crate::diagnose::described::{Described, described, placeholder};
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "bundle-identifier-invalid",
    title: "A bundle identifier holds characters that it must not",
    severity: Severity::Warning,
    doc: include_str!("bundle_identifier_invalid.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    described(facts.bundle).filter(|one| one.is_process()).filter_map(|one| finding(&one)).collect()
}

fn finding(one: &Described<'_>) -> Option<Finding> {
    let text = one.text("CFBundleIdentifier").filter(|text| placeholder(text).is_none())?;
    let strange = text.chars().find(|letter| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-'));
    let what = match strange {
        Some(' ') => "holds a space".to_owned(),
        Some(letter) => format!("holds {letter:?}"),
        None if text.split('.').any(str::is_empty) => "has an empty part".to_owned(),
        None => return None,
    };
    // Underscores work wherever nobody registers the identifier with Apple.
    let severity = if strange == Some('_') { Severity::Info } else { RULE.severity };
    let message = format!(
        "CFBundleIdentifier {text:?} in {} {what}; letters, digits, hyphens and dots are allowed. Choose another one and \
         sign the bundle again.",
        one.path
    );
    let title = format!("The identifier {text:?} {what}");
    Some(Finding { severity, ..Finding::new(&RULE, one.path, title, message) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn found(identifier: &str) -> Vec<String> {
        let bundle = format!(
            "Contents/Info.plist plist\n  key CFBundleIdentifier {identifier}\nContents/MacOS/App execute\n"
        );
        shown(&found_in(&bundle, RULE.id))
    }

    #[test]
    fn spaces_umlauts_and_empty_parts_are_found() {
        for (identifier, what) in [
            ("My Editor", "warning Contents/Info.plist: The identifier \"My Editor\" holds a space"),
            ("org.büro", "warning Contents/Info.plist: The identifier \"org.büro\" holds 'ü'"),
            ("org..me", "warning Contents/Info.plist: The identifier \"org..me\" has an empty part"),
            ("org.my_app", "info Contents/Info.plist: The identifier \"org.my_app\" holds '_'"),
        ] {
            assert_eq!(found(identifier), [what]);
        }
    }

    #[test]
    fn plain_identifiers_and_unfilled_ones_are_no_matter_of_characters() {
        for identifier in ["org.example.App-2", "Editor", "org.me.$(NAME)"] {
            assert_eq!(found(identifier), [] as [String; 0]);
        }
    }
}
