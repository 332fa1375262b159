//! LC_RPATH: twice, of the build machine, different from slice to slice.

use bundlewright::dyld::OsProfile;

use crate::app::{App, MAIN};
use crate::bytes::written;

/// As dylibbundler writes it.
const BUNDLED: &str = "@executable_path/../Frameworks/";

/// dune3d/dune3d#307, #306, #309: dylibbundler turns each LC_RPATH into the same one; on macOS 26 the app starts nowhere.
#[test]
fn dune3d_307_a_duplicate_rpath_is_left_once() {
    let rpaths = format!("  rpath {BUNDLED}\n").repeat(3);
    let app = App::new(&format!(
        "Contents/MacOS/App execute sdk=26.0\n{rpaths}  use @rpath/libocc.dylib\n\
         Contents/Frameworks/libocc.dylib dylib sdk=26.0\n{rpaths}  rpath @loader_path\n"
    ));
    assert!(!app.starts(OsProfile::MacOs26));
    app.fix();
    assert_eq!(app.rpaths("Contents/MacOS/App"), [BUNDLED]);
    assert_eq!(app.rpaths("Contents/Frameworks/libocc.dylib"), [BUNDLED, "@loader_path"]);
    app.assert_starts_anywhere();
}

/// SimoHypers/limusic#178: the same in one slice of a universal library; the other slice stays as it is.
#[test]
fn limusic_178_the_duplicate_goes_from_the_slice_that_has_it() {
    let library = "Contents/Frameworks/libtag.dylib";
    let app = App::new(&format!(
        "Contents/MacOS/App execute x86_64 arm64\n  rpath {BUNDLED}\n  use @rpath/libtag.dylib\n\
         {library} dylib x86_64 room=0\n  rpath @loader_path\n\
         {library} dylib arm64 room=0\n  rpath @loader_path\n  rpath @loader_path/sub\n  rpath @loader_path\n\
         Contents/Frameworks/sub/libid.dylib dylib x86_64 arm64\n"
    ));
    app.fix();
    let after = app.bytes(library);
    assert_eq!(written(&after)[1].rpaths(), ["@loader_path", "@loader_path/sub"]);
    assert_eq!(written(&after)[0].rpaths(), ["@loader_path"]);
}

/// facebook/zstd#4369, conda/conda-build#5671, rattler-build#1955, ziglang/zig#25152, jdolan/quetoo#1065: build tools leave
/// `-Wl,-rpath` of the prefix twice, and next to it the relative one.
#[test]
fn conda_build_5671_the_prefix_goes_however_often_it_stands_there() {
    let app = App::new(
        "Contents/MacOS/App execute\n  rpath /opt/conda/lib\n  rpath /opt/conda/lib\n  use @rpath/libzstd.1.dylib\n\
         /opt/conda/lib/libzstd.1.dylib dylib room=0\n  id @rpath/libzstd.1.dylib\n\
         \x20 rpath @loader_path/\n  rpath /opt/conda/lib\n  rpath @loader_path/\n",
    );
    app.fix();
    assert_eq!(app.rpaths("Contents/MacOS/App"), ["@executable_path/../Frameworks"]);
    assert_eq!(app.rpaths("Contents/Frameworks/libzstd.1.dylib"), ["@loader_path/"]);
    app.assert_starts_anywhere();
}

/// iina/iina#5416, love2d/love#1737: Gatekeeper follows LC_RPATH and rejects what leads out of a notarized app.
#[test]
fn iina_5416_rpaths_that_lead_out_of_the_bundle_are_deleted() {
    let app = App::new(&format!(
        "{MAIN}  use @rpath/libmpv.2.dylib\nContents/Frameworks/libmpv.2.dylib dylib\n  use @loader_path/libass.9.dylib\n\
         \x20 rpath /Users/builder/iina/deps/lib\n  rpath @loader_path/../../../../lib\n\
         \x20 rpath /usr/lib/swift\nContents/Frameworks/libass.9.dylib dylib\n"
    ));
    app.fix();
    assert_eq!(app.rpaths("Contents/Frameworks/libmpv.2.dylib"), ["/usr/lib/swift"], "macOS's own may stay");
    assert_eq!(app.found("rpath-outside-bundle"), []);
    app.assert_starts_anywhere();
}

