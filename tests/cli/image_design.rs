//! What `dmg` says of an image before it is built, as a script sees it.

use std::fs;

use serde_json::Value;

use super::run;
use crate::common::unpack;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_dry_run_says_what_will_look_wrong_and_writes_nothing() {
    let fixture = unpack("rp");
    let (app, out) = (fixture.app("Rp"), fixture.path().join("x.dmg"));
    let (app, out) = (app.to_str().expect("a path"), out.to_str().expect("a path"));
    let flags =
        ["dmg", app, "-o", out, "--dry-run", "--background-color", "black", "--place", "Rp.app=900,20"];
    let said = run(flags);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("warning: Rp.app is outside of the window (outside-window)"), "{}", said.out);
    assert!(!fs::exists(out).expect("a folder"));
    let document = json(&run(flags.into_iter().chain(["--json"])).out);
    let lints = document["lints"].as_array().expect("a list");
    let moved = lints.iter().find(|lint| lint["code"] == "outside-window").expect("the lint");
    assert!(moved["mend"].as_str().is_some_and(|mend| mend.starts_with("Move Rp.app to ")), "{moved}");
    assert!(lints.iter().any(|lint| lint["code"] == "label-contrast" && lint["severity"] == "warning"));

    let built = run(["dmg", app, "-o", out, "--background-color", "black"]);
    assert_eq!(built.code, 0, "{built:?}");
    assert!(
        built.out.contains("mind: The label of Applications has a contrast of 1.0 to 1"),
        "{}",
        built.out
    );
    let usual = run(["dmg", app, "-o", out, "--json"]);
    let lints = json(&usual.out)["lints"].as_array().expect("a list").clone();
    assert!(lints.iter().all(|lint| lint["severity"] == "info"), "{lints:?}");
    assert!(run(["dmg", app]).err.contains("--output"), "an image needs a place");
}
