//! The executable is a script.

use std::collections::BTreeSet;

use super::Rule;
use crate::bundle::Contents;
use crate::diagnose::described::described;
use crate::diagnose::{Facts, Finding, Severity};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "executable-is-script",
    title: "The executable is a script",
    severity: Severity::Info,
    doc: include_str!("executable_is_script.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let Some(contents) = facts.contents else { return Vec::new() };
    let nested = described(facts.bundle).filter(|one| one.is_process()).filter_map(|one| one.executable());
    let executables: BTreeSet<BundlePath> =
        facts.bundle.main_executable.clone().into_iter().chain(nested).collect();
    let real = executables.iter().filter_map(|path| facts.bundle.real_path(path));
    real.filter_map(|path| Some(finding(&path, &interpreter(contents, &path)?))).collect()
}

/// What stands after `#!`.
fn interpreter(contents: &Contents, path: &BundlePath) -> Option<String> {
    let rest = contents.starts.get(path)?.strip_prefix(b"#!")?;
    let line = rest.split(|byte| *byte == b'\n').next()?;
    Some(String::from_utf8_lossy(line).trim().to_owned())
}

fn finding(path: &BundlePath, interpreter: &str) -> Finding {
    let title = format!("{} is a script", path.file_name());
    let message = format!(
        "CFBundleExecutable names {path}, a script for {interpreter}. It can be neither hardened nor given an \
         architecture. Put a compiled launcher in its place, or set LSArchitecturePriority to arm64 in Info.plist so \
         that Apple silicon asks for no Rosetta."
    );
    Finding::new(&RULE, path, title, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    const PLIST: &str = "Contents/Info.plist plist\n  key CFBundleExecutable Run\n";

    #[test]
    fn a_script_is_named_with_its_interpreter() {
        let bundle =
            format!("{PLIST}Contents/MacOS/Run text mode=755\n  line #!/bin/bash -e\n  line exec true\n");
        let findings = found_in(&bundle, RULE.id);
        assert_eq!(shown(&findings), ["info Contents/MacOS/Run: Run is a script"]);
        assert!(findings[0].message.contains("a script for /bin/bash -e."), "{}", findings[0].message);
    }

    #[test]
    fn scripts_beside_a_program_are_nobodys_executable() {
        let bundle = format!(
            "{PLIST}Contents/MacOS/Run execute\nContents/MacOS/helper.sh text mode=755\n  line #!/bin/sh\n"
        );
        assert_eq!(shown(&found_in(&bundle, RULE.id)), [] as [String; 0]);
    }
}
