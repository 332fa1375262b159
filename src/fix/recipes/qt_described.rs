//! Qt's recipe on small bundles and build machines described in words.

use crate::bundle::scan;
use crate::codesign::verify_bundle;
use crate::diagnose::case::written;
use crate::fix::described::{PLIST, look, mended};
use crate::fix::{Edit, FixOptions, apply, plan};
use crate::paths::BundlePath;
use crate::progress::Progress;

/// A program with widgets of the Qt in `/opt/qt`, built there.
fn app() -> String {
    let lib = "/opt/qt/lib";
    let core = format!("  use {lib}/QtCore.framework/Versions/A/QtCore\n  current 6.8\n");
    let gui = format!("  use {lib}/QtGui.framework/Versions/A/QtGui\n");
    let widgets = format!("  use {lib}/QtWidgets.framework/Versions/A/QtWidgets\n");
    let framework = |name: &str, uses: &str| {
        let folder = format!("{lib}/{name}.framework/Versions/A");
        format!(
            "{folder}/{name} dylib\n  id {folder}/{name}\n  use /usr/lib/libSystem.B.dylib\n{uses}\
             {folder}/Resources/Info.plist plist\n  key CFBundleIdentifier org.example.{name}\n  key CFBundleExecutable {name}\n"
        )
    };
    format!(
        "{PLIST}Contents/MacOS/App execute\n  use /usr/lib/libSystem.B.dylib\n{widgets}{gui}{core}{}{}{}{}",
        framework("QtCore", ""),
        framework("QtGui", &core),
        framework("QtWidgets", &format!("{gui}{core}")),
        framework("QtSvg", &format!("{gui}{core}")),
    )
}

/// A plug-in of that Qt as Qt's own installer has it, with more commands.
fn plug_in(place: &str, more: &str) -> String {
    format!(
        "/opt/qt/plugins/{place} bundle\n  use /usr/lib/libSystem.B.dylib\n  rpath @loader_path/../../lib\n\
         \x20 use @rpath/QtGui.framework/Versions/A/QtGui\n  use @rpath/QtCore.framework/Versions/A/QtCore\n  current 6.8\n{more}"
    )
}

fn cocoa() -> String {
    plug_in("platforms/libqcocoa.dylib", "") + &plug_in("styles/libqmacstyle.dylib", "")
}

/// What a fix of everything writes and copies into PlugIns.
fn brought(description: &str) -> Vec<String> {
    let edits = mended(description);
    let new = edits
        .iter()
        .filter(|edit| edit.starts_with("write_file") || edit.contains("copy_file Contents/PlugIns"));
    new.filter_map(|edit| edit.split(' ').nth(1)).map(str::to_owned).collect()
}

#[test]
fn the_plug_ins_of_the_loaded_modules_come_with_a_qt_conf() {
    let more = plug_in("imageformats/libqgif.dylib", "")
        + &plug_in("imageformats/libqgif_debug.dylib", "")
        + &plug_in("imageformats/libqsvg.dylib", "  use @rpath/QtSvg.framework/Versions/A/QtSvg\n")
        + &plug_in("platforms/libqminimal.dylib", "")
        + &plug_in("sqldrivers/libqsqlite.dylib", "");
    assert_eq!(
        brought(&(app() + &cocoa() + &more)),
        [
            "Contents/PlugIns/platforms/libqcocoa.dylib",
            "Contents/PlugIns/styles/libqmacstyle.dylib",
            "Contents/PlugIns/imageformats/libqgif.dylib",
            "Contents/Resources/qt.conf"
        ]
    );
}

