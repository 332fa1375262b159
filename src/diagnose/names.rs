//! What is wrong with the text of a reference, where a rule of its own says it better than "not found".

use std::cell::OnceCell;
use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::Reference;
use crate::bundle::{Bundle, Node};
use crate::dyld::graph::Dependency;
use crate::dyld::search::Reuse;
use crate::dyld::{Candidate, Outcome, Resolution};
use crate::macho::InstallName;
use crate::paths::{BundlePath, RuntimePath};

/// The fault of a name, with the image of the bundle that it means as far as one is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameFault {
    /// dyld's refusal to link against a file that is no library.
    NoLibrary(String),
    /// Bare or relative: looked up from the current folder of the process.
    Relative,
    /// Absolute, and inside this bundle or another copy of it.
    IntoBundle(BundlePath),
    /// It leaves the bundle by `..`.
    Escapes(Option<BundlePath>),
    /// Spelt in another case than the file.
    Case(BundlePath),
    /// Other code points that look alike (NFC and NFD).
    Normalization(BundlePath),
}

/// Looks at names; remembers the folded names of the bundle's files.
pub struct Names<'a> {
    bundle: &'a Bundle,
    folded: OnceCell<BTreeMap<String, &'a BundlePath>>,
}

impl<'a> Names<'a> {
    pub fn new(bundle: &'a Bundle) -> Self {
        Names { bundle, folded: OnceCell::new() }
    }

    /// The fault of this reference's name. `None` when its text is in order, or when it ends outside the bundle, which is
    /// a fault that has a rule.
    pub fn fault(&self, reference: &Reference<'_>) -> Option<NameFault> {
        let dependency = reference.dependency;
        let missing = match &dependency.resolution {
            Resolution::External(_) => return None,
            Resolution::System(_) => return dependency.is_relative().then_some(NameFault::Relative),
            Resolution::Bundled(_) => false,
            Resolution::Missing => true,
        };
        if missing && dependency.met_wrong_arch() {
            return None;
        }
        if missing && let Some(refusal) = refusal(dependency) {
            return Some(NameFault::NoLibrary(refusal.to_owned()));
        }
        if dependency.is_relative() {
            return Some(NameFault::Relative);
        }
        if !dependency.is_reused_by_name()
            && let Some(target) = self.own_library(&dependency.name)
        {
            return Some(NameFault::IntoBundle(target));
        }
        if let Some(lands) = self.escape(reference) {
            return Some(NameFault::Escapes(lands));
        }
        if missing { self.misspelt(reference) } else { None }
    }

    /// The library of this bundle that an absolute name means, whichever copy of the bundle it goes through.
    fn own_library(&self, name: &InstallName) -> Option<BundlePath> {
        let text = name.as_str().strip_prefix('/').map(|_| name.as_str())?;
        let inside = RuntimePath::new(text).normalized();
        let folder = format!("/{}/", self.bundle.name);
        let rest = match inside.strip_prefix(&self.bundle.runtime_root) {
            Some(rest) => rest,
            None => text.split_once(&folder)?.1,
        };
        self.library(&BundlePath::root().resolve(rest)?)
    }

    fn library(&self, path: &BundlePath) -> Option<BundlePath> {
        let real = self.bundle.real_path(path)?;
        self.bundle.image(&real).filter(|image| image.is_library()).map(|_| real)
    }

    /// Whether the name leaves the bundle by `..`, and which library it comes back to.
    fn escape(&self, reference: &Reference<'_>) -> Option<Option<BundlePath>> {
        let name = reference.dependency.name.as_str();
        let (folder, tail) = match name.strip_prefix("@loader_path/") {
            Some(tail) => (reference.user.parent()?, tail),
            None => (self.process_folder(reference)?, name.strip_prefix("@executable_path/")?),
        };
        if folder.resolve(tail).is_some() {
            return None;
        }
        let there = self.bundle.runtime_path(&folder).join(tail).normalized();
        let back = there.strip_prefix(&self.bundle.runtime_root).and_then(BundlePath::new);
        Some(back.and_then(|path| self.library(&path)))
    }

    fn process_folder(&self, reference: &Reference<'_>) -> Option<BundlePath> {
        reference.program().or(self.bundle.main_executable.as_ref())?.parent()
    }

    /// The library that one of the places tried would be, were upper and lower case or code points not told apart.
    fn misspelt(&self, reference: &Reference<'_>) -> Option<NameFault> {
        let absent = reference.dependency.candidates.iter().filter(|one| one.outcome == Outcome::NoSuchFile);
        let inside = absent.filter_map(|one| self.inside(&one.tried));
        inside.filter_map(|path| self.folded(&path)).find(|fault| match fault {
            NameFault::Case(target) | NameFault::Normalization(target) => {
                let image = self.bundle.image(target);
                image.is_some_and(|image| image.file.slice(reference.launch.arch).is_some())
            }
            _ => false,
        })
    }

    fn inside(&self, tried: &RuntimePath) -> Option<BundlePath> {
        BundlePath::new(tried.normalized().strip_prefix(&self.bundle.runtime_root)?)
    }

    /// Follows `path` component by component, each by its folded name.
    fn folded(&self, path: &BundlePath) -> Option<NameFault> {
        let known = self
            .folded
            .get_or_init(|| self.bundle.nodes.keys().map(|path| (fold(path.as_str()), path)).collect());
        let (mut real, mut case) = (BundlePath::root(), false);
        for part in path.components() {
            let next = real.join(part);
            let there = match self.bundle.nodes.contains_key(&next) {
                true => next,
                false => {
                    let found = (*known.get(&fold(next.as_str()))?).clone();
                    case |= !found.file_name().nfc().eq(part.nfc());
                    found
                }
            };
            real = match self.bundle.nodes.get(&there) {
                Some(Node::Link { .. }) => self.bundle.real_path(&there)?,
                _ => there,
            };
        }
        let target = self.library(&real)?;
        Some(if case { NameFault::Case(target) } else { NameFault::Normalization(target) })
    }
}

/// One text for all names that a Mac's default file system takes for the same.
fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.nfc().collect::<String>().to_lowercase() }
}

fn refusal(dependency: &Dependency) -> Option<&str> {
    dependency.candidates.iter().find_map(|candidate| match &candidate.outcome {
        Outcome::Refused(why) if why.starts_with("cannot link against") => Some(why.as_str()),
        _ => None,
    })
}

impl Dependency {
    /// Whether dyld looks for it from the current folder of the process.
    pub(super) fn is_relative(&self) -> bool {
        !self.name.as_str().starts_with(['/', '@'])
    }

    /// The place that decided.
    pub(super) fn deciding(&self) -> Option<&Candidate> {
        self.candidates.iter().find(|one| matches!(one.outcome, Outcome::Found | Outcome::Reused { .. }))
    }

    /// Whether it is found only because an image loaded earlier has this very install name.
    pub(super) fn is_reused_by_name(&self) -> bool {
        let because = self.deciding().map(|one| &one.outcome);
        because == Some(&Outcome::Reused { because: Reuse::SameInstallName })
    }
}
