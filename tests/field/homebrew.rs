//! Kegs, links and prefixes of package managers: Homebrew, Nix, split kegs of Qt.

use std::fs;

use crate::app::{App, MAIN};

/// macdylibbundler#56, brotli#934, mpv#10063, OpenMS#8369, USDX#609: libbrotlidec finds its sibling by `@loader_path`, through
/// two links, and every naive script leaves the sibling behind.
#[test]
fn brotli_siblings_by_loader_path_come_along() {
    let app = App::new(&format!(
        "{MAIN}  use /opt/homebrew/opt/brotli/lib/libbrotlidec.1.dylib\n\
         /opt/homebrew/opt/brotli -> ../Cellar/brotli/1.1.0\n\
         /opt/homebrew/Cellar/brotli/1.1.0/lib/libbrotlidec.1.1.0.dylib dylib mode=444\n\
         \x20 id /opt/homebrew/opt/brotli/lib/libbrotlidec.1.dylib\n  use @loader_path/libbrotlicommon.1.dylib\n\
         /opt/homebrew/Cellar/brotli/1.1.0/lib/libbrotlidec.1.dylib -> libbrotlidec.1.1.0.dylib\n\
         /opt/homebrew/Cellar/brotli/1.1.0/lib/libbrotlicommon.1.1.0.dylib dylib mode=444\n\
         \x20 id /opt/homebrew/opt/brotli/lib/libbrotlicommon.1.dylib\n\
         /opt/homebrew/Cellar/brotli/1.1.0/lib/libbrotlicommon.1.dylib -> libbrotlicommon.1.1.0.dylib\n"
    ));
    app.fix();
    assert_eq!(app.frameworks(), ["libbrotlicommon.1.dylib", "libbrotlidec.1.dylib"]);
    let decoder = "Contents/Frameworks/libbrotlidec.1.dylib";
    let common = app.ends_at(decoder, &app.uses(decoder)[0]);
    assert_eq!(common, "Contents/Frameworks/libbrotlicommon.1.dylib");
    assert!(
        !fs::metadata(app.local(decoder)).expect("there").permissions().readonly(),
        "it will be signed again"
    );
    app.assert_starts_anywhere();
}

/// megaglest#394, scantailor-advanced-osx#16: the same by `@rpath`, with an rpath that is relative to the keg's library.
#[test]
fn scantailor_16_siblings_by_an_rpath_of_the_keg_come_along() {
    let app = App::new(&format!(
        "{MAIN}  use /opt/homebrew/opt/protobuf/lib/libprotobuf.25.dylib\n\
         /opt/homebrew/opt/protobuf -> ../Cellar/protobuf/25\n\
         /opt/homebrew/Cellar/protobuf/25/lib/libprotobuf.25.dylib dylib\n  rpath @loader_path/../lib/absl\n\
         \x20 use @rpath/libabsl_base.dylib\n\
         /opt/homebrew/Cellar/protobuf/25/lib/absl/libabsl_base.dylib dylib\n  id @rpath/libabsl_base.dylib\n"
    ));
    app.fix();
    assert_eq!(app.frameworks(), ["libabsl_base.dylib", "libprotobuf.25.dylib"]);
    app.assert_starts_anywhere();
}

/// translateLocally#69, pgmodeler#1751, homebrew-core#65269, #81390, #140930: macdeployqt looked for a plug-in's libraries
/// from the plug-in's new place, where `@loader_path/../../../../lib` leads nowhere. Qt's kegs are split besides.
#[test]
fn homebrew_core_140930_a_librarys_own_rpath_is_followed_from_where_it_was() {
    let app = App::new(&format!(
        "{MAIN}  use /opt/homebrew/share/qt/plugins/platforms/libqcocoa.dylib\n\
         /opt/homebrew/share/qt/plugins/platforms/libqcocoa.dylib -> ../../../../Cellar/qtbase/6.9/share/qt/plugins/platforms/libqcocoa.dylib\n\
         /opt/homebrew/Cellar/qtbase/6.9/share/qt/plugins/platforms/libqcocoa.dylib dylib\n\
         \x20 rpath @loader_path/../../../../lib\n  use @rpath/QtGui.framework/Versions/A/QtGui\n\
         /opt/homebrew/Cellar/qtbase/6.9/lib/QtGui.framework/Versions/A/QtGui dylib\n\
         \x20 id @rpath/QtGui.framework/Versions/A/QtGui\n  use /opt/homebrew/opt/qtsvg/lib/libsvg.dylib\n\
         /opt/homebrew/Cellar/qtbase/6.9/lib/QtGui.framework/Versions/Current -> A\n\
         /opt/homebrew/opt/qtsvg -> ../Cellar/qtsvg/6.9\n/opt/homebrew/Cellar/qtsvg/6.9/lib/libsvg.dylib dylib\n"
    ));
    app.fix();
    assert_eq!(app.frameworks(), ["QtGui.framework", "libqcocoa.dylib", "libsvg.dylib"]);
    assert_eq!(
        app.rpaths("Contents/Frameworks/libqcocoa.dylib"),
        [] as [&str; 0],
        "it led out of the bundle"
    );
    app.assert_starts_anywhere();
}

