//! Two bundles have one identifier.

use std::collections::BTreeMap;

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::amounts::listed;
use crate::diagnose::described::{Described, described, placeholder};
use crate::diagnose::{Facts, Finding, Severity};

pub static RULE: Rule = Rule {
    id: "bundle-identifier-duplicate",
    title: "Two bundles have one identifier",
    severity: Severity::Warning,
    doc: include_str!("bundle_identifier_duplicate.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut by_identifier: BTreeMap<String, Vec<Described<'_>>> = BTreeMap::new();
    for one in described(facts.bundle).filter(|one| one.is_process() && !one.is_stray(facts.bundle)) {
        if let Some(text) = one.text("CFBundleIdentifier").filter(|text| placeholder(text).is_none()) {
            by_identifier.entry(text.to_ascii_lowercase()).or_default().push(one);
        }
    }
    let mut findings = Vec::new();
    for mut same in by_identifier.into_values() {
        same.sort_by(|a, b| a.folder.cmp(&b.folder)); // the app itself first
        findings.extend(finding(facts, &same));
    }
    findings
}

fn finding(facts: &Facts<'_>, same: &[Described<'_>]) -> Option<Finding> {
    let (first, rest) = same.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let name = |one: &Described<'_>| match one.folder.is_root() {
        true => facts.bundle.name.clone(),
        false => one.folder.to_string(),
    };
    let identifier = first.text("CFBundleIdentifier")?;
    let names = listed(same.iter().map(name));
    let message = format!(
        "{names} all say that they are {identifier} (CFBundleIdentifier), so macOS takes one for the other. Give each \
         its own identifier and sign them again, inner ones first."
    );
    let title = format!("{} bundles are called {identifier}", same.len());
    let subject = rest.first()?.path;
    let related = vec![ImageId::Bundled(first.path.clone())];
    Some(Finding { related, ..Finding::new(&RULE, subject, title, message) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn bundle(inner: &str) -> String {
        format!(
            "Contents/Info.plist plist\n  key CFBundleIdentifier org.me.app\nContents/MacOS/App execute\n\
             Contents/Helpers/Up.app/Contents/Info.plist plist\n  key CFBundleIdentifier {inner}\n"
        )
    }

    #[test]
    fn an_updater_with_the_apps_identifier_is_found_whatever_its_letters() {
        let findings = found_in(&bundle("org.me.App"), RULE.id);
        let subject = "Contents/Helpers/Up.app/Contents/Info.plist";
        assert_eq!(shown(&findings), [format!("warning {subject}: 2 bundles are called org.me.app")]);
        assert!(findings[0].message.starts_with("App.app and Contents/Helpers/Up.app all say"));
    }

    #[test]
    fn copies_in_a_framework_that_lost_its_links_are_one() {
        let helper = |folder: &str| {
            format!(
                "Contents/Frameworks/X.framework/{folder}/H.app/Contents/Info.plist plist\n  key CFBundleIdentifier org.h\n"
            )
        };
        let binary = "Contents/MacOS/App execute\nContents/Frameworks/X.framework/Versions/A/X dylib\n";
        let bundle = format!("{binary}{}{}", helper("Helpers"), helper("Versions/A/Helpers"));
        assert_eq!(shown(&found_in(&bundle, RULE.id)), [] as [String; 0]);
        let two = format!("{binary}{}{}", helper("Versions/A/Helpers"), helper("Versions/A/Helpers/more"));
        assert_eq!(found_in(&two, RULE.id).len(), 1);
    }

    #[test]
    fn a_word_behind_it_makes_it_another_and_frameworks_do_not_run() {
        let framework = "Contents/Frameworks/P.framework/Versions/3/Resources/Info.plist plist\n  key CFBundleIdentifier org.me.app\n";
        assert_eq!(shown(&found_in(&(bundle("org.me.app.up") + framework), RULE.id)), [] as [String; 0]);
    }
}
