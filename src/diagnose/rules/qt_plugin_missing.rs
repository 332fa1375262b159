//! A module of Qt has none of the plug-ins that it works through.

use super::Rule;
use crate::diagnose::qt::{COCOA, bundled, version};
use crate::diagnose::{Facts, Finding, Remedy, Severity, Toolkit};
use crate::macho::PackedVersion;

pub static RULE: Rule = Rule {
    id: "qt-plugin-missing",
    title: "A module of Qt has none of its plug-ins",
    severity: Severity::Warning,
    doc: include_str!("qt_plugin_missing.md"),
    check,
};

/// A module that is of little use without a plug-in of this kind.
struct Need {
    module: &'static str,
    /// The folder of the plug-ins.
    kind: &'static str,
    /// The first Qt in which what it does is a plug-in.
    since: PackedVersion,
    severity: Severity,
    /// What a user sees without.
    consequence: &'static str,
}

const NEEDS: [Need; 4] = [
    Need {
        module: "Widgets",
        kind: "styles",
        since: PackedVersion::new(5, 10, 0),
        severity: Severity::Warning,
        consequence: "so that its windows do not look like a Mac's",
    },
    Need {
        module: "Sql",
        kind: "sqldrivers",
        since: PackedVersion::new(5, 0, 0),
        severity: Severity::Warning,
        consequence: "so that it can open no database",
    },
    // A program may use the module for something else: local sockets, tones.
    Need {
        module: "Network",
        kind: "tls",
        since: PackedVersion::new(6, 2, 0),
        severity: Severity::Info,
        consequence: "so that nothing can be fetched by https",
    },
    Need {
        module: "Multimedia",
        kind: "multimedia",
        since: PackedVersion::new(6, 4, 0),
        severity: Severity::Info,
        consequence: "so that it plays and records nothing",
    },
];

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let has_cocoa = facts.bundle.nodes.keys().any(|path| path.file_name() == COCOA);
    // Without the platform's plug-in everything is missing, and qt-platform-plugin-missing says so.
    if !has_cocoa && bundled(facts, "Gui").is_some() {
        return Vec::new();
    }
    let Some(version) = version(facts) else { return Vec::new() };
    NEEDS.iter().filter(|need| version >= need.since).filter_map(|need| finding(facts, need)).collect()
}

fn finding(facts: &Facts<'_>, need: &Need) -> Option<Finding> {
    let module = bundled(facts, need.module)?;
    let in_folder =
        |path: &crate::paths::BundlePath| path.parent().is_some_and(|folder| folder.file_name() == need.kind);
    if facts.bundle.images.keys().any(in_folder) {
        return None;
    }
    let (name, kind) = (need.module, need.kind);
    let message = format!(
        "{module} is loaded, but no plug-in of the kind {kind} is in the bundle, {}. Copy plugins/{kind} of the same Qt to \
         Contents/PlugIns/{kind}; the fix does it where that Qt can be reached.",
        need.consequence
    );
    let title = format!("Qt{name} has no plug-in of the kind {kind}");
    Some(Finding {
        severity: need.severity,
        remedy: Some(Remedy::PlugIns { toolkit: Toolkit::Qt, kind: Some(kind) }),
        ..Finding::new(&RULE, module, title, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    /// A program with widgets of Qt `version`, its platform plug-in and `more`.
    fn app(version: &str, more: &str) -> Vec<String> {
        let framework =
            |name: &str| format!("@executable_path/../Frameworks/{name}.framework/Versions/A/{name}");
        let [core, gui, widgets] = ["QtCore", "QtGui", "QtWidgets"].map(framework);
        let inside = |name: &str| format!("Contents/Frameworks/{name}.framework/Versions/A/{name} dylib\n");
        let bundle = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  use {widgets}\n{}  use {gui}\n  use {core}\n  current {version}\n{}  use {core}\n\
             \x20 current {version}\n{}Contents/PlugIns/platforms/libqcocoa.dylib bundle\n{more}",
            inside("QtWidgets"),
            inside("QtGui"),
            inside("QtCore"),
        );
        shown(&found_in(&bundle, RULE.id))
    }

    #[test]
    fn widgets_without_a_style_look_foreign() {
        let widgets = "Contents/Frameworks/QtWidgets.framework/Versions/A/QtWidgets";
        assert_eq!(
            app("6.8", ""),
            [format!("warning {widgets}: QtWidgets has no plug-in of the kind styles")]
        );
    }

    #[test]
    fn with_a_style_or_before_styles_were_plug_ins_there_is_nothing_to_say() {
        assert_eq!(app("6.8", "Contents/PlugIns/styles/libqmacstyle.dylib bundle\n"), [] as [&str; 0]);
        assert_eq!(app("5.9", ""), [] as [&str; 0]);
    }

    #[test]
    fn where_the_platform_plug_in_is_missing_too_another_rule_speaks() {
        let all = app("6.8", "").len();
        let bundle = "Contents/MacOS/App execute\n  use @executable_path/../Frameworks/libQt6Gui.6.dylib\n\
            Contents/Frameworks/libQt6Gui.6.dylib dylib\n";
        assert_eq!((all, found_in(bundle, RULE.id).len()), (1, 0));
    }
}
