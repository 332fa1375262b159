//! What the search of `generated.rs` found, each made small.

use crate::app::{App, MAIN};

/// The executable has no room for another rpath, so `@rpath/liby.dylib` would find what its old rpath leads to.
#[test]
fn a_reference_never_goes_to_a_namesake_that_another_rpath_finds() {
    let user = "Contents/Frameworks/libuser.dylib";
    let app = App::new(&format!(
        "Contents/MacOS/App execute room=0\n  rpath /opt/a\n  use @loader_path/../Frameworks/libuser.dylib\n\
         {user} dylib\n  use /Users/me/liby.dylib\n/opt/a/liby.dylib dylib\n  line another\n\
         /Users/me/liby.dylib dylib\n  line the right one\n"
    ));
    app.fix();
    assert_eq!(app.text_of(user, &app.uses(user)[0]), "the right one");
    app.assert_starts_anywhere();
}

/// What stays outside for want of room still needs the rpath through which it finds its own libraries.
#[test]
fn an_rpath_stays_while_what_stays_outside_is_found_through_it() {
    let app = App::new(
        "Contents/MacOS/App execute room=24\n  rpath /opt/b\n  use @loader_path/../Frameworks/libx.dylib\n\
         Contents/Frameworks/libx.dylib dylib room=0\n  use /opt/b/libx.dylib\n\
         /opt/b/libx.dylib dylib\n  use @rpath/libz.dylib\n/opt/b/libz.dylib dylib\n  use @rpath/deep/libx.dylib\n",
    );
    let missing = |app: &App| app.found("missing-library").len();
    let before = missing(&app);
    let plan = app.fix();
    assert!(missing(&app) <= before, "{:#?}", plan.remaining);
}

/// A new install name takes nothing away from those who found the library by its old one.
#[test]
fn who_found_a_library_by_its_old_install_name_still_does() {
    let user = "Contents/Frameworks/libuser.dylib";
    let app = App::new(&format!(
        "{MAIN}  use @rpath/deep/libx.dylib\n  use @rpath/libuser.dylib\n\
         Contents/Frameworks/deep/libx.dylib dylib\n  id @rpath/libx.dylib\n  line the deep one\n\
         {user} dylib\n  use @rpath/libx.dylib\nContents/Frameworks/libx.dylib dylib\n  line the other one\n"
    ));
    app.fix();
    assert_eq!(app.text_of(user, &app.uses(user)[0]), "the deep one");
}
