//! Info.plist holds a variable that nobody filled in.

use plist::Value;

use super::Rule;
use crate::diagnose::amounts::listed;
use crate::diagnose::described::{Described, described, placeholder};
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "plist-placeholder",
    title: "Info.plist holds a variable that nobody filled in",
    severity: Severity::Warning,
    doc: include_str!("plist_placeholder.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    described(facts.bundle).filter_map(|one| finding(&one)).collect()
}

fn finding(one: &Described<'_>) -> Option<Finding> {
    let mut found = Vec::new();
    collect("", &one.info.value, &mut found);
    let (key, variable) = found.first()?;
    let title = format!("{key} is still {variable}");
    let all = listed(found.iter().map(|(key, variable)| format!("{key} ({variable})")));
    let message = format!(
        "In {} the build left variables unfilled: {all}. macOS takes them as they stand. Fill them in and sign the \
         bundle again.",
        one.path
    );
    Some(Finding::new(&RULE, one.path, title, message))
}

/// Every text with a variable, by the key on the top that it stands under.
fn collect(key: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Dictionary(entries) => {
            entries
                .iter()
                .for_each(|(inner, value)| collect(if key.is_empty() { inner } else { key }, value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(key, value, found)),
        Value::String(text) => {
            found.extend(placeholder(text).map(|variable| (key.to_owned(), variable.to_owned())));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn a_template_that_was_never_filled_in_is_named_by_its_first_key() {
        let bundle = "Contents/Info.plist plist\n  key CFBundleIdentifier org.me.$(PRODUCT_NAME)\n\
                      \x20 key CFBundleURLTypes <array><dict><key>x</key><string>${SCHEME}</string></dict></array>\n\
                      Contents/MacOS/App execute\n";
        let findings = found_in(bundle, RULE.id);
        let title = "CFBundleIdentifier is still $(PRODUCT_NAME)";
        assert_eq!(shown(&findings), [format!("warning Contents/Info.plist: {title}")]);
        assert!(findings[0].message.contains("CFBundleURLTypes (${SCHEME})"), "{}", findings[0].message);
    }

    #[test]
    fn dollars_and_addresses_are_text() {
        let bundle = "Contents/Info.plist plist\n  key NSHumanReadableCopyright $5, write to me@example.org (please)\n\
                      Contents/MacOS/App execute\n";
        assert_eq!(shown(&found_in(bundle, RULE.id)), [] as [String; 0]);
    }
}
