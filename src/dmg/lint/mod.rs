//! What will look wrong, or not open, before an image is built: each with the reason, and with a mend where one is sure.

mod context;
mod labels;
mod mend;
mod names;
mod places;
mod volume;
mod window;

use super::spec::DmgSpec;

pub use context::Context;
pub use mend::Mend;
pub use places::free as free_place;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The image cannot be built like this.
    Error,
    /// Users will see it, or cannot open the image.
    Warning,
    /// Worth knowing.
    Info,
}

/// One thing about a [`DmgSpec`].
#[derive(Debug, Clone, PartialEq)]
pub struct Lint {
    pub code: Code,
    pub severity: Severity,
    /// The item it is about, or "" for the window or the volume.
    pub subject: String,
    /// A sentence without a full stop.
    pub title: String,
    /// What is to be done, for a person.
    pub next: String,
    pub mend: Option<Mend>,
}

/// Which rule a [`Lint`] comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    LabelContrast,
    LabelContrastDark,
    OutsideWindow,
    UnderBars,
    Overlap,
    NoPosition,
    HiddenItem,
    NoApplications,
    ForeignLink,
    BackgroundUnreadable,
    BackgroundSize,
    BackgroundDensity,
    WindowLarge,
    WindowOffScreen,
    FormatTooNew,
    NameCollision,
    NameTooLong,
    VolumeName,
    VolumeNameUnversioned,
}

impl Code {
    pub const ALL: [Code; 19] = [
        Code::LabelContrast,
        Code::LabelContrastDark,
        Code::OutsideWindow,
        Code::UnderBars,
        Code::Overlap,
        Code::NoPosition,
        Code::HiddenItem,
        Code::NoApplications,
        Code::ForeignLink,
        Code::BackgroundUnreadable,
        Code::BackgroundSize,
        Code::BackgroundDensity,
        Code::WindowLarge,
        Code::WindowOffScreen,
        Code::FormatTooNew,
        Code::NameCollision,
        Code::NameTooLong,
        Code::VolumeName,
        Code::VolumeNameUnversioned,
    ];

    /// As scripts see it.
    pub fn name(self) -> &'static str {
        match self {
            Code::LabelContrast => "label-contrast",
            Code::LabelContrastDark => "label-contrast-dark",
            Code::OutsideWindow => "outside-window",
            Code::UnderBars => "under-bars",
            Code::Overlap => "overlap",
            Code::NoPosition => "no-position",
            Code::HiddenItem => "hidden-item",
            Code::NoApplications => "no-applications-link",
            Code::ForeignLink => "foreign-link",
            Code::BackgroundUnreadable => "background-unreadable",
            Code::BackgroundSize => "background-size",
            Code::BackgroundDensity => "background-density",
            Code::WindowLarge => "window-large",
            Code::WindowOffScreen => "window-off-screen",
            Code::FormatTooNew => "format-too-new",
            Code::NameCollision => "name-collision",
            Code::NameTooLong => "name-too-long",
            Code::VolumeName => "volume-name",
            Code::VolumeNameUnversioned => "volume-name-unversioned",
        }
    }

    /// Why it matters.
    pub fn why(self) -> &'static str {
        match self {
            Code::LabelContrast => {
                "The Finder draws labels black on a light appearance whatever is behind them, and their colour cannot be \
                 chosen. Below a contrast of 4.5 to 1 (WCAG 2) they are hard to read."
            }
            Code::LabelContrastDark => {
                "In a dark appearance some systems draw labels white also over a picture, and others black. Only a ground \
                 between the two, or a plate under each label, is readable everywhere."
            }
            Code::OutsideWindow => {
                "What stands outside is seen only by those who scroll or make the window larger."
            }
            Code::UnderBars => {
                "Users who have the Finder's status bar or path bar shown see it over this strip."
            }
            Code::Overlap => "Icons or labels that stand on each other cannot be told apart.",
            Code::NoPosition => {
                "The Finder puts an icon without a place wherever it finds room, often on another."
            }
            Code::HiddenItem => {
                "The Finder hides files whose names begin with a full stop, or that are marked invisible."
            }
            Code::NoApplications => {
                "Users drag the app onto this link; without it many run the app from the image."
            }
            Code::ForeignLink => "A link is kept as it is written, and what it names is not on other Macs.",
            Code::BackgroundUnreadable => "An image without the picture that was asked for is not built.",
            Code::BackgroundSize => {
                "The Finder never scales the picture: it hangs in the top left corner, a point for each pixel of 72 dpi."
            }
            Code::BackgroundDensity => {
                "On Retina screens a picture without a twin of twice the size is blurred."
            }
            Code::WindowLarge => {
                "The smallest screens of current Macs show 1,280 by 800 points, with the menu bar."
            }
            Code::WindowOffScreen => {
                "The Finder measures the place of a window from the bottom left of the screen."
            }
            Code::FormatTooNew => {
                "A Mac that runs the app, but cannot open the format, says that the image is damaged."
            }
            Code::NameCollision => {
                "HFS+ ignores case and how accents are composed, so that only one of them can be there."
            }
            Code::NameTooLong => {
                "HFS+ holds names of 255 UTF-16 units, with each accent as a unit of its own."
            }
            Code::VolumeName => {
                "The Finder shows the name as the window's title; some letters and lengths do not survive."
            }
            Code::VolumeNameUnversioned => {
                "The Finder keeps the window and picture of a volume by its name, and shows those of the last version."
            }
        }
    }
}

