//! Debug symbols are shipped.

use super::Rule;
use crate::bundle::{Bundle, Node};
use crate::diagnose::amounts::{about, counted, listed, sized};
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "debug-symbols",
    title: "Debug symbols are shipped",
    severity: Severity::Info,
    doc: include_str!("debug_symbols.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let (mut paths, mut bytes): (Vec<&BundlePath>, u64) = (Vec::new(), 0);
    for (path, node) in &facts.bundle.nodes {
        let inside = paths.last().is_some_and(|last| path.is_under(last));
        let found = !inside && are_symbols(facts.bundle, path, node);
        if found {
            paths.push(path);
        }
        if let (true, Node::File { length, .. }) = (inside || found, node) {
            bytes += length;
        }
    }
    if paths.is_empty() {
        return Vec::new();
    }
    let title = format!("{} of debug symbols", sized(bytes));
    let message = format!(
        "Nothing at run time needs {} ({}). Keep symbols in your archive, and delete them here before you sign the app.",
        listed(&paths),
        counted(paths.len(), "item")
    );
    let remedy = Some(Remedy::Remove { paths: paths.iter().map(|path| (*path).clone()).collect() });
    vec![Finding { remedy, ..about(&RULE, &paths, title, message) }]
}

fn are_symbols(bundle: &Bundle, path: &BundlePath, node: &Node) -> bool {
    match node {
        Node::Folder => path.file_name().ends_with(".dSYM"),
        Node::File { .. } => {
            path.file_name().ends_with(".o") || bundle.images.contains_key(path) && is_debug_binary(path)
        }
        _ => false,
    }
}

/// `X.framework/Versions/A/X_debug`: dyld takes it when DYLD_IMAGE_SUFFIX says so.
fn is_debug_binary(path: &BundlePath) -> bool {
    let framework = path.as_str().rsplit_once(".framework/").and_then(|(above, _)| above.rsplit('/').next());
    framework.is_some() && path.file_name().strip_suffix("_debug") == framework
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn a_folder_of_symbols_counts_with_all_that_is_in_it() {
        let line = format!("  line {}\n", "x".repeat(1999));
        let bundle = format!(
            "Contents/MacOS/App execute\nContents/MacOS/App.dSYM/Contents/Info.plist text\n{line}\
             Contents/MacOS/App.dSYM/Contents/Resources/DWARF/App text\n{line}Contents/Resources/main.o text\n{line}"
        );
        let findings = found_in(&bundle, RULE.id);
        assert_eq!(shown(&findings), ["info Contents: 6 KB of debug symbols"]);
        assert!(findings[0].message.contains("App.dSYM and Contents/Resources/main.o (2 items). Keep"));
    }

    #[test]
    fn a_debug_binary_belongs_to_its_framework() {
        let binary = |name: &str| format!("Contents/MacOS/App execute\nContents/Frameworks/{name} dylib\n");
        let debug = found_in(&binary("X.framework/Versions/A/X_debug"), RULE.id);
        assert_eq!(debug.len(), 1);
        assert_eq!(shown(&found_in(&binary("libgot_debug.dylib"), RULE.id)), [] as [String; 0]);
    }
}
