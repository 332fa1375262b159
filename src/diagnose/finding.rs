//! One finding, and the intent that would mend it.

use std::fmt;

use serde::Serialize;

use super::Rule;
use crate::bundle::ImageId;
use crate::macho::{Arch, InstallName, Rpath};
use crate::paths::{BundlePath, RuntimePath};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Breaks at launch, at install, or on somebody else's Mac.
    Error,
    /// Works here, may not elsewhere.
    Warning,
    /// Worth knowing, nothing to do.
    Info,
}

/// One thing a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, a key of [`super::RULES`].
    pub rule: &'static str,
    pub severity: Severity,
    /// The file of the bundle it is about.
    pub subject: BundlePath,
    /// Only this slice; `None` for all.
    pub arch: Option<Arch>,
    /// A short title: "libdbus-1.3.dylib is outside the bundle".
    pub title: String,
    /// Names the image, the load command and what to do, in sentences.
    pub message: String,
    /// The reference concerned, when there is one.
    pub reference: Option<InstallName>,
    /// Other files that play a part: the second copy, the outside library, …
    pub related: Vec<ImageId>,
    /// What would mend it; without one the message says what a person must do.
    pub remedy: Option<Remedy>,
}

/// Intent. The planner turns it into edits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Bring this outside library (or its whole framework) into the bundle and point every user at it.
    Bundle {
        external: RuntimePath,
    },
    /// Point `image`'s reference `name` at the copy `target` that the bundle already has.
    Repoint {
        image: BundlePath,
        name: InstallName,
        target: BundlePath,
    },
    /// Point `image`'s reference `name` at macOS's own library of that install name.
    UseSystem {
        image: BundlePath,
        name: InstallName,
        own: InstallName,
    },
    /// Give the later ones of `image`'s references that all say `name` other spellings of it.
    Respell {
        image: BundlePath,
        name: InstallName,
    },
    /// Give the main executables an rpath that leads to the bundle's libraries.
    AddRpath {
        image: BundlePath,
        rpath: Rpath,
    },
    DeleteRpath {
        image: BundlePath,
        rpath: Rpath,
    },
    /// Make LC_ID_DYLIB say where the file is.
    SetId {
        image: BundlePath,
    },
    /// Keep `keep`, point every user of `remove` at it, delete `remove`.
    Merge {
        keep: BundlePath,
        remove: BundlePath,
    },
    /// Rebuild the links of a framework that lost them.
    RestoreFramework {
        framework: BundlePath,
    },
    /// Replace a framework's bare binary by the whole framework from outside the bundle.
    Unflatten {
        flat: BundlePath,
        framework: RuntimePath,
    },
    MakeExecutable {
        path: BundlePath,
    },
    RemoveLink {
        path: BundlePath,
    },
    /// Delete files and folders that the app can do without.
    Remove {
        paths: Vec<BundlePath>,
    },
    /// Move files and folders to where Apple wants them, each from and to.
    Relocate {
        moves: Vec<(BundlePath, BundlePath)>,
        /// Whether a link stays in the old place.
        link: bool,
    },
    /// Take the slices of these architectures out of universal files.
    Thin {
        images: Vec<BundlePath>,
        archs: Vec<Arch>,
    },
    /// Set a text of an Info.plist.
    SetInfo {
        plist: BundlePath,
        key: &'static str,
        value: String,
    },
    /// Bring in what this toolkit opens by name: the plug-ins of one kind, or all that the app can want.
    PlugIns {
        toolkit: Toolkit,
        kind: Option<&'static str>,
    },
    /// Make the toolkit's settings say that its plug-ins are in `folder`.
    PlugInsFolder {
        toolkit: Toolkit,
        folder: BundlePath,
    },
    /// Sign this file or bundle again.
    Sign {
        path: BundlePath,
    },
}

impl Remedy {
    /// Whether it mends nothing that is broken, so that it is done only when somebody asks for it.
    pub fn is_offer(&self) -> bool {
        matches!(self, Remedy::Remove { .. } | Remedy::Thin { .. } | Remedy::Relocate { .. })
    }
}

/// Whose run-time files no load command names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Toolkit {
    Qt,
    GdkPixbuf,
    Gio,
}

impl Finding {
    /// A finding as bad as its rule says, about a whole file, with nothing else known yet.
    pub fn new(
        rule: &Rule,
        subject: &BundlePath,
        title: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Finding {
            rule: rule.id,
            severity: rule.severity,
            subject: subject.clone(),
            arch: None,
            title: title.into(),
            message: message.into(),
            reference: None,
            related: Vec::new(),
            remedy: None,
        }
    }

    pub(super) fn sort_key(&self) -> impl Ord + '_ {
        (self.severity, &self.subject, self.rule, self.arch, &self.reference, &self.message)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        })
    }
}
