//! The volume as a whole: its name, its format, the link to drag the app to, and links that lead nowhere.

use super::super::hfsplus::unicode;
use super::super::spec::{DmgSpec, Format, Item, ItemSource};
use super::{Code, Context, Lint, Mend, Severity, places};

/// Bytes of the shorter of the two copies of a volume's name in an alias.
const SHORT_NAME: usize = 27;
/// Folders that every Mac has, or gets by what is installed there.
const EVERYWHERE: [&str; 6] = ["/Applications", "/Library", "/System", "/usr", "/etc", "/Users/Shared"];

pub fn check(spec: &DmgSpec, context: &Context, found: &mut Vec<Lint>) {
    name(spec, context, found);
    format(spec, context, found);
    applications(spec, found);
    found.extend(spec.items.iter().filter_map(foreign_link));
}

fn name(spec: &DmgSpec, context: &Context, found: &mut Vec<Lint>) {
    let name = spec.volume_name.as_str();
    let units = unicode::to_disk(name);
    let mut say = |code, severity, title: String, next: &str, mend| {
        found.push(Lint { code, severity, subject: String::new(), title, next: next.into(), mend });
    };
    let (code, error) = (Code::VolumeName, Severity::Error);
    if unicode::fold(&units).is_empty() {
        say(code, error, "The volume has no name".into(), "give it one", None);
        return;
    }
    if units.len() > unicode::MAX_NAME {
        let title = format!("The volume's name has {} UTF-16 units, and HFS+ holds 255", units.len());
        say(code, error, title, "shorten it", None);
    } else if name.len() > SHORT_NAME && matches!(context.backdrop, Ok(Some(_))) {
        let title =
            format!("The volume's name has {} bytes, and old readers of its picture see 27", name.len());
        say(code, Severity::Info, title, "shorten it if the app is for old systems", None);
    }
    if let Some(letter) = name.chars().find(|c| matches!(c, ':' | '/') || c.is_control()) {
        let title =
            format!("The volume's name holds {letter:?}, which the Finder and the shell show differently");
        let plain = name.replace([':', '/'], "-").replace(char::is_control, "");
        say(code, Severity::Warning, title, "use another letter", Some(Mend::RenameVolume(plain)));
    }
    if !name.chars().any(char::is_numeric) {
        let title = format!("The volume is called {name} whatever the version is");
        say(Code::VolumeNameUnversioned, Severity::Info, title, "put the version into the name", None);
    }
}

fn format(spec: &DmgSpec, context: &Context, found: &mut Vec<Lint>) {
    let oldest = spec.format.oldest_system();
    let Some(minimum) = context.minimum_system.filter(|minimum| *minimum < oldest) else { return };
    found.push(Lint {
        code: Code::FormatTooNew,
        severity: Severity::Warning,
        subject: String::new(),
        title: format!(
            "{} opens from macOS {}.{} on, and the app runs from {}.{} on",
            spec.format.name(),
            oldest.0,
            oldest.1,
            minimum.0,
            minimum.1
        ),
        next: "choose UDZO, which every macOS opens".into(),
        mend: Some(Mend::UseFormat(Format::Udzo)),
    });
}

fn applications(spec: &DmgSpec, found: &mut Vec<Lint>) {
    let leads_there = |item: &Item| matches!(&item.source, ItemSource::Link(to) if to.trim_end_matches('/') == "/Applications");
    let has_app = spec.items.iter().any(|item| item.name.ends_with(".app"));
    if !has_app || spec.items.iter().any(leads_there) {
        return;
    }
    let item = Item::applications();
    let taken = spec.items.iter().any(|other| other.name == item.name);
    let place = places::free(spec, &item.name).filter(|_| !taken);
    found.push(Lint {
        code: Code::NoApplications,
        severity: Severity::Warning,
        subject: String::new(),
        title: "There is no link to the Applications folder".into(),
        next: "add a link called Applications to /Applications".into(),
        mend: place.map(|place| Mend::Add(item, place)),
    });
}

fn foreign_link(item: &Item) -> Option<Lint> {
    let ItemSource::Link(target) = &item.source else { return None };
    let inside = |folder: &str| {
        target.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if !target.starts_with('/') || EVERYWHERE.into_iter().any(inside) {
        return None;
    }
    Some(Lint {
        code: Code::ForeignLink,
        severity: Severity::Warning,
        subject: item.name.clone(),
        title: format!("{} leads to {target}, which other Macs do not have", item.name),
        next: "let it lead to a folder of macOS, or to something in the volume".into(),
        mend: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::layout::Background;
    use super::super::tests::{codes, mended, spec};
    use super::*;
    use crate::progress::Progress;

    #[test]
    fn a_format_newer_than_the_app_is_told_and_mended() {
        let mut spec = spec();
        spec.level = None;
        let lints = |spec: &DmgSpec, minimum| {
            let context = Context::read(spec, minimum, &Progress::silent()).unwrap();
            super::super::lints(spec, &context)
        };
        let found = lints(&spec, Some((10, 9)));
        assert_eq!(found[0].title, "ULFO opens from macOS 10.11 on, and the app runs from 10.9 on");
        assert!(lints(&spec, Some((10, 11))).iter().all(|lint| lint.code != Code::FormatTooNew));
        spec.format = Format::Ulmo;
        spec.level = Some(9);
        let better = mended(&spec, Code::FormatTooNew);
        assert_eq!((better.format, better.level), (Format::Udzo, None));
    }

    #[test]
    fn names_of_volumes_are_held_to_what_macs_show() {
        let named = |name: &str| {
            let mut spec = spec();
            spec.volume_name = name.into();
            spec.layout.background = Background::None;
            (codes(&spec), spec)
        };
        assert_eq!(named("Foo 1").0, [""; 0]);
        assert_eq!(named("").0, ["volume-name"]);
        assert_eq!(named(&"1".repeat(256)).0, ["volume-name"]);
        assert_eq!(named(&"1".repeat(255)).0, [""; 0], "without a picture the alias does not matter");
        assert_eq!(named("Foo").0, ["volume-name-unversioned"]);
        let (found, spec) = named("a:b/1");
        assert_eq!(found, ["volume-name"]);
        assert_eq!(mended(&spec, Code::VolumeName).volume_name, "a-b-1");
    }

    #[test]
    fn an_app_needs_the_link_and_a_link_a_place_that_others_have() {
        let mut spec = spec();
        spec.items.pop();
        assert!(codes(&spec).contains(&"no-applications-link"));
        let better = mended(&spec, Code::NoApplications);
        assert_eq!(better.items[1], Item::applications());
        spec.items[0].name = "Document".into();
        assert!(!codes(&spec).contains(&"no-applications-link"));
        for (target, told) in [
            ("/Applications/Utilities", false),
            ("Docs/Read me", false),
            ("/Applications2", true),
            ("/home/me/x", true),
        ] {
            spec.items[0].source = ItemSource::Link(target.into());
            assert_eq!(codes(&spec).contains(&"foreign-link"), told, "{target}");
        }
    }
}
