//! The JSON documents have every field of the contract, with its type.

use std::ffi::OsStr;

use serde_json::{Value, json};

use super::{on, run};
use crate::common::{unpack, unpack_sample};

/// `shape` holds at each place the name of a type ("text", "text?", "whole", "yes/no", or words separated by "|"), a
/// list with the shape of its items, or an object whose fields must all be there. Further fields are allowed.
fn assert_shape(value: &Value, shape: &Value, place: &str) {
    match shape {
        Value::Object(fields) => {
            assert!(value.is_object(), "{place} is {value}");
            for (name, shape) in fields {
                let field = value.get(name).unwrap_or_else(|| panic!("{place} lacks {name}: {value}"));
                assert_shape(field, shape, &format!("{place}.{name}"));
            }
        }
        Value::Array(item) => {
            let items = value.as_array().unwrap_or_else(|| panic!("{place} is {value}"));
            items.iter().for_each(|value| assert_shape(value, &item[0], &format!("{place}[]")));
        }
        Value::String(kind) => assert!(is_a(value, kind), "{place} is {value}, not {kind}"),
        _ => assert_eq!(value, shape, "{place}"),
    }
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "text" => value.is_string(),
        "text?" => value.is_string() || value.is_null(),
        "whole" => value.is_u64(),
        "yes/no" => value.is_boolean(),
        words => value.as_str().is_some_and(|text| words.split('|').any(|word| word == text)),
    }
}

fn finding() -> Value {
    json!({
        "rule": "text", "severity": "error|warning|info", "subject": "text", "arch": "text?", "message": "text",
        "fixable": "yes/no"
    })
}

