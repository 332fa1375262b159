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

#[test]
fn an_image_is_built_anew_with_what_is_in_it_and_another_layout() {
    let fixture = unpack("rp");
    let file = |name: &str| fixture.path().join(name).to_str().expect("a path").to_owned();
    let (app, one, two) = (fixture.app("Rp"), file("one.dmg"), file("two.dmg"));
    let app = app.to_str().expect("a path");
    fs::write(file("Read me.txt"), "Hello").expect("a file");
    let flags = ["--add", &file("Read me.txt"), "--hide-extension", "Read me.txt", "--link", "Docs=/Library"];
    let built = run(["dmg", app, "-o", &one, "--format", "udzo"].into_iter().chain(flags));
    assert_eq!(built.code, 0, "{built:?}");
    assert_eq!(run(["dmg", &one, "-o", &two]).code, 0);
    assert!(fs::read(&one).expect("an image") == fs::read(&two).expect("an image"), "nothing was changed");
    let changed = run(["dmg", &one, "-o", &two, "--place", "Docs=80,90", "--format", "ulmo", "--json"]);
    assert_eq!(changed.code, 0, "{changed:?}");
    assert_eq!(
        (json(&changed.out)["files"].as_u64(), run(["verify", &two]).code),
        (json(&run(["dmg", &one, "-o", &two, "--json"]).out)["files"].as_u64(), 0)
    );
    assert_eq!(run(["compare", &one, &two]).code, 0, "the same files are in both");

    let refused = run(["dmg", &one, "-o", &one]);
    assert!(refused.code == 3 && refused.err.contains("is the image that is read for it"), "{refused:?}");
    let refused = run(["dmg", &one, "-o", &two, "--hide-extension", "x"]);
    assert!(
        refused.code == 2 && refused.err.contains("the volume has Rp.app, Applications, Read me.txt, Docs"),
        "{refused:?}"
    );
    let estimates = json(&run(["dmg", &one, "--dry-run", "--json"]).out)["estimates"].clone();
    let chosen = estimates.as_array().expect("a list").iter().find(|one| one["chosen"] == true).expect("one");
    let built = fs::metadata(&one).expect("an image").len();
    assert!(chosen["bytes"].as_u64().is_some_and(|bytes| bytes.abs_diff(built) < 1024), "{chosen} {built}");
}

#[test]
fn a_design_of_another_tool_is_taken_over_and_what_is_not_is_named() {
    let fixture = unpack("rp");
    let file = |name: &str| fixture.path().join(name).to_str().expect("a path").to_owned();
    let (app, out, script) = (fixture.app("Rp"), file("x.dmg"), file("make-image.sh"));
    let text = "create-dmg --volname 'Rp 2' --icon Other.app 100 120 --app-drop-link 380 120 --codesign me Rp.dmg dist";
    fs::write(&script, text).expect("a file");
    let built = run(["dmg", app.to_str().expect("a path"), "-o", &out, "--import", &script]);
    assert_eq!(built.code, 0, "{built:?}");
    assert!(built.err.contains("--codesign is not taken over"), "{}", built.err);
    assert!(built.out.contains("Volume \"Rp 2\"") && !built.out.contains("mind:"), "{}", built.out);
    let said = json(&run(["dmg", &out, "--dry-run", "--json"]).out);
    let lints = said["lints"].as_array().expect("a list");
    assert!(lints.iter().all(|lint| lint["severity"] == "info"), "every icon has its place: {lints:?}");
}