#[test]
fn what_a_plug_in_found_from_its_old_place_comes_along() {
    // Split kegs: the rpath leads from the plug-in's real place, not from the folder of links in which Qt finds it.
    let keg = "/opt/homebrew/Cellar/qtimages/6.8/share/qt/plugins/imageformats/libqtiff.dylib";
    let more = format!(
        "{keg} bundle\n  use /usr/lib/libSystem.B.dylib\n  rpath @loader_path/../../../../lib\n  use @rpath/libtiff.6.dylib\n\
         \x20 use /opt/qt/lib/QtCore.framework/Versions/A/QtCore\n  current 6.8\n\
         /opt/homebrew/Cellar/qtimages/6.8/lib/libtiff.6.dylib dylib\n  id @rpath/libtiff.6.dylib\n\
         \x20 use /usr/lib/libSystem.B.dylib\n  use @loader_path/libz9.dylib\n\
         /opt/homebrew/Cellar/qtimages/6.8/lib/libz9.dylib dylib\n  id /x/libz9.dylib\n  use /usr/lib/libSystem.B.dylib\n\
         /opt/homebrew/share/qt/plugins/imageformats/libqtiff.dylib -> {keg}\n"
    );
    let edits = mended(&(app() + &cocoa() + &more));
    for copied in [
        "copy_file Contents/PlugIns/imageformats/libqtiff.dylib",
        "copy_file Contents/Frameworks/libtiff.6.dylib",
        "copy_file Contents/Frameworks/libz9.dylib",
    ] {
        assert!(edits.iter().any(|edit| edit.starts_with(copied)), "{copied}: {edits:#?}");
    }
}

#[test]
fn a_plug_in_that_could_not_be_loaded_stays_away() {
    let lost = plug_in("imageformats/libqwebp.dylib", "  use /nowhere/libwebp.dylib\n");
    let other = plug_in("imageformats/libqold.dylib", "").replace("current 6.8", "current 6.7");
    let thin = plug_in("imageformats/libqintel.dylib", "").replace("bundle\n", "bundle x86_64\n");
    let all = app() + &cocoa() + &lost + &other + &thin;
    assert!(brought(&all).iter().all(|path| !path.contains("imageformats")), "{:?}", brought(&all));
}

#[test]
fn where_no_such_qt_is_in_reach_the_finding_says_where_the_fix_looked() {
    let written = written(&app());
    let (bundle, plan) = look(&written.app, &written.roots);
    assert!(plan.edits.iter().all(|planned| !matches!(planned.edit, Edit::WriteFile { .. })));
    let left = plan.remaining.iter().find(|finding| finding.rule == "qt-platform-plugin-missing");
    let message = left.map(|finding| finding.message.clone()).unwrap_or_default();
    assert!(message.contains("The fix looked in /opt/qt/plugins, "), "{message}");
    apply(&bundle, &plan, &Progress::silent()).expect("the fix");
    assert!(look(&written.app, &written.roots).1.is_empty());
}

#[test]
fn a_qt_conf_that_names_the_wrong_folder_is_written_anew() {
    let inside = |name: &str, uses: &str| {
        format!(
            "Contents/Frameworks/{name} dylib\n  id @rpath/{name}\n  use /usr/lib/libSystem.B.dylib\n{uses}"
        )
    };
    let core = "  use @rpath/libQt6Core.6.dylib\n  current 6.8\n";
    let description = format!(
        "{PLIST}Contents/MacOS/App execute\n  use /usr/lib/libSystem.B.dylib\n  rpath @executable_path/../Frameworks\n\
         \x20 use @rpath/libQt6Gui.6.dylib\n{}{}Contents/PlugIns/platforms/libqcocoa.dylib bundle\n\
         \x20 use /usr/lib/libSystem.B.dylib\n  use @rpath/libQt6Gui.6.dylib\n\
         Contents/Resources/qt.conf text\n  line [Paths]\n  line Prefix = /opt/qt\n  line Translations = i18n\n",
        inside("libQt6Gui.6.dylib", core),
        inside("libQt6Core.6.dylib", "")
    );
    let conf = "Contents/Resources/qt.conf";
    assert_eq!(mended(&description), [format!("remove {conf} {conf}"), format!("write_file {conf} ")]);
    let written = written(&description);
    let (bundle, plan) = look(&written.app, &written.roots);
    apply(&bundle, &plan, &Progress::silent()).expect("the fix");
    let bundle = scan(&written.app, &Progress::silent()).expect("a bundle");
    let text = bundle.settings.get(&BundlePath::new(conf).expect("a path")).cloned();
    assert_eq!(text.as_deref(), Some("[Paths]\nPlugins = PlugIns\nTranslations = i18n\n"));
}

