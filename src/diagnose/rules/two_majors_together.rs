//! One process loads two generations of a toolkit.

use std::collections::{BTreeMap, BTreeSet};

use super::Rule;
use crate::bundle::ImageId;
use crate::diagnose::processes::{Meeting, together};
use crate::diagnose::wording::listed;
use crate::diagnose::{Facts, Finding, Severity};
use crate::macho::framework_suffix;

pub static RULE: Rule = Rule {
    id: "two-majors-together",
    title: "Two generations of a toolkit in one process",
    severity: Severity::Warning,
    doc: include_str!("two_majors_together.md"),
    check,
};

/// A toolkit of which one process stands only one generation, and one that is merely doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Toolkit {
    Qt,
    Gtk,
    Wx,
    Python,
    OpenSsl,
}

impl Toolkit {
    pub fn name(self) -> &'static str {
        match self {
            Toolkit::Qt => "Qt",
            Toolkit::Gtk => "GTK",
            Toolkit::Wx => "wxWidgets",
            Toolkit::Python => "Python",
            Toolkit::OpenSsl => "OpenSSL",
        }
    }

    /// Two versions of OpenSSL keep apart as long as nothing is handed from one to the other.
    fn severity(self) -> Severity {
        if self == Toolkit::OpenSsl { Severity::Info } else { Severity::Warning }
    }
}

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut seen: BTreeMap<(Toolkit, BTreeSet<&str>), Meeting<'_, Toolkit>> = BTreeMap::new();
    for meeting in together(facts.build, |id| generation(text(id)).map(|(toolkit, _)| toolkit)) {
        let generations = meeting.images.iter().filter_map(|id| generation(text(id)));
        let generations: BTreeSet<&str> = generations.map(|(_, generation)| generation).collect();
        if generations.len() > 1 {
            seen.entry((meeting.key, generations)).or_insert(meeting);
        }
    }
    seen.iter().map(|((_, generations), meeting)| finding(generations, meeting)).collect()
}

fn text(id: &ImageId) -> &str {
    match id {
        ImageId::Bundled(path) => path.as_str(),
        ImageId::External(path) => path.as_str(),
    }
}

