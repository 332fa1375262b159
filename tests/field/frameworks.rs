//! Frameworks that lost their links.

use std::fs;

use crate::app::{App, MAIN};

/// Whether `Versions/Current` and the binary's link are links, and all is there once.
fn assert_whole(app: &App, framework: &str, name: &str, version: &str) {
    let folder = app.local(framework);
    let link =
        |inside: &str| fs::read_link(folder.join(inside)).unwrap_or_else(|error| panic!("{inside}: {error}"));
    assert_eq!(link("Versions/Current").to_str(), Some(version));
    assert_eq!(link(name).to_str(), Some(&*format!("Versions/Current/{name}")));
    assert_eq!(link("Resources").to_str(), Some("Versions/Current/Resources"));
    assert!(fs::symlink_metadata(folder.join("Versions").join(version).join(name)).expect("there").is_file());
}

/// PyInstaller#8120, #9335, ActivityWatch#1260: a zip turned the links into copies; codesign says "bundle format is ambiguous".
#[test]
fn activitywatch_1260_copies_in_the_place_of_links_become_links() {
    let framework = "Contents/Frameworks/Python.framework";
    let plist = "plist\n  key CFBundleExecutable Python\n  key CFBundleIdentifier org.python.python\n";
    let binary =
        "dylib uuid=AAAAAAAA-0000-3000-8000-000000000003\n  id @rpath/Python.framework/Versions/3.9/Python\n";
    let app = App::new(&format!(
        "{MAIN}  use @rpath/Python.framework/Versions/3.9/Python\n{framework}/Versions/3.9/Python {binary}\
         {framework}/Versions/3.9/Resources/Info.plist {plist}{framework}/Versions/Current/Python {binary}\
         {framework}/Versions/Current/Resources/Info.plist {plist}{framework}/Python {binary}\
         {framework}/Resources/Info.plist {plist}"
    ));
    app.fix();
    assert_whole(&app, framework, "Python", "3.9");
    app.assert_starts_anywhere();
}

/// cx_Freeze#2959, PyInstaller#6167: only the top of the framework was copied; "bundle format unrecognized".
#[test]
fn cx_freeze_2959_a_framework_without_versions_gets_them() {
    let framework = "Contents/Frameworks/QtCore.framework";
    let app = App::new(&format!(
        "{MAIN}  use @rpath/QtCore.framework/QtCore\n{framework}/QtCore dylib\n  id @rpath/QtCore.framework/QtCore\n\
         {framework}/Resources/Info.plist plist\n  key CFBundleExecutable QtCore\n  key CFBundleIdentifier org.qt.QtCore\n"
    ));
    app.fix();
    assert_whole(&app, framework, "QtCore", "A");
    let uses = app.uses("Contents/MacOS/App");
    let end = app.ends_at("Contents/MacOS/App", &uses[0]);
    assert_eq!(end, "Contents/Frameworks/QtCore.framework/Versions/A/QtCore");
    app.assert_starts_anywhere();
}

/// PyInstaller#9335: the framework lost `Current` and its top, so nothing found it any more.
#[test]
fn pyinstaller_9335_links_that_are_gone_are_made_again() {
    let framework = "Contents/Frameworks/QtGui.framework";
    let app = App::new(&format!(
        "{MAIN}  use @rpath/QtGui.framework/Versions/5/QtGui\n{framework}/Versions/5/QtGui dylib\n\
         \x20 id @rpath/QtGui.framework/Versions/5/QtGui\n{framework}/Versions/5/Resources/Info.plist plist\n\
         \x20 key CFBundleExecutable QtGui\n  key CFBundleIdentifier org.qt.QtGui\n"
    ));
    app.fix();
    assert_whole(&app, framework, "QtGui", "5");
    app.assert_starts_anywhere();
}