/// auriamg/macdylibbundler#68, alibuild#727, OpenRV#532: otool lists an rpath once for each architecture, and the second
/// `-delete_rpath` fails. Here the slices do not even have the same ones.
#[test]
fn macdylibbundler_68_an_rpath_of_each_slice_is_edited_in_each_slice() {
    let main = "Contents/MacOS/App";
    let app = App::new(&format!(
        "{main} execute x86_64\n  rpath /opt/homebrew/lib\n  rpath /Users/builder/lib\n  use @rpath/libaom.3.dylib\n\
         {main} execute arm64\n  rpath /Users/builder/lib\n  use @rpath/libaom.3.dylib\n\
         /Users/builder/lib/libaom.3.dylib dylib x86_64 arm64\n"
    ));
    app.fix();
    let file = app.bytes(main);
    for slice in written(&file) {
        assert_eq!(slice.rpaths(), ["@executable_path/../Frameworks"]);
    }
    app.assert_starts_anywhere();
}

/// macdylibbundler#88, MeshLib#6821: an absolute LC_RPATH was never tried, "37 warnings per build".
#[test]
fn macdylibbundler_88_what_an_absolute_rpath_finds_is_brought_in() {
    let app = App::new(
        "Contents/MacOS/App execute\n  rpath /usr/local/lib\n  rpath /opt/local/lib\n  use @rpath/libgdcm.3.0.dylib\n\
         /opt/local/lib/libgdcm.3.0.dylib dylib\n  rpath /opt/local/lib/gdcm\n  use @rpath/libsocketxx.1.2.dylib\n\
         /opt/local/lib/gdcm/libsocketxx.1.2.dylib dylib\n",
    );
    app.fix();
    assert_eq!(app.frameworks(), ["libgdcm.3.0.dylib", "libsocketxx.1.2.dylib"]);
    assert_eq!(app.rpaths("Contents/Frameworks/libgdcm.3.0.dylib"), [] as [&str; 0]);
    app.assert_starts_anywhere();
}

/// delocate#271: an rpath of the executable serves the libraries below it, with its `@loader_path` bound to the executable.
#[test]
fn delocate_271_an_rpath_inherited_from_the_executable_finds_what_a_library_needs() {
    let app = App::new(
        "Contents/MacOS/App execute\n  rpath @loader_path/../Frameworks\n  rpath /opt/tiff/lib\n  use @rpath/deep/libimage.dylib\n\
         Contents/Frameworks/deep/libimage.dylib dylib\n  id @rpath/deep/libimage.dylib\n  use @rpath/libleaf.dylib\n\
         \x20 use @rpath/libtiff.6.dylib\nContents/Frameworks/libleaf.dylib dylib\n/opt/tiff/lib/libtiff.6.dylib dylib\n",
    );
    app.fix();
    let image = "Contents/Frameworks/deep/libimage.dylib";
    assert_eq!(app.uses(image), ["@rpath/libleaf.dylib", "@rpath/libtiff.6.dylib"]);
    assert_eq!(app.ends_at(image, "@rpath/libtiff.6.dylib"), "Contents/Frameworks/libtiff.6.dylib");
    assert_eq!(app.rpaths("Contents/MacOS/App"), ["@loader_path/../Frameworks"]);
    app.assert_starts_anywhere();
}

/// ruby-macho#356, #436, #41: of equal rpaths the first is searched first, so it is the later ones that go.
#[test]
fn ruby_macho_356_of_equal_rpaths_the_first_keeps_its_place() {
    let app = App::new(
        "Contents/MacOS/App execute\n  rpath @executable_path/../lib/new\n  rpath @executable_path/../Frameworks\n\
         \x20 rpath @executable_path/../lib/new\n  use @rpath/libtwo.dylib\nContents/lib/new/libtwo.dylib dylib\n\
         Contents/Frameworks/libtwo.dylib dylib\n",
    );
    let there = app.ends_at("Contents/MacOS/App", "@rpath/libtwo.dylib");
    app.fix();
    let expected = ["@executable_path/../lib/new", "@executable_path/../Frameworks"];
    assert_eq!(app.rpaths("Contents/MacOS/App"), expected);
    assert_eq!(app.ends_at("Contents/MacOS/App", "@rpath/libtwo.dylib"), there);
}
