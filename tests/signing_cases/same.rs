//! The same bytes, whoever signs and however many threads do it.

use std::collections::BTreeMap;

use crate::app::{App, MAIN, What};

/// With code at every depth, so that there is something to do at once.
fn motley() -> App {
    let app = App::new();
    app.add_framework("Contents/Frameworks/Bar.framework");
    for number in 0..7 {
        app.write(&format!("Contents/Frameworks/lib{number}.dylib"), app.library());
        app.write(&format!("Contents/Resources/{number}/data"), vec![number as u8; 100_000]);
    }
    app.add_info_plist("Contents/Resources/Helper.app/Contents/Info.plist", "org.example.helper", "helper");
    app.write("Contents/Resources/Helper.app/Contents/MacOS/helper", app.read(MAIN));
    app.add_info_plist("Contents/Frameworks/data.bundle/Contents/Info.plist", "org.example.data", "none");
    app
}

fn contents(app: &App) -> BTreeMap<String, What> {
    app.listing().into_iter().map(|(path, entry)| (path, entry.what)).collect()
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let signed_by = |threads| {
        let app = motley();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| app.sign());
        contents(&app)
    };
    let first = signed_by(1);
    for threads in [1, 2, 5] {
        assert!(signed_by(threads) == first, "{threads} threads");
    }
}

#[test]
fn signing_again_changes_no_byte() {
    let app = motley();
    app.sign();
    let once = contents(&app);
    app.sign();
    assert!(contents(&app) == once);
}
