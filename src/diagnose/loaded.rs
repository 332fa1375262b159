//! Which files of the bundle come together in a process, and which macOS the app promises to start on.

use std::collections::{BTreeMap, BTreeSet};

use super::{Facts, Finding, Rule, references};
use crate::bundle::{Bundle, EntryKind, ImageId};
use crate::dyld::Resolution;
use crate::macho::{Arch, PackedVersion, Slice};
use crate::paths::BundlePath;

/// One executable on one architecture, and the bundle's own libraries that are loaded into it, plug-ins included.
pub struct Process<'a> {
    pub executable: BundlePath,
    pub slice: &'a Slice,
    pub libraries: BTreeMap<BundlePath, &'a Slice>,
}

/// Every process that the bundle can start, by executable and architecture.
pub(super) fn processes<'a>(facts: &Facts<'a>) -> Vec<Process<'a>> {
    let bundle = facts.bundle;
    let hosts: BTreeMap<&BundlePath, Option<&BundlePath>> =
        bundle.entries.iter().map(|entry| (&entry.image, entry.host.as_ref())).collect();
    let main = bundle.main_executable.as_ref().and_then(|path| bundle.real_path(path));
    let mut found: BTreeMap<(BundlePath, Arch), BTreeSet<&BundlePath>> = BTreeMap::new();
    for reference in references(facts.build) {
        let entry = &reference.launch.entry;
        let executable = match reference.launch.kind {
            EntryKind::PlugIn => hosts.get(entry).copied().flatten().or(main.as_ref()).cloned(),
            _ => Some(entry.clone()),
        };
        let Some(executable) = executable else { continue };
        let images = found.entry((executable, reference.launch.arch)).or_default();
        images.insert(reference.user);
        if let Resolution::Bundled(path) = &reference.dependency.resolution {
            images.insert(path);
        }
    }
    let slice = |path: &BundlePath, arch| bundle.images.get(path).and_then(|image| image.file.slice(arch));
    let process = |((executable, arch), images): ((BundlePath, Arch), BTreeSet<&BundlePath>)| {
        let others = images.into_iter().filter(|path| **path != executable);
        let libraries = others.filter_map(|path| Some((path.clone(), slice(path, arch)?))).collect();
        Some(Process { slice: slice(&executable, arch)?, executable, libraries })
    };
    found.into_iter().filter_map(process).collect()
}

/// LSMinimumSystemVersion of the app for code of this architecture. arm64 starts on nothing before macOS 11.
pub fn declared_minimum(bundle: &Bundle, arch: Arch) -> Option<PackedVersion> {
    let values = bundle.info.as_ref()?.value.as_dictionary()?;
    let by_arch = values.get("LSMinimumSystemVersionByArchitecture").and_then(|value| value.as_dictionary());
    let special = by_arch.and_then(|by_arch| by_arch.get(&arch.to_string()));
    let text = special.or_else(|| values.get("LSMinimumSystemVersion"))?.as_string()?;
    let declared = PackedVersion::parse(text)?;
    Some(if arch.needs_signature() { declared.max(PackedVersion::new(11, 0, 0)) } else { declared })
}

/// "a, b and 3 more".
pub fn listed(names: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    const SHOWN: usize = 4;
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    match &names[..] {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] if names.len() <= SHOWN => format!("{} and {last}", all.join(", ")),
        all => format!(
            "{} and {} more",
            all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", "),
            all.len() - SHOWN
        ),
    }
}

/// One finding about many files: its subject is the first of them.
pub fn about_all(
    rule: &Rule,
    files: &BTreeSet<BundlePath>,
    title: String,
    message: String,
) -> Option<Finding> {
    let (first, others) = (files.first()?, files.iter().skip(1));
    let related = others.map(|path| ImageId::Bundled(path.clone())).collect();
    Some(Finding { related, ..Finding::new(rule, first, title, message) })
}

/// "1 file", "3 files".
pub fn counted(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(
            [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])],
            ["a", "a and b", "a, b and c"]
        );
        assert_eq!(listed(["a", "b", "c", "d", "e", "f"]), "a, b, c, d and 2 more");
        assert_eq!([counted(1), counted(2)], ["1 file", "2 files"]);
    }
}
