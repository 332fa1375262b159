//! Paths of a report: what was redacted in them, and which places they may mean.
//!
//! ReportCrash writes `/Users/USER/*/x`, `/opt/homebrew/*/x`, `/Volumes/*/x` or `/Volumes/VOLUME/x` and
//! `/private/var/folders/*/x`: `*` stands for any number of folders, `USER` and `VOLUME` for one.

use crate::macho::framework_suffix;

/// How surely a path of a report is another path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// To the letter, links of Homebrew and of frameworks aside.
    Same,
    /// As far as it is not redacted.
    Redacted,
}

/// Whether `report`, which may be redacted, is `whole`.
pub fn fit(report: &str, whole: &str) -> Option<Fit> {
    if report == whole {
        return Some(Fit::Same);
    }
    let (report, whole) = (canonical(report), canonical(whole));
    if report == whole {
        return Some(Fit::Same);
    }
    let redacted = report.iter().any(|part| is_redacted(part));
    (redacted && globbed(&report, &whole)).then_some(Fit::Redacted)
}

pub fn is_redacted(part: &str) -> bool {
    matches!(part, "*" | "USER" | "VOLUME")
}

/// The components, with one spelling for what links make two of: Homebrew's `opt/X` and `Cellar/X/1.2`, `X.framework/X` and
/// `X.framework/Versions/V/X`, `/private/var` and `/var`; macOS's cryptexes and `.`, `..` are worked out.
fn canonical(path: &str) -> Vec<&str> {
    const CRYPTEX: &str = "/System/Volumes/Preboot/Cryptexes/OS";
    let path = path.strip_prefix(CRYPTEX).or_else(|| path.strip_prefix("/private")).unwrap_or(path);
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    if let Some(at) = parts.iter().position(|part| *part == "Cellar").filter(|at| at + 2 < parts.len()) {
        parts.remove(at + 2);
        parts[at] = "opt";
    }
    if framework_suffix(path).is_some_and(|suffix| suffix.contains("/Versions/")) {
        let leaf = parts.pop();
        parts.truncate(parts.len().saturating_sub(2));
        parts.extend(leaf);
    }
    parts
}

/// Component by component; `*` takes any number. One step back at most for each, so that it ends in good time.
fn globbed(pattern: &[&str], text: &[&str]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(&"*") => {
                star = Some((p, t));
                p += 1;
            }
            Some(part) if *part == text[t] || is_redacted(part) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|part| *part == "*")
}

/// The outermost `….app` around a path.
pub fn app_root(path: &str) -> Option<&str> {
    let end = path.find(".app/")? + 4;
    Some(&path[..end])
}

/// The path below the app at `root`; `None` when it is elsewhere. Copies that macOS made for the launch (translocation)
/// count as the app itself.
pub fn inside<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    let own = app_root(path)?;
    let rest = path.get(own.len() + 1..)?;
    let name = |root: &str| root.rsplit('/').next().map(str::to_owned);
    let same = own == root
        || fit(own, root).is_some()
        || fit(root, own).is_some()
        || name(own) == name(root)
            && (own.contains("/AppTranslocation/") || root.contains("/AppTranslocation/"));
    same.then_some(rest)
}

/// What a path is compared by: a framework's name when it is a framework's binary, else the file's.
pub fn leaf(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether it is the executable of an app or of another bundle that runs as a process.
pub fn is_program(path: &str) -> bool {
    let Some((folder, _)) = path.rsplit_once('/') else { return false };
    folder.ends_with("/Contents/MacOS") || folder.ends_with("/bin") || folder.ends_with("/libexec")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redaction_and_links_are_seen_through() {
        let whole = "/Users/ann/CraftRoot/lib/qca-qt5.framework/Versions/2.2.0/qca-qt5";
        assert_eq!(fit("/Users/USER/*/qca-qt5.framework/Versions/2.2.0/qca-qt5", whole), Some(Fit::Redacted));
        assert_eq!(fit("/Users/USER/*/qca-qt5", whole), Some(Fit::Redacted));
        assert_eq!(fit("/Users/USER/*/qca-qt6.framework/Versions/2.2.0/qca-qt6", whole), None);
        assert_eq!(
            fit("/usr/local/Cellar/libraw/0.21_1/lib/libraw.dylib", "/usr/local/opt/libraw/lib/libraw.dylib"),
            Some(Fit::Same)
        );
        assert_eq!(
            fit("/opt/homebrew/*/libx.dylib", "/opt/homebrew/opt/x/lib/libx.dylib"),
            Some(Fit::Redacted)
        );
        assert_eq!(fit("/a/libx.dylib", "/b/libx.dylib"), None);
        assert_eq!(fit("/a/X.framework/Versions/5/X", "/a/b/../X.framework/X"), Some(Fit::Same));
    }

    #[test]
    fn a_path_is_in_the_app_wherever_the_app_was_run_from() {
        let root = "/Applications/Foo.app";
        assert_eq!(inside(root, "/Applications/Foo.app/Contents/MacOS/Foo"), Some("Contents/MacOS/Foo"));
        assert_eq!(inside("/Volumes/*/Foo.app", "/Volumes/VOLUME/Foo.app/Contents/x"), Some("Contents/x"));
        let translocated = "/private/var/folders/*/AppTranslocation/*/d/Foo.app/Contents/x";
        assert_eq!(inside(root, translocated), Some("Contents/x"));
        assert_eq!(inside(root, "/Applications/Bar.app/Contents/x"), None);
        assert_eq!(inside(root, "/Users/me/Foo.app/Contents/x"), None);
    }
}