#[test]
fn each_edit_can_be_switched_off_and_the_rest_still_holds() {
    let description = app() + &cocoa();
    let quiet = Progress::silent();
    let all = written(&description);
    let keys = look(&all.app, &all.roots).1.edits.into_iter().map(|planned| planned.edit.key());
    for key in keys {
        let disk = written(&description);
        let options = FixOptions {
            roots: disk.roots.clone(),
            switched_off: [key.clone()].into(),
            ..FixOptions::default()
        };
        let look = || {
            let bundle = scan(&disk.app, &quiet).expect("a bundle");
            let seals = verify_bundle(&bundle, &quiet).expect("not cancelled");
            let plan = plan(&bundle, &seals, &options, &quiet).expect("a plan");
            (bundle, plan)
        };
        let (bundle, first) = look();
        apply(&bundle, &first, &quiet).expect("the fix does what the plan says");
        let (_, second) = look();
        assert_eq!(second.edits, [], "without {}", key.0);
    }
}

#[test]
fn imported_qml_modules_come_with_what_they_name() {
    let qml = "/opt/qt/lib/QtQml.framework/Versions/A";
    let core = "  use /opt/qt/lib/QtCore.framework/Versions/A/QtCore\n  current 6.8\n";
    let module = |name: &str, plug_in: &str, lines: &str| {
        format!(
            "/opt/qt/qml/{name}/qmldir text\n{lines}/opt/qt/qml/{name}/plugins.qmltypes text\n  line x\n\
             /opt/qt/qml/{name}/{plug_in} bundle\n  use /usr/lib/libSystem.B.dylib\n  rpath @loader_path/../../../lib\n\
             \x20 use @rpath/QtCore.framework/Versions/A/QtCore\n  current 6.8\n"
        )
    };
    let description = app()
        + &cocoa()
        + &format!(
            "{qml}/QtQml dylib\n  id {qml}/QtQml\n  use /usr/lib/libSystem.B.dylib\n{core}\
             {qml}/Resources/Info.plist plist\n  key CFBundleIdentifier org.example.QtQml\n  key CFBundleExecutable QtQml\n\
             Contents/Resources/main.qml text\n  line import QtQuick.Controls 2.15\n  line import Mine 1.0\n  line Item {{ }}\n"
        )
        + &module(
            "QtQuick/Controls",
            "libcontrols.dylib",
            "  line import QtQuick.Parts auto\n  line prefer :/x/\n",
        )
        + &module("QtQuick/Parts", "libparts.dylib", "  line module QtQuick.Parts\n")
        + "/opt/qt/qml/QtQuick/Controls/Button.qml text\n  line import QtQuick.Layouts\n\
           /opt/qt/qml/QtQuick/Parts/Part.qml text\n  line Item { }\n";
    let description = description.replacen(
        "use /opt/qt/lib/QtGui",
        &format!("use {qml}/QtQml\n  use /opt/qt/lib/QtGui"),
        1,
    );
    let edits = mended(&description);
    let below = |edit: &&String| edit.contains("/quick/") || edit.contains("/qml/");
    let files = |edit: &String| edit.split(' ').nth(1).map(str::to_owned);
    let made =
        edits.iter().filter(below).filter(|edit| !edit.contains("rpath") && !edit.contains("change_use"));
    let folder = "Contents/Resources/qml/QtQuick";
    assert_eq!(
        made.filter_map(files).collect::<Vec<_>>(),
        [
            "Contents/PlugIns/quick/libcontrols.dylib".to_owned(),
            "Contents/PlugIns/quick/libparts.dylib".to_owned(),
            format!("{folder}/Controls/qmldir"),
            format!("{folder}/Parts/Part.qml"),
            format!("{folder}/Parts/qmldir"),
            format!("{folder}/Controls/libcontrols.dylib"),
            format!("{folder}/Parts/libparts.dylib"),
        ],
        "{edits:#?}"
    );
    let disk = written(&description);
    let (bundle, plan) = look(&disk.app, &disk.roots);
    apply(&bundle, &plan, &Progress::silent()).expect("the fix");
    let bundle = scan(&disk.app, &Progress::silent()).expect("a bundle");
    let conf = bundle.settings.get(&BundlePath::new("Contents/Resources/qt.conf").expect("a path"));
    assert_eq!(conf.map(String::as_str), Some("[Paths]\nQmlImports = Resources/qml\nPlugins = PlugIns\n"));
}
