//! Code for processors that no supported macOS starts.

use std::collections::BTreeSet;

use super::Rule;
use crate::diagnose::loaded::{about_all, counted, listed};
use crate::diagnose::{Facts, Finding, Remedy, Severity};
use crate::macho::{Arch, Slice};
use crate::paths::BundlePath;

pub static RULE: Rule = Rule {
    id: "extra-architecture",
    title: "Code for processors that macOS no longer starts",
    severity: Severity::Info,
    doc: include_str!("extra_architecture.md"),
    check,
};

/// Neither 64-bit Intel nor 64-bit ARM.
pub(super) fn is_extra(arch: Arch) -> bool {
    arch.cpu_type != Arch::ARM64.cpu_type && arch.cpu_type != Arch::X86_64.cpu_type
}

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let extra =
        |path: &&BundlePath| facts.bundle.image(path).is_some_and(|image| image.file.archs().any(is_extra));
    let files: BTreeSet<BundlePath> = facts.bundle.images.keys().filter(extra).cloned().collect();
    let slices =
        files.iter().filter_map(|path| facts.bundle.image(path)).flat_map(|image| &image.file.slices);
    let slices: Vec<_> = slices.filter(|slice| is_extra(slice.arch)).collect();
    let archs: BTreeSet<String> = slices.iter().map(|slice| slice.arch.to_string()).collect();
    let bytes: u64 = slices.iter().map(|slice| slice.size).sum();
    let (many, archs) = (counted(files.len()), listed(archs));
    let message = format!(
        "{} {} code for {archs}, {} kB in all, which no macOS of today starts. Remove it with lipo -remove, and sign again.",
        listed(&files),
        if files.len() == 1 { "holds" } else { "hold" },
        bytes.div_ceil(1000)
    );
    let finding = about_all(&RULE, &files, format!("{many} with {archs} code"), message);
    let remedy = remedy(facts, &files, &slices);
    finding.into_iter().map(|finding| Finding { remedy: remedy.clone(), ..finding }).collect()
}

/// A file that would be left with nothing stays.
fn remedy(facts: &Facts<'_>, files: &BTreeSet<BundlePath>, slices: &[&Slice]) -> Option<Remedy> {
    let universal =
        |path: &&BundlePath| facts.bundle.image(path).is_some_and(|image| !image.file.archs().all(is_extra));
    let images: Vec<BundlePath> = files.iter().filter(universal).cloned().collect();
    let archs: BTreeSet<Arch> = slices.iter().map(|slice| slice.arch).collect();
    (!images.is_empty()).then(|| Remedy::Thin { images, archs: archs.into_iter().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn all_files_with_old_code_are_one_finding() {
        let app = |archs: &str| {
            format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute x86_64 arm64\nContents/Frameworks/liba.dylib dylib {archs}\nContents/Frameworks/libb.dylib dylib {archs}\n"
            )
        };
        let findings = found_in(&app("i386 x86_64"), RULE.id);
        assert_eq!(shown(&findings), ["info Contents/Frameworks/liba.dylib: 2 files with i386 code"]);
        assert!(
            findings[0].message.contains("liba.dylib and Contents/Frameworks/libb.dylib hold code for i386"),
            "{}",
            findings[0].message
        );
        assert_eq!(shown(&found_in(&app("x86_64h arm64e"), RULE.id)), [] as [&str; 0]);
    }
}
