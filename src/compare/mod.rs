//! Two builds: what differs between them, and why.
//!
//! ```text
//! two paths ─► side (folder, file or disk image) ─► files (pairs) ─► content ─► image ─► slice ─► Vec<Difference>
//!                                                    │ equal bytes: nothing is decoded
//! ```
//!
//! A difference is classed by its cause. What every build has anew (`LC_UUID`, hashes that follow from other bytes) is told
//! apart from what the build machine left, from linkage, from form, from signatures, and from true content. Code is the same
//! when every section of every image holds the same bytes, whatever else differs.

mod archive;
mod class;
mod commands;
mod content;
mod explain;
mod files;
mod image;
mod linkedit;
mod plists;
mod sections;
mod side;
mod signature;
mod slice;
mod symbols;
#[cfg(test)]
mod tests;
mod traces;
pub mod tree;
mod verdict;

use std::borrow::Cow;
use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;
use crate::macho::Arch;
use crate::progress::Progress;

pub use class::Class;
pub use files::Tally;
pub use verdict::verdict;

/// How the two sides differ in one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    Changed,
    /// Only the right side has it.
    Added,
    /// Only the left side has it.
    Removed,
    /// The right side has it at another place.
    Moved,
}

impl Change {
    pub fn word(self) -> &'static str {
        match self {
            Change::Changed => "changed",
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Moved => "moved",
        }
    }
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Of the file, relative to what is compared, `/`-separated; that of the left side when it moved. "" is the folder itself.
    pub path: String,
    pub arch: Option<Arch>,
    /// `LC_BUILD_VERSION sdk`, `__TEXT,__text`, `Info.plist key`, in the words of Apple's tools where they have some.
    pub field: String,
    pub change: Change,
    pub class: Class,
    /// What each side has; "" where it has nothing.
    pub left: String,
    pub right: String,
    /// Why it differs and what to set so that it does not, in a sentence.
    pub explanation: Cow<'static, str>,
    /// Whether other instructions or data would run.
    pub code: bool,
}

impl Difference {
    /// Whether it is shown at first: true content, linkage, and what a signature allows or whose it is.
    pub fn matters(&self) -> bool {
        const OF_SIGNATURES: [&str; 5] =
            ["Signature", "TeamIdentifier", "CodeDirectory flags", "Entitlements", "DER entitlements"];
        match self.class {
            Class::Content | Class::Linkage => true,
            Class::Signature => {
                OF_SIGNATURES.contains(&self.field.as_str()) || self.field.starts_with("Entitlement ")
            }
            _ => false,
        }
    }
}

/// What one side is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// As the user named it.
    pub path: String,
    /// "app bundle", "folder", "disk image", "Mach-O file", …; and what of it is compared, where that is a part.
    pub kind: String,
    pub files: usize,
    /// Bytes of all files.
    pub bytes: u64,
}

/// All that differs between two builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub left: Subject,
    pub right: Subject,
    /// Sorted by path, then slice, then as they stand in the file.
    pub differences: Vec<Difference>,
    pub tally: Tally,
    /// What could not be compared because one side does not record it.
    pub notes: Vec<String>,
}

impl Comparison {
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty()
    }

    /// Whether every image of both sides holds the same code.
    pub fn same_code(&self) -> bool {
        !self.differences.iter().any(|difference| difference.code)
    }

    pub fn count(&self, class: Class) -> usize {
        self.differences.iter().filter(|difference| difference.class == class).count()
    }
}

/// Compares what stands at two paths: two folders (bundles, frameworks), two files of code, two disk images, or a bundle and
/// the disk image that it is in.
///
/// # Errors
/// [`Failure`] when one of them is missing or cannot be read, when the two cannot be compared, or when the user stops it.
/// A broken file inside them is a difference.
pub fn compare(left: &Path, right: &Path, progress: &Progress) -> Result<Comparison, Failure> {
    let (left, right) = side::open(left, right, progress)?;
    let (mut differences, tally) = files::compare(&left, &right, progress)?;
    differences.sort_by(|a, b| (&a.path, a.arch).cmp(&(&b.path, b.arch)));
    let notes = side::notes(&left, &right);
    Ok(Comparison { left: left.subject(), right: right.subject(), differences, tally, notes })
}

/// The differences of one file or slice, as they are found.
#[derive(Debug)]
struct Found {
    path: String,
    arch: Option<Arch>,
    differences: Vec<Difference>,
}

impl Found {
    fn new(path: &str, arch: Option<Arch>) -> Found {
        Found { path: path.to_owned(), arch, differences: Vec::new() }
    }

    /// Adds one; which side has nothing tells whether it was added or removed.
    fn add(
        &mut self,
        class: Class,
        field: impl Into<String>,
        left: Option<String>,
        right: Option<String>,
        explanation: impl Into<Cow<'static, str>>,
    ) -> &mut Difference {
        let change = match (&left, &right) {
            (None, Some(_)) => Change::Added,
            (Some(_), None) => Change::Removed,
            _ => Change::Changed,
        };
        self.differences.push(Difference {
            path: self.path.clone(),
            arch: self.arch,
            field: field.into(),
            change,
            class,
            left: left.unwrap_or_default(),
            right: right.unwrap_or_default(),
            explanation: explanation.into(),
            code: false,
        });
        let last = self.differences.len() - 1;
        &mut self.differences[last]
    }

    fn changed(
        &mut self,
        class: Class,
        field: impl Into<String>,
        left: impl ToString,
        right: impl ToString,
        explanation: impl Into<Cow<'static, str>>,
    ) -> &mut Difference {
        self.add(class, field, Some(left.to_string()), Some(right.to_string()), explanation)
    }
}
