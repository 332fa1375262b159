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

/// Two names of one file, and one of them is the name of another library: no link can be made there.
#[test]
fn a_link_never_takes_the_place_of_another_library() {
    let app = App::new(
        "Contents/MacOS/App execute\n  use /opt/b/libz.dylib\n  use /opt/link/libz.dylib\n  use /Users/me/libz.dylib\n\
         \x20 use /opt/b/liby.dylib\n/opt/b/libreal.dylib dylib\n  line the real one\n/opt/b/libz.dylib -> libreal.dylib\n\
         /opt/b/liby.dylib -> libreal.dylib\n/opt/link -> b\n/Users/me/libz.dylib dylib\n  line another\n",
    );
    app.fix();
    let texts = app.uses("Contents/MacOS/App");
    let texts: Vec<String> = texts.iter().map(|name| app.text_of("Contents/MacOS/App", name)).collect();
    assert_eq!(texts, ["the real one", "the real one", "another", "the real one"]);
    app.assert_starts_anywhere();
}

/// A reference is not pointed at whatever else has the name while its own rewriting waits for room.
#[test]
fn what_does_not_fit_at_first_is_not_pointed_at_a_namesake() {
    let app = App::new(
        "Contents/MacOS/App execute room=0\n  use @rpath/libx.dylib\n  rpath /opt/a\n\
         \x20 use @loader_path/../Frameworks/libx.dylib\nContents/Frameworks/libx.dylib dylib\n\
         /opt/a/libx.dylib dylib\n  line the right one\n",
    );
    app.fix();
    assert_eq!(app.text_of("Contents/MacOS/App", &app.uses("Contents/MacOS/App")[0]), "the right one");
    app.assert_starts_anywhere();
}