/// Everything about `spec`, the worst first. Quick: what has to be read is in `context`.
pub fn lints(spec: &DmgSpec, context: &Context) -> Vec<Lint> {
    let mut found = Vec::new();
    names::check(spec, context, &mut found);
    volume::check(spec, context, &mut found);
    window::check(spec, context, &mut found);
    places::check(spec, context, &mut found);
    labels::check(spec, context, &mut found);
    found.sort_by_key(|lint| (lint.severity, lint.code));
    found
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::progress::Progress;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The usual image of an app that is not there, which matters to no lint of values.
    pub fn spec() -> DmgSpec {
        DmgSpec::for_app(Path::new("/nowhere/Foo.app"), "Foo 1.0", 0).unwrap()
    }

    pub fn codes(spec: &DmgSpec) -> Vec<&'static str> {
        let context = Context::read(spec, None, &Progress::silent()).unwrap();
        lints(spec, &context).into_iter().map(|lint| lint.code.name()).collect()
    }

    /// The lint of this rule about `spec`, mended; it must be gone then.
    pub fn mended(spec: &DmgSpec, code: Code) -> DmgSpec {
        let context = Context::read(spec, Some((10, 9)), &Progress::silent()).unwrap();
        let before = lints(spec, &context);
        let lint = before.iter().find(|lint| lint.code == code).unwrap_or_else(|| panic!("{before:?}"));
        let mut better = spec.clone();
        lint.mend.as_ref().expect("a mend").apply(&mut better);
        let context = Context::read(&better, Some((10, 9)), &Progress::silent()).unwrap();
        let after = lints(&better, &context);
        assert!(!after.iter().any(|other| other.code == code && other.subject == lint.subject), "{after:?}");
        better
    }

    #[test]
    fn the_usual_image_has_nothing_that_users_would_notice() {
        assert_eq!(codes(&spec()), ["label-contrast-dark"; 2]);
    }

    #[test]
    fn each_rule_has_a_name_and_a_reason_of_its_own() {
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        let reasons: BTreeSet<&str> = Code::ALL.iter().map(|code| code.why()).collect();
        assert_eq!((names.len(), reasons.len()), (Code::ALL.len(), Code::ALL.len()));
        assert!(reasons.iter().all(|why| why.ends_with('.')));
    }
}