/// macdylibbundler#12: since 2015 "Ignore frameworks, we can not handle them".
#[test]
fn macdylibbundler_12_a_framework_is_brought_in_whole() {
    let keg = "/opt/homebrew/opt/sdl2/lib/SDL2.framework";
    let app = App::new(&format!(
        "{MAIN}  use {keg}/Versions/A/SDL2\n{keg}/Versions/A/SDL2 dylib\n{keg}/Versions/A/Resources/Info.plist plist\n\
         \x20 key CFBundleExecutable SDL2\n  key CFBundleIdentifier org.libsdl.SDL2\n{keg}/Versions/A/Headers/SDL.h text\n  line int x;\n\
         {keg}/Versions/Current -> A\n{keg}/SDL2 -> Versions/Current/SDL2\n{keg}/Resources -> Versions/Current/Resources\n"
    ));
    app.fix();
    assert_eq!(app.uses("Contents/MacOS/App"), ["@rpath/SDL2.framework/Versions/A/SDL2"]);
    let framework = app.local("Contents/Frameworks/SDL2.framework");
    let link = |name: &str| fs::read_link(framework.join(name)).expect("a link");
    assert_eq!(link("Versions/Current").to_str(), Some("A"));
    assert_eq!(link("SDL2").to_str(), Some("Versions/Current/SDL2"));
    assert_eq!(link("Resources").to_str(), Some("Versions/Current/Resources"));
    assert!(framework.join("Resources/Info.plist").is_file());
    app.assert_starts_anywhere();
}

/// macdylibbundler#83: a second run met "identical (not copied)" and stopped.
#[test]
fn macdylibbundler_83_a_second_run_leaves_every_byte() {
    let app = App::new(&format!(
        "{MAIN}  use /opt/homebrew/lib/libpng.dylib\n/opt/homebrew/lib/libpng.dylib dylib\n"
    ));
    app.fix();
    let once = app.content();
    assert!(app.plan().is_empty());
    app.fix_again();
    assert!(app.content() == once);
}

/// NixOS/nixpkgs#165682, haskell.nix#1239, NixOS/bundlers#7, indexable-inc/index#451: an app that works only with its store.
#[test]
fn nixpkgs_165682_libraries_of_the_store_come_along() {
    let store = "/nix/store/0c3jxkmfz5wdrh2dbhv6w5ckl8v2mnas";
    let app = App::new(&format!(
        "Contents/MacOS/App execute room=0\n  use {store}-gmp-6.3.0/lib/libgmp.10.dylib\n  use {store}-ffi/lib/libffi.8.dylib\n\
         \x20 rpath {store}-ghc/lib\n{store}-gmp-6.3.0/lib/libgmp.10.dylib dylib mode=444\n\
         {store}-ffi/lib/libffi.8.dylib dylib mode=444\n  use {store}-gmp-6.3.0/lib/libgmp.10.dylib\n"
    ));
    app.fix();
    assert_eq!(app.uses("Contents/MacOS/App"), ["@rpath/libgmp.10.dylib", "@rpath/libffi.8.dylib"]);
    assert_eq!(app.frameworks(), ["libffi.8.dylib", "libgmp.10.dylib"]);
    app.assert_starts_anywhere();
}

/// NixOS/bundlers#7: libSystem is wanted from `/usr/lib`, not as a copy.
#[test]
fn nixos_bundlers_7_a_libsystem_of_the_store_is_the_macs_own() {
    let store = "/nix/store/0c3jxkmfz5wdrh2dbhv6w5ckl8v2mnas-Libsystem-11.0.0/lib";
    let app = App::new(&format!(
        "{MAIN}  use {store}/libSystem.B.dylib\n{store}/libSystem.B.dylib dylib\n\
         \x20 reexport /usr/lib/system/libsystem_c.dylib\n"
    ));
    app.fix();
    assert_eq!(app.uses("Contents/MacOS/App"), [] as [&str; 0]);
    assert!(!app.path.join("Contents/Frameworks").exists(), "no second libSystem in the app");
}

/// Craft and every universal app on Homebrew: the bottles hold one architecture. What works for that one is brought in, and
/// the other is said to lack it.
#[test]
fn homebrew_bottles_of_one_architecture_serve_that_half_of_a_universal_app() {
    let app = App::new(
        "Contents/MacOS/App execute x86_64 arm64\n  rpath /opt/homebrew/lib\n  use /opt/homebrew/lib/libjxl.dylib\n\
         \x20 use @rpath/libhwy.dylib\n\
         /opt/homebrew/lib/libjxl.dylib dylib\n  use /opt/homebrew/lib/libhwy.dylib\n/opt/homebrew/lib/libhwy.dylib dylib\n",
    );
    app.fix();
    assert_eq!(app.frameworks(), ["libhwy.dylib", "libjxl.dylib"]);
    assert_eq!(app.uses("Contents/MacOS/App"), ["@rpath/libjxl.dylib", "@rpath/libhwy.dylib"]);
    assert_eq!(app.rpaths("Contents/MacOS/App"), ["@executable_path/../Frameworks"]);
    let lacking = app.found("missing-architecture");
    assert!(!lacking.is_empty() && lacking.iter().all(|one| one.title.contains("x86_64")), "{lacking:#?}");
}
