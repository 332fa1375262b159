//! Our reader against an independent one, over a folder of real Mach-O files.
//!
//! Needs files that are not in the repository, so it is ignored by default:
//! `BUNDLEWRIGHT_CORPUS=FOLDER BUNDLEWRIGHT_ORACLE=FILE cargo test --test oracle -- --ignored`, where FILE holds one JSON
//! object for each slice under FOLDER, as macholib or another reader sees it (the fields are those of [`compare`]).

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bundlewright::macho::edit::{edit_file, edit_model};
use bundlewright::macho::{
    self, Container, InstallName, LoadCommandEdit, LoadKind, MachFile, Rpath, SignatureState, Slice,
};
use serde_json::{Value, json};

fn path_from(variable: &str) -> PathBuf {
    std::env::var_os(variable).map(PathBuf::from).unwrap_or_else(|| panic!("{variable} must name a path"))
}

#[test]
#[ignore = "needs BUNDLEWRIGHT_CORPUS and BUNDLEWRIGHT_ORACLE"]
fn every_field_of_every_slice_is_what_the_oracle_says() {
    let corpus = path_from("BUNDLEWRIGHT_CORPUS");
    let oracle = std::fs::read_to_string(path_from("BUNDLEWRIGHT_ORACLE")).expect("the oracle's lines");
    let mut expected: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in oracle.lines() {
        let slice: Value = serde_json::from_str(line).expect("one JSON object on each line");
        expected.entry(slice["path"].as_str().expect("a path").to_owned()).or_default().push(slice);
    }
    let (mut mismatches, mut slices, mut fields) = (Vec::new(), 0, 0);
    for (path, wanted) in &expected {
        let bytes = std::fs::read(corpus.join(path)).expect("a file that the oracle names");
        match macho::read(&bytes) {
            Err(error) => mismatches.push(format!("{path}: {error}, but the oracle says {wanted:?}")),
            Ok(file) if file.slices.len() != wanted.len() => {
                mismatches.push(format!("{path}: number of slices"))
            }
            Ok(file) => {
                for (slice, wanted) in file.slices.iter().zip(wanted) {
                    slices += 1;
                    fields += compare(path, &file, slice, wanted, &mut mismatches);
                }
            }
        }
    }
    let found: BTreeSet<String> = macho_files(&corpus);
    let named: BTreeSet<String> = expected.keys().cloned().collect();
    mismatches
        .extend(found.symmetric_difference(&named).map(|path| format!("{path}: Mach-O for one of us only")));
    println!("{} files, {slices} slices, {fields} fields, {} mismatches", expected.len(), mismatches.len());
    assert!(slices > 0, "an empty corpus proves nothing");
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

/// Edits that move every name of a slice: shorter, longer, gone and new ones.
fn edits(slice: &Slice) -> Vec<LoadCommandEdit> {
    let id = slice
        .install_name
        .iter()
        .map(|id| LoadCommandEdit::SetId(InstallName::new(format!("@rpath/renamed/{}", id.leaf()))));
    let names: BTreeSet<&InstallName> = slice.uses.iter().map(|it| &it.name).collect();
    let uses = names.into_iter().map(|name| {
        let to = InstallName::new(format!("@rpath/moved{}", name.as_str().trim_start_matches("@rpath")));
        LoadCommandEdit::ChangeUse { from: name.clone(), to }
    });
    let rpaths = slice.rpaths.iter().cloned().map(LoadCommandEdit::DeleteRpath);
    let new = LoadCommandEdit::AddRpath(Rpath::new("@executable_path/../Frameworks"));
    id.chain(uses).chain(rpaths).chain([new]).collect()
}

#[test]
#[ignore = "needs BUNDLEWRIGHT_CORPUS"]
fn real_slices_take_edits_as_the_model_says() {
    let corpus = path_from("BUNDLEWRIGHT_CORPUS");
    let (mut done, mut refused) = (0, 0);
    for path in macho_files(&corpus) {
        let bytes = std::fs::read(corpus.join(&path)).expect("a readable file");
        for slice in macho::read(&bytes).expect("Mach-O").slices {
            let edits = edits(&slice);
            let model = edit_model(&slice, &edits);
            match edit_file(&bytes, &BTreeMap::from([(slice.arch, edits)])) {
                Ok(changed) => {
                    let place = slice.offset as usize..(slice.offset + slice.size) as usize;
                    assert_eq!(changed[..place.start], bytes[..place.start], "{path}");
                    assert_eq!(changed[place.end..], bytes[place.end..], "{path}");
                    let file = macho::read(&changed).expect("still Mach-O");
                    assert_eq!(file.slice(slice.arch), model.as_ref().ok(), "{path} {}", slice.arch);
                    done += 1;
                }
                Err(error) => {
                    assert_eq!(Err(error), model, "{path} {}", slice.arch);
                    refused += 1;
                }
            }
        }
    }
    println!("{done} slices edited, {refused} refused alike");
    assert!(done + refused > 0, "an empty corpus proves nothing");
}

/// `otool -l` field by field, of LLVM's otool: `BUNDLEWRIGHT_OTOOL=llvm-otool`.
#[test]
#[ignore = "needs BUNDLEWRIGHT_CORPUS and BUNDLEWRIGHT_OTOOL"]
fn load_commands_read_as_otool_prints_them() {
    let (corpus, otool) = (path_from("BUNDLEWRIGHT_CORPUS"), path_from("BUNDLEWRIGHT_OTOOL"));
    let thin = tempfile::NamedTempFile::new().expect("a temporary file");
    let (mut slices, mut fields, mut wrong) = (0, 0, Vec::new());
    for path in macho_files(&corpus) {
        let bytes = std::fs::read(corpus.join(&path)).expect("a readable file");
        for slice in macho::read(&bytes).expect("Mach-O").slices {
            let arch = slice.arch;
            let part = &bytes[slice.offset as usize..(slice.offset + slice.size) as usize];
            // Of a universal file it prints one slice, whichever is asked for.
            std::fs::write(thin.path(), part).expect("a temporary file");
            let run = std::process::Command::new(&otool).arg("-l").arg(thin.path()).output();
            let printed = String::from_utf8_lossy(&run.expect("otool starts").stdout).into_owned();
            let printed: Vec<&str> = printed.split("Load command ").skip(1).collect();
            let listed = macho::listing::list(part).expect("load commands");
            if printed.is_empty() {
                println!("{path} {arch}: otool cannot read it");
                continue;
            }
            if printed.len() != listed.len() {
                wrong.push(format!(
                    "{path} {arch}: otool prints {} commands of {}",
                    printed.len(),
                    listed.len()
                ));
                continue;
            }
            slices += 1;
            for (command, printed) in listed.iter().zip(printed) {
                let mut lines =
                    printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
                let sections = command.sections.iter().flat_map(|section| &section.fields);
                // Registers are printed by name, and a tool that an older otool does not know by its number.
                let is_named = |name: &str| command.name.ends_with("THREAD") || name == "tool";
                let of_command = command.fields.iter().chain(sections).filter(|(name, _)| !is_named(name));
                for (name, value) in of_command {
                    fields += 1;
                    let wanted = format!("{name} {value}").trim_end().to_owned();
                    let same = |line: &String| {
                        line.strip_prefix(&*wanted)
                            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '.']))
                    };
                    if !lines.any(|line| same(&line)) {
                        wrong.push(format!("{path} {arch} {}: {wanted}", command.name));
                        break;
                    }
                }
            }
        }
    }
    println!("{slices} slices, {fields} fields, {} mismatches", wrong.len());
    assert!(slices > 0, "an empty corpus proves nothing");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files under `folder` that we take for Mach-O; symbolic links are not followed.
