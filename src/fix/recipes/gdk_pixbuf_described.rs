//! gdk-pixbuf's recipe on small bundles and build machines described in words.

use crate::bundle::scan;
use crate::diagnose::case::written;
use crate::fix::apply;
use crate::fix::described::{PLIST, look, mended};
use crate::progress::Progress;

const SYSTEM: &str = "  use /usr/lib/libSystem.B.dylib\n";

fn app() -> String {
    let library = "/opt/homebrew/lib/libgdk_pixbuf-2.0.0.dylib";
    format!(
        "{PLIST}Contents/MacOS/App execute\n{SYSTEM}  use {library}\n{library} dylib\n  id {library}\n{SYSTEM}"
    )
}

/// A keg's loader, with a library that only its rpath leads to.
const LOADERS: &str = "/opt/homebrew/Cellar/librsvg/2.60/lib/gdk-pixbuf-2.0/2.10.0/loaders/libpixbufloader_svg.so bundle\n\
    \u{20} use /usr/lib/libSystem.B.dylib\n  use @rpath/librsvg-2.2.dylib\n  rpath @loader_path/../../..\n\
    /opt/homebrew/Cellar/librsvg/2.60/lib/librsvg-2.2.dylib dylib\n  id @rpath/librsvg-2.2.dylib\n  use /usr/lib/libSystem.B.dylib\n";

const LISTED: &str = "  line # Automatically generated file\n\
    \u{20} line \"/opt/homebrew/Cellar/librsvg/2.60/lib/gdk-pixbuf-2.0/2.10.0/loaders/libpixbufloader_svg.so\"\n\
    \u{20} line \"svg\" 6 \"gdk-pixbuf\" \"Scalable Vector Graphics\" \"LGPL\"\n";

/// What the list says after a fix.
fn list_after(description: &str) -> String {
    let written = written(description);
    let (bundle, plan) = look(&written.app, &written.roots);
    apply(&bundle, &plan, &Progress::silent()).expect("the fix");
    let bundle = scan(&written.app, &Progress::silent()).expect("a bundle");
    bundle.settings.values().cloned().collect::<Vec<_>>().join("")
}

const RIGHT: &str = "# Automatically generated file\n\
    \"@executable_path/../PlugIns/gdk-pixbuf/libpixbufloader_svg.so\"\n\
    \"svg\" 6 \"gdk-pixbuf\" \"Scalable Vector Graphics\" \"LGPL\"\n";

#[test]
fn the_listed_loaders_come_with_their_libraries_and_a_list_that_holds_anywhere() {
    let lost = "  line \"/opt/homebrew/lib/gdk-pixbuf-2.0/2.10.0/loaders/libpixbufloader-gone.so\"\n\
        \u{20} line \"gone\" 4 \"gdk-pixbuf\" \"Gone\" \"LGPL\"\n";
    let description = format!(
        "{}{LOADERS}/opt/homebrew/lib/gdk-pixbuf-2.0/2.10.0/loaders.cache text\n{LISTED}{lost}",
        app()
    );
    let edits = mended(&description);
    for wanted in [
        "copy_file Contents/PlugIns/gdk-pixbuf/libpixbufloader_svg.so",
        "copy_file Contents/Frameworks/librsvg-2.2.dylib",
        "write_file Contents/Resources/lib/gdk-pixbuf-2.0/2.10.0/loaders.cache",
    ] {
        assert!(edits.iter().any(|edit| edit.starts_with(wanted)), "{wanted}: {edits:#?}");
    }
    assert_eq!(list_after(&description), RIGHT);
}

#[test]
fn a_list_with_the_build_machines_paths_is_written_anew_where_it_is() {
    let description = format!("{}{LOADERS}Contents/Resources/etc/loaders.cache text\n{LISTED}", app());
    let edits = mended(&description);
    let list = "Contents/Resources/etc/loaders.cache";
    assert!(edits.contains(&format!("remove {list} {list}")), "{edits:#?}");
    assert!(edits.contains(&format!("write_file {list} ")), "{edits:#?}");
    assert_eq!(list_after(&description), RIGHT);
}

#[test]
fn a_loader_that_is_nowhere_stays_listed_and_found_missing() {
    let description = format!("{}Contents/Resources/etc/loaders.cache text\n{LISTED}", app());
    let disk = written(&description);
    let (bundle, plan) = look(&disk.app, &disk.roots);
    let left = plan.remaining.iter().find(|finding| finding.rule == "gtk-loader-missing");
    let message = left.map(|finding| finding.message.as_str()).unwrap_or_default();
    assert!(
        message.contains("The fix looked in /opt/homebrew/lib/gdk-pixbuf-2.0/2.10.0/loaders.cache"),
        "{message}"
    );
    apply(&bundle, &plan, &Progress::silent()).expect("the fix");
    assert!(look(&disk.app, &disk.roots).1.is_empty());
}