/// The toolkit that the library at `path` is the heart of, and its generation as the file name says it.
pub fn generation(path: &str) -> Option<(Toolkit, &str)> {
    if let Some(suffix) = framework_suffix(path) {
        let (framework, inside) = suffix.split_once(".framework/Versions/")?;
        let version = inside.split('/').next()?;
        return match (framework, version) {
            ("QtCore", "A") => Some((Toolkit::Qt, "6")),
            ("QtCore", version) => Some((Toolkit::Qt, version)),
            ("Python", version) => Some((Toolkit::Python, version)),
            _ => None,
        };
    }
    let leaf = path.rsplit('/').next()?.strip_suffix(".dylib")?;
    let whole = |start: &str, toolkit| leaf.strip_prefix(start).map(|version| (toolkit, version));
    let gtk = ["libgtk-quartz-", "libgtk-x11-", "libgtk-"].iter().find_map(|start| leaf.strip_prefix(start));
    let gtk = gtk.and_then(|version| version.split('.').next()).map(|major| (Toolkit::Gtk, major));
    let qt = ["5", "6"].into_iter().find(|major| {
        let rest = leaf.strip_prefix("libQt").and_then(|rest| rest.strip_prefix(major)?.strip_prefix("Core"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    qt.map(|major| (Toolkit::Qt, major))
        .or(gtk)
        .or_else(|| whole("libcrypto.", Toolkit::OpenSsl))
        .or_else(|| whole("libpython", Toolkit::Python))
        .or_else(|| wx(leaf).map(|version| (Toolkit::Wx, version)))
}

/// `libwx_baseu-3.2.0.2.1` and `libwx_osx_cocoau_core-3.2` are of generation 3.2.
fn wx(leaf: &str) -> Option<&str> {
    let (_, version) = leaf.strip_prefix("libwx_base")?.split_once('-')?;
    let minor = version.match_indices('.').nth(1).map_or(version.len(), |(at, _)| at);
    version.get(..minor)
}

fn finding(generations: &BTreeSet<&str>, meeting: &Meeting<'_, Toolkit>) -> Finding {
    let (toolkit, entry) = (meeting.key, meeting.entry);
    let bundled = meeting.images.iter().find_map(|id| match id {
        ImageId::Bundled(path) => Some(path),
        ImageId::External(_) => None,
    });
    let subject = bundled.unwrap_or(entry);
    let shown: Vec<String> = generations.iter().map(|one| format!("{} {one}", toolkit.name())).collect();
    let title = format!("{} in one process", shown.join(" and "));
    let message = format!(
        "The process of {entry} loads {}: two generations of {}. Build everything that one process loads against the same one.",
        listed(meeting.images.iter()),
        toolkit.name()
    );
    let others = meeting.images.iter().filter(|id| !matches!(id, ImageId::Bundled(path) if path == subject));
    Finding {
        severity: toolkit.severity(),
        related: others.map(|id| (*id).clone()).collect(),
        ..Finding::new(&RULE, subject, title, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::{found_in, shown};

    fn app(host: &str, plug_in: &str) -> Vec<Finding> {
        let app = format!(
            "Contents/Info.plist plist\n  key CFBundleExecutable App\n\
             Contents/MacOS/App execute\n  use @loader_path/../Frameworks/{host}\n\
             Contents/Frameworks/{host} dylib\n  id @rpath/{host}\n\
             Contents/Frameworks/{plug_in} dylib\n  id @rpath/{plug_in}\n\
             Contents/PlugIns/pen.so bundle\n  use @loader_path/../Frameworks/{plug_in}\n"
        );
        found_in(&app, RULE.id)
    }

    #[test]
    fn a_qt_6_plug_in_in_a_qt_5_program_is_named_once() {
        let findings = app("QtCore.framework/Versions/5/QtCore", "libQt6Core.6.dylib");
        assert_eq!(
            shown(&findings),
            ["warning Contents/Frameworks/QtCore.framework/Versions/5/QtCore: Qt 5 and Qt 6 in one process"]
        );
        assert!(findings[0].message.starts_with("The process of Contents/PlugIns/pen.so loads"));
        let ssl = app("libcrypto.1.1.dylib", "libcrypto.3.dylib");
        assert_eq!(
            (ssl[0].severity, ssl[0].title.as_str()),
            (Severity::Info, "OpenSSL 1.1 and OpenSSL 3 in one process")
        );
    }

    #[test]
    fn one_generation_in_two_files_and_two_toolkits_are_fine() {
        assert_eq!(shown(&app("QtCore.framework/Versions/A/QtCore", "libQt6Core.6.dylib")).len(), 0);
        assert_eq!(shown(&app("libgtk-3.0.dylib", "libQt6Core.6.dylib")).len(), 0);
    }

    #[test]
    fn generations_are_read_off_file_names() {
        let read =
            |leaf: &str| generation(leaf).map(|(toolkit, version)| format!("{} {version}", toolkit.name()));
        for (leaf, expected) in [
            ("libgtk-quartz-2.0.0.dylib", Some("GTK 2")),
            ("libgtk-4.1.dylib", Some("GTK 4")),
            ("libwx_baseu-3.2.0.2.1.dylib", Some("wxWidgets 3.2")),
            ("libwx_baseu_net-3.1.dylib", Some("wxWidgets 3.1")),
            ("libpython3.12.dylib", Some("Python 3.12")),
            ("libQt5CorePrivate.dylib", None),
            ("libQt5Gui.5.dylib", None),
            ("libcryptopp.dylib", None),
        ] {
            assert_eq!(read(leaf).as_deref(), expected, "{leaf}");
        }
    }
}