fn macho_files(folder: &Path) -> BTreeSet<String> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.expect("a readable folder"));
    files
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| macho::is_macho(&std::fs::read(entry.path()).expect("a readable file")))
        .map(|entry| entry.path().strip_prefix(folder).expect("inside").to_string_lossy().into_owned())
        .collect()
}

fn compare(
    path: &str,
    file: &MachFile,
    slice: &Slice,
    wanted: &Value,
    mismatches: &mut Vec<String>,
) -> usize {
    let container = match file.container {
        Container::Thin => "none",
        Container::Fat => "fat32",
        Container::Fat64 => "fat64",
    };
    let signature = &slice.signature;
    let signed = signature.state != SignatureState::None;
    let version = |of: fn(&macho::BuildVersion) -> String| slice.build.as_ref().map(of);
    let mut ours = vec![
        ("fat", json!(container)),
        ("filetype", json!(slice.file_type.to_string())),
        ("id", json!(slice.install_name)),
        ("deps", uses(slice)),
        ("rpaths", json!(slice.rpaths)),
        ("platform", json!(version(|build| build.platform.to_string()))),
        ("minos", json!(version(|build| build.min_os.to_string()))),
        ("sdk", json!(version(|build| build.sdk.to_string()))),
        ("uuid", json!(slice.uuid)),
        ("signed", json!(signed)),
    ];
    // The oracle knows fewer PowerPC subtypes by name.
    let arch = slice.arch.to_string();
    let arch = if slice.arch.cpu_type == 18 && arch != "ppc970" { "ppc".to_owned() } else { arch };
    ours.push(("arch", json!(arch)));
    if signed {
        ours.extend([
            ("adhoc", json!(signature.flags & 0x2 != 0)),
            ("linker_signed", json!(signature.flags & 0x20000 != 0)),
            ("hardened", json!(signature.flags & 0x10000 != 0)),
            ("cms", json!(signature.state == SignatureState::Cms)),
            ("ident", json!(signature.identifier)),
            ("team", json!(signature.team)),
        ]);
    }
    ours.push(("header_pad", json!(slice.header_room)));
    for (field, value) in &ours {
        // No section with data: the oracle says so, we say that there is no room.
        let wanted =
            if *field == "header_pad" && wanted[field].is_null() { &json!(0) } else { &wanted[field] };
        if value != wanted {
            mismatches.push(format!("{path} {}: {field} is {value}, the oracle says {wanted}", slice.arch));
        }
    }
    ours.len()
}

fn uses(slice: &Slice) -> Value {
    let kind = |kind| match kind {
        LoadKind::Required => "load",
        LoadKind::Weak => "weak",
        LoadKind::Reexport => "reexport",
        LoadKind::Upward => "upward",
        LoadKind::Lazy => "lazy",
        LoadKind::Delayed => "delay-init",
    };
    let entry = |it: &macho::DylibUse| {
        let mut entry = json!({ "path": it.name, "kind": kind(it.kind), "current": it.current.dotted(), "compat": it.compatibility.dotted() });
        if it.use_flags != 0 {
            entry["flags"] = json!(it.use_flags);
        }
        entry
    };
    slice.uses.iter().map(entry).collect()
}
