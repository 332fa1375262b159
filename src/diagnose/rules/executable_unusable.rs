//! The executable is missing or cannot be started.

use super::Rule;
use crate::bundle::{Entry, Node};
use crate::diagnose::Remedy;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::FileType;
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "executable-unusable",
    title: "The executable is missing or cannot be started",
    severity: Severity::Error,
    doc: include_str!("executable_unusable.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let main = match &facts.bundle.main_executable {
        Some(path) => main_fault(facts, path),
        None => Some(no_key(facts)),
    };
    let entries = facts
        .bundle
        .entries
        .iter()
        .filter(|entry| Some(&entry.image) != facts.bundle.main_executable.as_ref());
    main.into_iter().chain(entries.filter_map(|entry| helper_fault(facts, entry))).collect()
}

fn main_fault(facts: &Facts<'_>, path: &BundlePath) -> Option<Finding> {
    let real = facts.bundle.real_path(path);
    let Some(Node::File { mode, length }) = real.as_ref().and_then(|real| facts.bundle.nodes.get(real))
    else {
        let what = format!("CFBundleExecutable names {path}, which is not there");
        return Some(finding(
            path,
            "The executable is missing",
            what,
            "Put the executable there, or correct CFBundleExecutable in Contents/Info.plist.",
            None,
        ));
    };
    if mode & 0o111 == 0 {
        return Some(not_executable(path));
    }
    let Some(image) = facts.bundle.image(real.as_ref()?) else {
        return no_code(facts, path, real.as_ref()?, *length);
    };
    let program = image.file.slices.iter().any(|slice| slice.file_type == FileType::Execute);
    (!program).then(|| {
        let what = format!("{path} is a Mach-O file but not an executable");
        finding(
            path,
            "The executable is no program",
            what,
            "Link it as an executable, or correct CFBundleExecutable.",
            None,
        )
    })
}

/// Neither Mach-O nor a script: the kernel starts nothing else.
fn no_code(facts: &Facts<'_>, path: &BundlePath, real: &BundlePath, length: u64) -> Option<Finding> {
    let start = if length > 0 { facts.contents?.starts.get(real)? } else { &Vec::new() };
    let what = match start.is_empty() {
        true => format!("{path} is empty"),
        false => format!("{path} is neither a Mach-O file nor a script: macOS cannot start it"),
    };
    let advice = "Put the built executable there, or correct CFBundleExecutable.";
    (!start.starts_with(b"#!")).then(|| finding(path, "The executable is no program", what, advice, None))
}

fn helper_fault(facts: &Facts<'_>, entry: &Entry) -> Option<Finding> {
    let program = facts
        .bundle
        .image(&entry.image)?
        .file
        .slices
        .iter()
        .any(|slice| slice.file_type == FileType::Execute);
    match facts.bundle.nodes.get(&entry.image)? {
        Node::File { mode, .. } if program && mode & 0o111 == 0 => Some(not_executable(&entry.image)),
        _ => None,
    }
}

fn no_key(facts: &Facts<'_>) -> Finding {
    let path = BundlePath::root().join("Contents").join("Info.plist");
    let what = format!(
        "{path} of {} does not say which executable to start (CFBundleExecutable)",
        facts.bundle.name
    );
    finding(
        &path,
        "No executable is named",
        what,
        "Add CFBundleExecutable with the name of the file in Contents/MacOS.",
        None,
    )
}

fn not_executable(path: &BundlePath) -> Finding {
    let what = format!("{path} lacks the execute permission");
    let remedy = Remedy::MakeExecutable { path: path.clone() };
    finding(path, "Not executable", what, "Give it mode 0755.", Some(remedy))
}

fn finding(subject: &BundlePath, title: &str, what: String, advice: &str, remedy: Option<Remedy>) -> Finding {
    Finding { remedy, ..Finding::new(&RULE, subject, title.to_owned(), format!("{what}. {advice}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found, found_alone, found_in, shown};

    #[test]
    fn a_missing_file_needs_a_person_a_missing_permission_does_not() {
        let missing = found("faults", "missing-executable", RULE.id);
        assert_eq!(shown(&missing), ["error Contents/MacOS/main: The executable is missing"]);
        assert!(missing[0].remedy.is_none());
        if cfg!(unix) {
            let mode = found("faults", "not-executable", RULE.id);
            assert_eq!(shown(&mode), ["error Contents/MacOS/main: Not executable"]);
            assert!(matches!(mode[0].remedy, Some(Remedy::MakeExecutable { .. })));
        }
    }

    #[test]
    fn a_library_in_the_executables_place_is_no_program() {
        let findings = found_alone("faults", "many-executables", RULE.id, |app| {
            let library = app.join("Contents/Frameworks/libshared.dylib");
            let main = app.join("Contents/MacOS/main");
            std::fs::write(main, std::fs::read(library).unwrap()).unwrap();
        });
        assert_eq!(shown(&findings), ["error Contents/MacOS/main: The executable is no program"]);
    }

    #[test]
    fn a_file_without_code_is_no_program() {
        let app = |line: &str| {
            let plist = "Contents/Info.plist plist\n  key CFBundleExecutable Run\n";
            let file = format!("{plist}Contents/MacOS/Run text mode=755\n  line {line}\n");
            found_in(&file, RULE.id)
        };
        let text = app("These are not the bytes you look for.");
        assert_eq!(shown(&text), ["error Contents/MacOS/Run: The executable is no program"]);
        assert!(text[0].message.contains("neither a Mach-O file nor a script"), "{}", text[0].message);
        assert_eq!(shown(&app("#!/bin/sh")), [] as [String; 0]);
        let empty = found_alone("faults", "many-executables", RULE.id, |app| {
            std::fs::write(app.join("Contents/MacOS/main"), "").unwrap();
        });
        assert!(empty[0].message.starts_with("Contents/MacOS/main is empty."), "{}", empty[0].message);
    }

    #[test]
    fn helpers_services_and_extensions_are_fine_as_they_are() {
        assert_eq!(shown(&found("faults", "many-executables", RULE.id)), [] as [String; 0]);
    }
}
