//! Our readers of imports and exports against LLVM's, over a folder of real Mach-O files.
//!
//! Needs files and tools that are not in the repository, so it is ignored by default:
//! `BUNDLEWRIGHT_CORPUS=FOLDER BUNDLEWRIGHT_NM=llvm-nm BUNDLEWRIGHT_OBJDUMP=llvm-objdump cargo test --test symbol_oracle
//! -- --ignored --nocapture`. The symbol table that nm prints is written by the same linker as fixups and tries, so both
//! must tell the same story; objdump decodes bind opcodes and the tries of LC_DYLD_INFO by itself.

#![allow(clippy::disallowed_methods, reason = "tests run tools on what they look at")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use bundlewright::macho::exports_trie::{Export, ExportKind};
use bundlewright::macho::symbols::{Exports, Import, Ordinal, SliceSymbols};
use bundlewright::macho::{self, FileType};

fn path_from(variable: &str) -> PathBuf {
    std::env::var_os(variable).map(PathBuf::from).unwrap_or_else(|| panic!("{variable} must name a path"))
}

/// One slice of a real file.
struct Sample<'a> {
    file: &'a Path,
    arch: String,
    imports: Vec<Import<'a>>,
    exports: Exports<'a>,
}

impl Sample<'_> {
    fn tool(&self, variable: &str, options: &[&str]) -> String {
        let arch = format!("--arch={}", self.arch);
        let output = Command::new(path_from(variable)).args(options).arg(arch).arg(self.file).output();
        let output = output.expect("the tool runs");
        let gave_up = String::from_utf8_lossy(&output.stderr).contains("malformed object");
        if gave_up { String::new() } else { String::from_utf8_lossy(&output.stdout).into_owned() }
    }
}

impl Sample<'_> {
    fn exports_in_trie(&self) -> bool {
        matches!(self.exports, Exports::Trie(_))
    }
}

