//! Info.plist is written in an unusual encoding.

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "plist-encoding",
    title: "Info.plist is written in an unusual encoding",
    severity: Severity::Warning,
    doc: include_str!("plist_encoding.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let starts = facts.contents.into_iter().flat_map(|contents| &contents.starts);
    let plists =
        starts.filter(|(path, _)| facts.bundle.info_plists.contains_key(*path) || is_broken(facts, path));
    plists.filter_map(|(path, start)| Some(finding(path, &unusual(start)?))).collect()
}

/// Our own reader may refuse what a Mac reads.
fn is_broken(facts: &Facts<'_>, path: &BundlePath) -> bool {
    use crate::bundle::Problem::BrokenInfoPlist;
    facts
        .bundle
        .problems
        .iter()
        .any(|problem| matches!(problem, BrokenInfoPlist { path: it, .. } if it == path))
}

/// What is unusual about the first bytes of a property list.
fn unusual(start: &[u8]) -> Option<String> {
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return Some("is written in UTF-16".to_owned());
    }
    let text = String::from_utf8_lossy(start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start));
    let text = text.trim_start();
    if text.starts_with(['{', '(']) {
        return Some("is written in the old form with braces".to_owned());
    }
    let declaration = text.strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding=")?.1;
    let quote = value.chars().next()?;
    let encoding = value.get(1..)?.split_once(quote)?.0;
    let plain = ["utf-8", "us-ascii"].iter().any(|known| encoding.eq_ignore_ascii_case(known));
    (!plain).then(|| format!("says that its encoding is {encoding}"))
}

fn finding(path: &BundlePath, what: &str) -> Finding {
    let message = format!(
        "{path} {what}; many tools read UTF-8 only. Convert it (plutil -convert xml1 on a Mac) and sign the bundle again."
    );
    Finding::new(&RULE, path, format!("{} is not plain UTF-8", path.file_name()), message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn other_encodings_and_the_old_form_are_found() {
        let latin = "Contents/Info.plist text\n  line <?xml version=\"1.0\" encoding='ISO-8859-1'?>\n\
                     \x20 line <plist version=\"1.0\"><dict></dict></plist>\nContents/MacOS/App execute\n";
        let findings = found_in(latin, RULE.id);
        assert_eq!(shown(&findings), ["warning Contents/Info.plist: Info.plist is not plain UTF-8"]);
        assert!(findings[0].message.contains("its encoding is ISO-8859-1"), "{}", findings[0].message);
        assert!(unusual(b"{ CFBundleName = App; }").is_some_and(|what| what.ends_with("braces")));
        assert!(unusual(b"\xff\xfe<\0").is_some());
    }

    #[test]
    fn utf_8_marked_or_not_and_binary_are_plain() {
        let starts: [&[u8]; 4] =
            [b"bplist00", b"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>", b"<plist>", b""];
        assert!(starts.iter().all(|start| unusual(start).is_none()));
        let plain = "Contents/Info.plist plist\nContents/MacOS/App execute\n";
        assert_eq!(shown(&found_in(plain, RULE.id)), [] as [String; 0]);
    }
}
