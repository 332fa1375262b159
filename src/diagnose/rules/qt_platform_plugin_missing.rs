//! Qt has no platform plug-in.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::qt::{COCOA, module};
use crate::diagnose::{Facts, Finding, Remedy, Severity, Toolkit};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "qt-platform-plugin-missing",
    title: "Qt has no platform plug-in",
    severity: Severity::Warning,
    doc: include_str!("qt_platform_plugin_missing.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let has = |wanted: &dyn Fn(&BundlePath) -> bool| facts.bundle.nodes.keys().any(wanted);
    if has(&|path| path.file_name() == COCOA) {
        return Vec::new();
    }
    let Some((entry, gui)) = loaded_gui(facts) else { return Vec::new() };
    // Programs without windows make do with another one.
    let another = has(&|path| {
        path.parent().is_some_and(|folder| folder.file_name() == "platforms")
            && path.file_name().starts_with("libq")
    });
    let severity = if another { Severity::Info } else { RULE.severity };
    let message = format!(
        "{entry} loads {gui}, but {COCOA} is nowhere in the bundle, so that Qt cannot make a window. Copy \
         plugins/platforms/{COCOA} of the same Qt to Contents/PlugIns/platforms; the fix does it where that Qt can be \
         reached."
    );
    // A program that brought another one on purpose is left alone.
    let remedy = (!another).then_some(Remedy::PlugIns { toolkit: Toolkit::Qt, kind: None });
    let title = format!("{COCOA} is missing");
    vec![Finding { severity, remedy, ..Finding::new(&RULE, gui, title, message) }]
}

/// The bundle's QtGui, and the first program or plug-in that loads it.
fn loaded_gui<'a>(facts: &Facts<'a>) -> Option<(&'a BundlePath, &'a BundlePath)> {
    facts.clean.launches.iter().find_map(|launch| {
        let loaded = launch.loads.iter().filter_map(|load| match &load.image {
            ImageId::Bundled(path) => Some(path),
            ImageId::External(_) => None,
        });
        let mut others = loaded.filter(|path| **path != launch.entry);
        others.find(|path| module(path.file_name()) == Some("Gui")).map(|gui| (&launch.entry, gui))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    const QT: &str = "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
        Contents/MacOS/App execute\n  use @executable_path/../Frameworks/QtGui.framework/Versions/A/QtGui\n\
        Contents/Frameworks/QtGui.framework/Versions/A/QtGui dylib\n";

    #[test]
    fn qt_without_the_plug_in_cannot_open_a_window() {
        let gui = "Contents/Frameworks/QtGui.framework/Versions/A/QtGui";
        assert_eq!(shown(&found_in(QT, RULE.id)), [format!("warning {gui}: libqcocoa.dylib is missing")]);
        let offscreen = format!("{QT}Contents/PlugIns/platforms/libqoffscreen.dylib bundle\n");
        assert_eq!(
            shown(&found_in(&offscreen, RULE.id)),
            [format!("info {gui}: libqcocoa.dylib is missing")]
        );
    }

    #[test]
    fn with_the_plug_in_or_without_a_user_there_is_nothing_to_say() {
        let whole = format!("{QT}Contents/Resources/qt/plugins/platforms/libqcocoa.dylib bundle\n");
        assert_eq!(shown(&found_in(&whole, RULE.id)), [] as [String; 0]);
        let unused =
            QT.replace("  use @executable_path/../Frameworks/QtGui.framework/Versions/A/QtGui\n", "");
        assert_eq!(shown(&found_in(&unused, RULE.id)), [] as [String; 0]);
    }
}