fn each_slice(mut check: impl FnMut(&Sample<'_>)) -> usize {
    let mut count = 0;
    for entry in walkdir::WalkDir::new(path_from("BUNDLEWRIGHT_CORPUS")) {
        let entry = entry.expect("a readable folder");
        if !entry.file_type().is_file() {
            continue;
        }
        let bytes = std::fs::read(entry.path()).expect("a readable file");
        if !macho::is_macho(&bytes) {
            continue;
        }
        for slice in macho::read(&bytes).expect("Mach-O").slices {
            let linked = [FileType::Execute, FileType::Dylib, FileType::Bundle].contains(&slice.file_type);
            if !linked {
                continue;
            }
            let bytes = &bytes[slice.offset as usize..(slice.offset + slice.size) as usize];
            let symbols = SliceSymbols::read(bytes).expect("a slice");
            let sample = Sample {
                file: entry.path(),
                arch: slice.arch.to_string(),
                imports: symbols.imports().unwrap_or_else(|error| panic!("{:?}: {error}", entry.path())),
                exports: symbols.exports().unwrap_or_else(|error| panic!("{:?}: {error}", entry.path())),
            };
            check(&sample);
            count += 1;
        }
    }
    count
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// What nm says of the symbols of one slice.
#[derive(Default)]
struct Listed {
    /// Name, whether weak, and where from.
    undefined: BTreeMap<String, (bool, String)>,
    defined: BTreeSet<String>,
}

fn nm(sample: &Sample<'_>) -> Listed {
    let mut listed = Listed::default();
    for line in sample.tool("BUNDLEWRIGHT_NM", &["-m", "--no-sort"]).lines() {
        let Some((words, name)) = split_name(line) else { continue };
        if words.contains("undefined") {
            // In a flat namespace nothing stands behind the name.
            let from = line.rsplit_once(" (").filter(|(words, _)| words.ends_with(&name));
            let from = from.map_or("", |(_, from)| from.trim_end_matches(')'));
            listed.undefined.insert(name, (words.contains("weak"), from.to_owned()));
        } else if !words.contains("non-external") && !words.contains("private external") {
            listed.defined.insert(name);
        }
    }
    listed
}

/// The words before the name, and the name.
fn split_name(line: &str) -> Option<(&str, String)> {
    let external = line.find("external ")? + "external ".len();
    let mut rest = &line[external..];
    while let Some(flag) = rest.strip_prefix('[') {
        rest = flag.split_once("] ")?.1;
    }
    Some((&line[..external], rest.split(" (").next()?.to_owned()))
}

#[test]
#[ignore = "needs BUNDLEWRIGHT_CORPUS and BUNDLEWRIGHT_NM"]
fn imports_and_exports_are_what_the_symbol_table_says() {
    let (mut differences, mut imports, mut exports) = (Vec::new(), 0, 0);
    let slices = each_slice(|sample| {
        let listed = nm(sample);
        // nm cannot read these PowerPC slices, or shows another one.
        if sample.arch.starts_with("ppc") && sample.arch != "ppc" || listed.undefined.is_empty() {
            return;
        }
        let place = format!("{} {}", sample.file.display(), sample.arch);
        imports += sample.imports.len();
        compare_imports(&place, sample, &listed, &mut differences);
        let mut ours = BTreeSet::new();
        sample.exports.for_each(|name, _| ours.extend([text(name)])).expect("a whole trie");
        exports += ours.len();
        // An absolute symbol: in a table dyld passes over it.
        let mut listed = listed;
        listed.defined.retain(|name| name != "__mh_execute_header" || ours.contains(name));
        // Symbols that strip removed are in the trie all the same.
        let stripped = sample.exports_in_trie() && ours.len() > listed.defined.len();
        let differing = ours.symmetric_difference(&listed.defined);
        for name in differing.filter(|name| !(stripped && ours.contains(*name))) {
            let whose = if ours.contains(name) { "only ours" } else { "only nm's" };
            differences.push(format!("{place}: export {name} is {whose}"));
        }
        for name in &ours {
            let found = sample.exports.find(name.as_bytes());
            assert!(matches!(found, Ok(Some(_))), "{place}: {name} is in the trie and not found");
        }
    });
    println!("{slices} slices, {imports} imports, {exports} exports, {} differences", differences.len());
    println!("{}", differences.join("\n"));
    assert!(slices > 0, "an empty corpus proves nothing");
    assert!(differences.is_empty());
}

/// A symbol that is bound though this image defines it: another image's definition may come first.
fn may_be_defined_here(import: &Import<'_>) -> bool {
    matches!(import.ordinal, Ordinal::WeakLookup | Ordinal::SelfImage | Ordinal::Flat)
}

fn compare_imports(place: &str, sample: &Sample<'_>, listed: &Listed, differences: &mut Vec<String>) {
    let mut libraries: BTreeMap<Ordinal, &str> = BTreeMap::new();
    for import in &sample.imports {
        let name = text(import.name);
        let Some((weak, from)) = listed.undefined.get(&name) else {
            if !(may_be_defined_here(import) && listed.defined.contains(&name)) {
                differences.push(format!("{place}: import {name} is only ours"));
            }
            continue;
        };
        if import.ordinal == Ordinal::WeakLookup {
            continue;
        }
        // nm also calls weak what another library defines as weak.
        let strong = sample.imports.iter().any(|other| other.name == import.name && !other.weak);
        if import.weak && !weak && !strong {
            differences.push(format!("{place}: import {name} is weak for us only"));
        }
        let library = *libraries.entry(import.ordinal).or_insert(from);
        if library != from {
            differences.push(format!("{place}: {name} is from {library} for us, {from} for nm"));
        }
    }
    // Symbols that the linker lists and nothing refers to: no fixup, so dyld never looks for them.
    let known: BTreeSet<String> = sample.imports.iter().map(|import| text(import.name)).collect();
    let unused = |name: &str| name.starts_with("__swift_FORCE_LOAD_$_") || name == "dyld_stub_binder";
    let only_listed = listed.undefined.keys().filter(|name| !known.contains(*name) && !unused(name));
    differences.extend(only_listed.map(|name| format!("{place}: import {name} is only nm's")));
}

#[test]
#[ignore = "needs BUNDLEWRIGHT_CORPUS and BUNDLEWRIGHT_OBJDUMP"]
fn opcodes_and_tries_of_dyld_info_are_what_objdump_says() {
    let (mut differences, mut checked, mut symbols) = (Vec::new(), 0, 0);
    each_slice(|sample| {
        let place = format!("{} {}", sample.file.display(), sample.arch);
        let stream = |option: &str| -> BTreeSet<String> {
            let shown = sample.tool("BUNDLEWRIGHT_OBJDUMP", &["--macho", option]);
            let rows = shown.lines().filter(|line| line.starts_with("__"));
            rows.filter_map(|line| {
                let name = line.split_whitespace().rfind(|word| !word.starts_with('('))?;
                Some(format!("{name} {}", line.ends_with("(weak_import)")))
            })
            .collect()
        };
        let theirs = [stream("--bind"), stream("--lazy-bind"), stream("--weak-bind")];
        let trie = exports_of(&sample.tool("BUNDLEWRIGHT_OBJDUMP", &["--macho", "--exports-trie"]));
        if theirs.iter().all(BTreeSet::is_empty) && trie.is_empty() {
            return;
        }
        checked += 1;
        let is = |import: &Import<'_>, stream: usize| match stream {
            0 => !import.lazy && import.ordinal != Ordinal::WeakLookup,
            1 => import.lazy,
            _ => import.ordinal == Ordinal::WeakLookup,
        };
        for (n, theirs) in theirs.iter().enumerate() {
            let ours = sample.imports.iter().filter(|import| is(import, n));
            // Only the first table of objdump shows the flag.
            let line = |import: &Import<'_>| format!("{} {}", text(import.name), import.weak && n == 0);
            let ours: BTreeSet<String> = ours.map(line).collect();
            symbols += ours.len();
            // objdump 14 gives up on a weak bind that is in no section, which dyld does not mind.
            let theirs = if theirs.is_empty() && n == 2 { &ours } else { theirs };
            differences
                .extend(ours.symmetric_difference(theirs).map(|name| format!("{place}: stream {n}, {name}")));
        }
        let mut ours = BTreeSet::new();
        sample.exports.for_each(|name, export| ours.extend([shown(name, export)])).expect("a whole trie");
        symbols += ours.len();
        differences.extend(ours.symmetric_difference(&trie).map(|name| format!("{place}: trie, {name}")));
    });
    println!("{checked} slices, {symbols} symbols, {} differences", differences.len());
    println!("{}", differences.join("\n"));
    assert!(checked > 0, "nothing with LC_DYLD_INFO proves nothing");
    assert!(differences.is_empty());
}

/// Lines of `--exports-trie` without addresses and libraries, sorted.
fn exports_of(shown: &str) -> BTreeSet<String> {
    let rows = shown.lines().filter(|line| line.starts_with("0x") || line.starts_with("[re-export]"));
    rows.map(|line| {
        let line = line.split(" (").next().unwrap_or(line);
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        let name = words.next().unwrap_or_default();
        let flags: Vec<&str> = words.collect();
        let first = if first == "[re-export]" { "again" } else { "here" };
        format!("{first} {name} {}", flags.join(" ").replace(',', ""))
    })
    .collect()
}

/// The same of one of our exports.
fn shown(name: &[u8], export: Export<'_>) -> String {
    let Export::Definition { kind, weak, resolver, .. } = export else {
        return format!("again {} ", text(name));
    };
    let mut flags = Vec::new();
    flags.extend(weak.then_some("weak_def"));
    flags.extend((kind == ExportKind::ThreadLocal).then_some("per-thread"));
    flags.extend((kind == ExportKind::Absolute).then_some("absolute"));
    let mut flags = flags.join(" ");
    if let Some(resolver) = resolver {
        flags.push_str(&format!(" resolver={resolver:#010X}"));
    }
    let flags = if flags.is_empty() { flags } else { format!("[{flags}]") };
    format!("here {} {flags}", text(name))
}
