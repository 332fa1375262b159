//! An executable with Apple's own ABI.

use super::Rule;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::{Arch, FileType};

pub static RULE: Rule = Rule {
    id: "arm64e-slice",
    title: "An executable has an arm64e slice",
    severity: Severity::Warning,
    doc: include_str!("arm64e_slice.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let executables = facts.bundle.images.iter().filter(|(_, image)| {
        image.file.slice(Arch::ARM64E).is_some_and(|slice| slice.file_type == FileType::Execute)
    });
    executables
        .map(|(path, _)| {
            let title = format!("{} has an arm64e slice", path.file_name());
            let message = format!(
                "{path} has an arm64e slice, which macOS prefers to arm64 but lets only Apple's programs run. Build it without arm64e, or remove the slice with lipo -remove arm64e."
            );
            Finding { arch: Some(Arch::ARM64E), ..Finding::new(&RULE, path, title, message) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    #[test]
    fn executables_count_and_libraries_do_not() {
        let app = |main: &str, library: &str| {
            format!(
                "Contents/Info.plist plist\n  key CFBundleExecutable App\nContents/MacOS/App execute {main}\nContents/Frameworks/liba.dylib dylib {library}\n"
            )
        };
        assert_eq!(
            shown(&found_in(&app("arm64 arm64e", "arm64"), RULE.id)),
            ["warning Contents/MacOS/App: App has an arm64e slice"]
        );
        assert_eq!(shown(&found_in(&app("arm64", "arm64 arm64e"), RULE.id)), [] as [&str; 0]);
    }
}
