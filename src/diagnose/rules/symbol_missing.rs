//! A library does not export what its user imports.

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::missing_symbols::{Group, groups};
use crate::diagnose::{Facts, Finding, Severity};
use crate::dyld::symbols::Expected;

pub static RULE: Rule = Rule {
    id: "symbol-missing",
    title: "A library lacks a symbol that is asked of it",
    severity: Severity::Error,
    doc: include_str!("symbol_missing.md"),
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let missing = groups(facts, |missing| missing.certain && missing.expected != Expected::AbsentLibrary);
    missing.iter().map(|group| finding(facts, group)).collect()
}

fn finding(facts: &Facts<'_>, group: &Group<'_>) -> Finding {
    let (user, names, them) = (group.user, group.names(), group.them());
    let consequence = group.consequence();
    let (title, message) = match &group.first.expected {
        Expected::Image(ImageId::Bundled(itself)) if itself == user => (
            format!("{} lacks {} of its own", user.file_name(), group.count()),
            format!(
                "{user} imports {names} from itself and does not export {them}: {consequence}. Link it again."
            ),
        ),
        Expected::Image(image) => (
            format!("{} lacks {}", leaf(image), group.count()),
            format!(
                "{user} imports {names} through its reference {}, which is {image}, and that file does not export {them}: {consequence}. It is not the version that {} was linked with: put that one into the bundle, or link {} with this one.",
                reference(group),
                user.file_name(),
                user.file_name()
            ),
        ),
        Expected::MainExecutable(image) => (
            format!("{} lacks {} for {}", leaf(image), group.count(), user.file_name()),
            format!(
                "{user} expects {names} in the program that opens it, and {image} does not export {them}: opening it fails. Let the executable export {them} (-exported_symbol), unless only another program opens {}.",
                user.file_name()
            ),
        ),
        Expected::System(path) => (
            format!("macOS lacks {} for {}", group.count(), user.file_name()),
            format!(
                "{user} imports {names} from {path}, and that library of macOS does not export {them}: {consequence}. Import {them} weakly and ask before the call, or link with the SDK of the oldest macOS that the app shall run on."
            ),
        ),
        Expected::WeakDefinition => (
            format!("Nothing defines {} for {}", group.count(), user.file_name()),
            format!(
                "{user} shares {names} with other images, and none of them exports {them}: {consequence}. Link it again with the library that defines {them}."
            ),
        ),
        Expected::FlatNamespace => (
            format!("Nothing defines {} for {}", group.count(), user.file_name()),
            format!(
                "{user} looks for {names} in every loaded image, and none exports {them}: {consequence}. Link it with the library that defines {them}."
            ),
        ),
        Expected::Nowhere | Expected::AbsentLibrary => (
            format!("{} asks no library for {}", user.file_name(), group.count()),
            format!(
                "{user} imports {names} from a library that it has no load command for; dyld says \"{}\". Link it again.",
                first_line(&group.first.message)
            ),
        ),
    };
    let mut finding = group.finding(&RULE, facts, title, message);
    // Whose plug-in it is cannot be told for sure.
    if matches!(group.first.expected, Expected::MainExecutable(_)) {
        finding.severity = Severity::Warning;
    }
    finding
}

fn leaf(image: &ImageId) -> String {
    let path = image.to_string();
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

fn reference<'a>(group: &Group<'a>) -> &'a str {
    group.first.reference.as_ref().map_or("", |name| name.as_str())
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_at, shown};
    use crate::dyld::symbols::sample_app::{App, exporting, importing, needs, uses};
    use crate::macho::sample::{Sample, bind_opcodes};

    fn too_old(imports: &[(i32, &str)]) -> App {
        App::new(&importing(imports, needs("libink.2.dylib")))
            .library("libink.2.dylib", exporting(&["_ink"], uses(&[])))
    }

    #[test]
    fn a_library_that_is_too_old_for_its_user_is_named_with_the_next_step() {
        let findings = found_at(&too_old(&[(2, "_ink"), (2, "_ink_new")]).path(), RULE.id);
        assert_eq!(shown(&findings), ["error Contents/MacOS/main: libink.2.dylib lacks _ink_new"]);
        assert_eq!(
            findings[0].message,
            "Contents/MacOS/main imports _ink_new through its reference @executable_path/../Frameworks/libink.2.dylib, which is Contents/Frameworks/libink.2.dylib, and that file does not export it: dyld stops there with \"Symbol not found\". It is not the version that main was linked with: put that one into the bundle, or link main with this one."
        );
        assert_eq!(findings[0].reference.as_ref().unwrap().leaf(), "libink.2.dylib");
    }

    #[test]
    fn symbols_of_one_library_are_one_finding() {
        let findings = found_at(&too_old(&[(2, "_a"), (2, "_b"), (2, "_c"), (2, "_d")]).path(), RULE.id);
        assert_eq!(shown(&findings), ["error Contents/MacOS/main: libink.2.dylib lacks 4 symbols"]);
        assert!(findings[0].message.contains("imports _a, _b and 2 more through"), "{}", findings[0].message);
    }

    #[test]
    fn what_fails_only_when_it_is_called_is_a_warning() {
        let found = |now: &[(i32, u8, &str)]| {
            let lazy = bind_opcodes(&[(2, 0, "_late")], true);
            let info = [bind_opcodes(now, false), Vec::new(), lazy, Vec::new()];
            let app = App::new(&Sample { dyld_info: Some(info), ..needs("libink.2.dylib") })
                .library("libink.2.dylib", exporting(&[], uses(&[])));
            found_at(&app.path(), RULE.id)
        };
        let both = shown(&found(&[(2, 0, "_now")]));
        assert_eq!(both, ["error Contents/MacOS/main: libink.2.dylib lacks 2 symbols"]);
        let findings = found(&[]);
        assert_eq!(shown(&findings), ["warning Contents/MacOS/main: libink.2.dylib lacks _late"]);
        assert!(findings[0].message.contains("the first call ends the process"), "{}", findings[0].message);
    }

    #[test]
    fn a_plug_in_of_another_program_is_only_a_warning() {
        let app = App::new(&uses(&[]))
            .add("PlugIns/p.so", &Sample { file_type: 8, ..importing(&[(-1, "_host")], uses(&[])) });
        assert_eq!(
            shown(&found_at(&app.path(), RULE.id)),
            ["warning Contents/PlugIns/p.so: main lacks _host for p.so"]
        );
    }

    #[test]
    fn nothing_is_said_of_a_bundle_in_which_all_is_found() {
        assert_eq!(
            shown(&found_at(&too_old(&[(1, "_malloc"), (2, "_ink")]).path(), RULE.id)),
            [] as [&str; 0]
        );
    }
}