fn inspection() -> Value {
    let candidate = json!({ "rule": "text", "declared_by": "text?", "tried": "text", "outcome": "text" });
    let used = json!({
        "name": "text", "kind": "required|weak|reexport|upward|lazy|delayed", "compatibility": "text",
        "current": "text",
        "resolution": {
            "state": "bundled|external|system|missing|not-loaded", "path": "text?", "candidates": [candidate]
        }
    });
    let slice = json!({
        "arch": "text", "file_type": "text", "platform": "text?", "min_os": "text?", "sdk": "text?",
        "uuid": "text?", "install_name": "text?", "rpaths": ["text"], "header_room": "whole",
        "signature": {
            "state": "none|linker|adhoc|cms|invalid", "identifier": "text?", "team": "text?", "flags": ["text"]
        },
        "uses": [used]
    });
    json!({
        "schema": 1, "bundle": "text", "identifier": "text?", "version": "text?", "minimum_system": "text?",
        "executable": "text?",
        "images": [{ "path": "text", "origin": "bundled|external|system", "slices": [slice] }],
        "findings": [finding()],
        "launch": [{ "entry": "text", "arch": "text", "ok": "yes/no", "message": "text?" }]
    })
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn inspect_is_as_promised_on_every_fixture() {
    for (name, apps) in [
        ("t1", vec!["T1"]),
        ("rp", vec!["Rp"]),
        ("wx", vec!["Wx"]),
        ("col", vec!["Col"]),
        (
            "faults",
            vec!["fat64", "load-kinds", "many-executables", "missing-executable", "truncated-library"],
        ),
    ] {
        let fixture = unpack(name);
        for app in apps {
            let answer = on(&fixture, "inspect --json", &fixture.app(app));
            let document = parsed(&answer.out);
            assert_shape(&document, &inspection(), app);
            let errors = document["findings"]
                .as_array()
                .is_some_and(|all| all.iter().any(|finding| finding["severity"] == "error"));
            assert_eq!(answer.code, i32::from(errors), "{app}");
            assert_eq!(answer.err, "", "{app}");
        }
    }
}

#[test]
fn inspect_says_where_everything_comes_from() {
    let fixture = unpack("t1");
    let document = parsed(&on(&fixture, "inspect --json", &fixture.app("T1")).out);
    assert_eq!(document["executable"], "Contents/MacOS/brewed");
    assert_eq!(document["minimum_system"], "11.0");
    let images = document["images"].as_array().expect("images");
    let origins: Vec<&str> = images.iter().filter_map(|image| image["origin"].as_str()).collect();
    assert_eq!(origins, ["bundled", "external", "external", "external", "external", "external"]);
    let main = &images[0]["slices"][0];
    assert_eq!(
        (&main["arch"], &main["file_type"], &main["min_os"]),
        (&json!("arm64"), &json!("execute"), &json!("11.0"))
    );
    assert_eq!(main["rpaths"], json!(["/opt/homebrew/opt/baz/lib"]));
    let baz = &main["uses"].as_array().expect("uses")[3];
    assert_eq!(baz["name"], "@rpath/libbaz.dylib");
    assert_eq!(baz["resolution"]["state"], "external");
    let candidate = &baz["resolution"]["candidates"][0];
    assert_eq!(candidate["rule"], "rpath");
    assert_eq!(candidate["declared_by"], "Contents/MacOS/brewed");
    assert_eq!(document["launch"][0]["ok"], false);
    let said = document["launch"][0]["message"].as_str().expect("what dyld prints");
    assert!(said.starts_with("Library not loaded: /opt/homebrew/opt/foo/lib/libfoo.1.dylib"), "{said}");
}

fn crash() -> Value {
    let mut finding = finding();
    finding["images"] = json!(["whole"]);
    json!({
        "process": "text?", "path": "text?", "os": "text?", "arch": "text?",
        "images": [{ "path": "text?", "name": "text", "uuid": "text?", "origin": "text" }],
        "findings": [finding],
        "duplicates": [{
            "name": "text", "certainty": "certain|likely|possible", "why": "text", "images": ["whole"], "pulled_in_by": ["text"]
        }]
    })
}

#[test]
fn a_crash_report_is_as_promised_alone_and_with_others() {
    let fixture = unpack_sample();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let (twice, missing) =
        (format!("{folder}/transcripts/quill-twice.crash"), format!("{folder}/crash-reports/missing.ips"));
    let app = fixture.app("Postcard");
    let app = app.to_string_lossy().into_owned();
    let crash_of = |words: &[&str]| run(["crash", "--json"].iter().chain(words).map(OsStr::new));
    let answer = crash_of(&[&twice, "--bundle", &app]);
    let document = parsed(&answer.out);
    assert_shape(&document, &crash(), "crash");
    assert_eq!((answer.code, &document["schema"]), (1, &json!(1)));
    assert_eq!(document["duplicates"][0]["pulled_in_by"], json!(["Contents/PlugIns/delivery/libairmail.so"]));
    assert_eq!(document["bundle"]["this_build"], "yes");
    let alone = parsed(&crash_of(&[&missing]).out);
    let end = json!({ "namespace": "DYLD", "code": 1, "message": "Library missing" });
    assert_eq!(alone["termination"], end);
    let both = parsed(&crash_of(&[&twice, &missing]).out);
    let shape =
        json!({ "schema": 1, "reports": [crash()], "groups": [{ "cause": "text", "reports": ["whole"] }] });
    assert_shape(&both, &shape, "crash of two");
}

#[test]
fn the_other_documents_are_as_promised() {
    let fixture = unpack_sample();
    let app = fixture.app("Postcard");
    let check = parsed(&on(&fixture, "check --json", &app).out);
    assert_shape(&check, &json!({ "schema": 1, "bundle": "text", "findings": [finding()] }), "check");
    assert!(check.get("images").is_none());

    let plan = parsed(&on(&fixture, "fix --dry-run --json", &app).out);
    let edit = json!({
        "kind": "copy_file|copy_framework|set_id|change_use|add_rpath|replace_rpath|delete_rpath|symlink|remove|move|set_mode|info_plist|sign",
        "path": "text", "arch": "text?", "from": "text?", "to": "text?", "reason": "text"
    });
    assert_shape(&plan, &json!({ "schema": 1, "edits": [edit], "remaining": [finding()] }), "fix");
    assert!(plan["edits"].as_array().is_some_and(|edits| !edits.is_empty()));
    let signed = plan["sign"].as_array().expect("signatures").iter().filter_map(|step| step["path"].as_str());
    let signed: Vec<&str> = signed.collect();
    let once: std::collections::BTreeSet<&str> = signed.iter().copied().collect();
    assert_eq!(signed.len(), once.len(), "nothing is signed twice: {signed:?}");

    let verify = parsed(&run(["verify".as_ref(), app.as_os_str(), "--json".as_ref()]).out);
    let problem = json!({ "path": "text", "arch": "text?", "code": "text", "message": "text" });
    assert_shape(
        &verify,
        &json!({ "schema": 1, "ok": "yes/no", "checks": "whole", "problems": [problem] }),
        "verify",
    );

    let launch = parsed(&on(&fixture, "launch --json", &app).out);
    let one =
        json!({ "entry": "text", "arch": "text", "ok": "yes/no", "message": "text?", "loads": ["text"] });
    assert_shape(&launch, &json!({ "schema": 1, "launch": [one] }), "launch");

    let why = parsed(&on(&fixture, "why write-postcard libstamp.1.dylib --json", &app).out);
    let resolution =
        json!({ "state": "text", "path": "text?", "candidates": [{ "tried": "text", "outcome": "text" }] });
    let shape = json!({ "schema": 1, "image": "text", "name": "text", "resolution": resolution.clone(), "elsewhere": resolution });
    assert_shape(&why, &shape, "why");
    assert_eq!(
        (&why["resolution"]["state"], &why["elsewhere"]["state"]),
        (&json!("external"), &json!("bundled"))
    );

    maps_are_as_promised(&parsed(&on(&fixture, "map --network --why libstamp.1.dylib --json", &app).out));

    let rules = parsed(&run(["rules", "--json"]).out);
    let rule = json!({ "id": "text", "title": "text", "severity": "error|warning|info", "doc": "text" });
    assert_shape(&rules, &json!({ "schema": 1, "rules": [rule.clone()], "preflight": [rule] }), "rules");
}

#[test]
fn the_preflight_is_as_promised() {
    let fixture = unpack_sample();
    let run = run(["preflight".as_ref(), fixture.app("Postcard").as_os_str(), "--json".as_ref()]);
    let preflight = parsed(&run.out);
    let hit = json!({ "path": "text", "archs": ["text"], "message": "text" });
    let check = json!({
        "id": "text", "title": "text", "severity": "error|warning|info", "outcome": "passed|failed|unseen",
        "apple": "text?", "advice": "text", "why": "text?", "hits": [hit]
    });
    let command = json!({ "place": "mac|anywhere", "command": "text", "why": "text" });
    let shape = json!({
        "schema": 1, "name": "Postcard.app", "kind": "app|disk-image|code|folder", "rejected": true, "files": 4,
        "archives": "whole", "signers": ["text"], "checks": [check], "next": [command]
    });
    assert_shape(&preflight, &shape, "preflight");
    assert_eq!(run.code, 1);
}

fn maps_are_as_promised(maps: &Value) {
    let kind = "required|weak|reexport|upward|lazy|delayed";
    let step = json!({ "image": "text", "name": "text", "kind": kind });
    let chain = json!({ "entry": "text", "kind": "main|plug-in", "archs": ["text"], "steps": [step] });
    let user = json!({ "image": "text", "name": "text", "kind": kind, "archs": ["text"] });
    let why =
        json!({ "image": "text", "weak_only": "yes/no", "users": [user], "chains": [chain], "more": 0 });
    let node = json!({ "kind": "image|of-host|system|missing|systems|leaves|others", "names": ["text"], "layer": "whole" });
    let edge = json!({ "from": "whole", "to": "whole", "kind": kind, "references": "whole" });
    assert_shape(
        maps,
        &json!({ "schema": 1, "why": why, "network": { "nodes": [node], "edges": [edge] } }),
        "map",
    );
    assert!(maps.get("size").is_none(), "only the maps asked for");
    let places = maps["network"]["nodes"].as_array().expect("nodes").iter();
    assert!(places.clone().all(|node| node["x"].is_f64() && node["y"].is_f64()));
}

#[test]
fn the_summary_has_every_map_but_the_network() {
    let fixture = unpack_sample();
    let maps = parsed(&on(&fixture, "map --json", &fixture.app("Postcard")).out);
    let slice = json!({ "arch": "text", "bytes": "whole" });
    let image = json!({ "path": "text", "bytes": "whole", "exclusive": "whole", "slices": [slice] });
    let direct = json!({ "image": "text", "bytes": "whole", "exclusive": "whole", "images": "whole", "shared": "yes/no" });
    let launch = json!({ "entry": "text", "arch": "text", "own": "whole", "total": "whole", "shared": "whole", "direct": [direct] });
    let culprit = json!({ "image": "text", "minimum": "text", "opened_later": "yes/no" });
    let program = json!({
        "entry": "text", "arch": "text", "promised": "text?", "to_start": "text?", "to_open_all": "text?",
        "ok": "yes/no", "culprits": [culprit]
    });
    let cell = json!({ "state": "loaded|idle|absent|lacking" });
    let lack = json!({ "image": "text", "arch": "text", "asked_by": "text", "entry": "text" });
    let matrix =
        json!({ "archs": ["text"], "rows": [{ "image": "text", "cells": [cell] }], "lacks": [lack] });
    let mention = json!({ "file": "text", "name": "text" });
    let unused = json!({
        "path": "text", "bytes": "whole", "standing": "named|plug-in|needed-by-those|nothing", "users": ["text"],
        "named_in": [mention]
    });
    let shape = json!({
        "schema": 1, "size": { "code": "whole", "other": "whole", "images": [image], "launch": launch },
        "minimum_system": [program], "architectures": matrix, "unused": [unused]
    });
    assert_shape(&maps, &shape, "map");
    assert!(maps["cycles"].is_array() && maps.get("network").is_none());
}

#[test]
fn compare_is_as_promised() {
    let twice = unpack("twice");
    let app = |folder: &str| twice.path().join(folder).join("Twice.app");
    let compare = |left: &str, right: &str| {
        let answer = run(["compare".into(), app(left).into_os_string(), app(right).into(), "--json".into()]);
        (answer.code, parsed(&answer.out))
    };
    let difference = json!({
        "path": "text", "arch": "text?", "field": "text", "change": "changed|added|removed|moved",
        "class": "always|environment|linkage|format|content|signature", "left": "text", "right": "text",
        "explanation": "text", "code": "yes/no"
    });
    let shape = json!({
        "schema": 1, "equal": "yes/no", "same_code": "yes/no", "verdict": "text", "differences": [difference]
    });
    for (right, code, same) in
        [("again", 0, true), ("rebuilt", 1, true), ("relinked", 1, true), ("other", 1, false)]
    {
        let (exit, document) = compare("first", right);
        assert_shape(&document, &shape, right);
        assert_eq!(
            (exit, &document["equal"], &document["same_code"]),
            (code, &json!(code == 0), &json!(same))
        );
    }
    let (_, rebuilt) = compare("first", "rebuilt");
    let uuid = rebuilt["differences"].as_array().expect("a list").iter().find(|it| it["field"] == "LC_UUID");
    let uuid = uuid.expect("the linker made another one");
    assert_eq!(
        (&uuid["class"], &uuid["path"]),
        (&json!("always"), &json!("Contents/Frameworks/libone.dylib"))
    );
}
