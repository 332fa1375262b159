//! Holds the rooms to the import table in ARCHITECTURE.md.
#![allow(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Table = BTreeMap<String, BTreeSet<String>>;

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the repository's own file")
}

/// The fenced block that starts with "```imports".
fn table() -> Table {
    let page = read("ARCHITECTURE.md");
    let block = page
        .split("```imports\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("an imports block");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    block
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(room, may)| (room.trim().to_owned(), words(may)))
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("src is readable").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The rooms that a source names: `crate::room` and the members of `crate::{…}`.
fn imports(text: &str) -> BTreeSet<String> {
    let code =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let word = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => {
                list.split('}').next().unwrap_or("").split(',').map(|one| word(one.trim())).collect()
            }
            None => vec![word(rest)],
        })
        .collect()
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let (table, src) = (table(), Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let mut breaches = Vec::new();
    for file in sources(&src).into_iter().filter(|file| file.extension().is_some_and(|suffix| suffix == "rs"))
    {
        let inside = file.strip_prefix(&src).expect("below src").to_string_lossy().replace('\\', "/");
        let room = inside.split('/').next().unwrap_or("").trim_end_matches(".rs").to_owned();
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        let allowed = table.get(&room).unwrap_or_else(|| panic!("the room {room} is not in ARCHITECTURE.md"));
        for import in imports(&fs::read_to_string(&file).expect("UTF-8")) {
            if table.contains_key(&import) && import != room && !allowed.contains(&import) {
                breaches.push(format!("{inside} imports {import}"));
            }
        }
    }
    assert!(breaches.is_empty(), "ARCHITECTURE.md forbids:\n{}", breaches.join("\n"));
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let long = |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| text.lines().count() > 800);
    let sources =
        sources(&src).into_iter().filter(|file| file.extension().is_some_and(|suffix| suffix == "rs"));
    let long: Vec<PathBuf> = sources.filter(long).collect();
    assert!(long.is_empty(), "over 800 lines: {long:?}");
}
