//! What vouches for a file: from the entry in its bundle's CodeResources over the code directory that seals it up to the
//! app's own signature. Nothing is checked here; what a verification found is put where it belongs.

use super::blob::{SLOT_CODE_RESOURCES, SLOT_INFO_PLIST};
use super::layout::{KnownBundle, current_version, innermost, is_file, known_bundles};
use super::seal::{CodeResources, Seal, items};
use super::{SealProblem, Verification};
use crate::bundle::{self, Bundle, Node};
use crate::paths::BundlePath;

/// One link of the chain: `path` is vouched for by `seal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealLink {
    pub path: BundlePath,
    pub seal: SealedBy,
    /// Why it does not hold: the messages of the verification.
    pub faults: Vec<String>,
}

/// What vouches for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedBy {
    /// The page hashes of its own code directory cover its bytes.
    OwnCodeDirectory,
    /// Its hash in a CodeResources, under this key.
    Hash { seal: BundlePath, entry: String },
    /// The target that a CodeResources says a link has.
    Target { seal: BundlePath, entry: String, target: String },
    /// The requirement that a CodeResources has for nested code.
    Requirement { seal: BundlePath, entry: String, requirement: String },
    /// A special slot, counted downwards from −1, in the code directory of the code at `code`.
    Slot { code: BundlePath, slot: u32 },
    /// The signature of the outermost code: its certificates if it was signed by somebody, else only its own cdhash.
    Signature { cdhash: Option<String>, ad_hoc: bool },
    /// No seal covers it, and why.
    Nothing { why: String },
}

impl SealedBy {
    /// The file that holds the seal.
    pub fn place(&self) -> Option<&BundlePath> {
        match self {
            SealedBy::Hash { seal, .. }
            | SealedBy::Target { seal, .. }
            | SealedBy::Requirement { seal, .. } => Some(seal),
            SealedBy::Slot { code, .. } => Some(code),
            SealedBy::OwnCodeDirectory | SealedBy::Signature { .. } | SealedBy::Nothing { .. } => None,
        }
    }
}

impl SealedBy {
    /// In words that go on after the name of what is sealed.
    pub fn words(&self) -> String {
        match self {
            SealedBy::OwnCodeDirectory => "by the page hashes of its own code directory".to_owned(),
            SealedBy::Hash { seal, entry } => format!("by its hash, the entry {entry} of {seal}"),
            SealedBy::Target { seal, entry, target } => {
                format!("as a link to {target}, the entry {entry} of {seal}")
            }
            SealedBy::Requirement { seal, entry, requirement } => {
                format!("as nested code, the entry {entry} of {seal}: {requirement}")
            }
            SealedBy::Slot { code, slot } => {
                format!("by special slot -{slot} in the code directory of {}", named(code))
            }
            SealedBy::Signature { cdhash, ad_hoc } => {
                let cdhash = cdhash.as_deref().unwrap_or("unknown");
                match ad_hoc {
                    true => format!("by nothing but its own hash, for it is signed ad hoc: cdhash {cdhash}"),
                    false => format!("by the certificates that it is signed with: cdhash {cdhash}"),
                }
            }
            SealedBy::Nothing { why } => format!("by no seal: {why}"),
        }
    }
}

/// The chain from `path` to the app; the first broken link is what an edit broke first. `None` when nothing of that
/// name is there or is said to be.
pub fn seal_chain(bundle: &Bundle, verification: &Verification, path: &BundlePath) -> Option<Vec<SealLink>> {
    let known = known_bundles(bundle);
    let mut chain = Chain { bundle, verification, known: &known, links: Vec::new() };
    chain.from(path).then_some(chain.links)
}

struct Chain<'a> {
    bundle: &'a Bundle,
    verification: &'a Verification,
    known: &'a [KnownBundle],
    links: Vec<SealLink>,
}

impl<'a> Chain<'a> {
    fn from(&mut self, path: &BundlePath) -> bool {
        if self.bundle.images.contains_key(path) {
            let faults = self.faults(path, |code| !is_of_seal(code));
            self.push(path, SealedBy::OwnCodeDirectory, faults);
        }
        let is_code_of = |one: &&KnownBundle| one.executable.as_ref() == Some(path);
        if let Some(one) = self.known.iter().find(is_code_of) {
            self.above(one);
            return true;
        }
        let slots = [SLOT_INFO_PLIST, SLOT_CODE_RESOURCES];
        for (slot, one) in slots.iter().flat_map(|slot| self.known.iter().map(move |one| (*slot, one))) {
            let file = match slot {
                SLOT_INFO_PLIST => one.bundle.info_plist.clone(),
                _ => Some(one.bundle.code_resources()),
            };
            if file.as_ref() == Some(path) {
                self.slot(one, slot, path);
                self.above(one);
                return true;
            }
        }
        self.sealed_file(path)
    }

    /// A file, link or nested code in the seal of the innermost bundle around it.
    fn sealed_file(&mut self, path: &BundlePath) -> bool {
        // A bundle's own folder is what its encloser seals.
        if let Some(one) =
            self.known.iter().find(|one| one.bundle.path == *path || one.bundle.folder == *path)
        {
            self.above(one);
            return true;
        }
        let is_there = self.bundle.nodes.contains_key(path);
        let Some(one) = innermost(self.known, path) else {
            let why = "it stands beside the sealed folder, where no seal reaches".to_owned();
            let faults = self.faults(path, |_| true);
            self.push(path, SealedBy::Nothing { why }, faults);
            return is_there;
        };
        let entry = self.entry(one, path);
        if entry.is_none() && !is_there {
            return false;
        }
        let faults = self.faults(path, is_of_seal);
        let by = match entry {
            Some(by) => by,
            None => SealedBy::Nothing { why: self.why_not(one, path) },
        };
        let ends = matches!(by, SealedBy::Nothing { .. });
        self.push(path, by, faults);
        if !ends {
            self.slot(one, SLOT_CODE_RESOURCES, &one.bundle.code_resources());
            self.above(one);
        }
        true
    }

    /// What seals the code of `one`, which seals the bundle.
    fn above(&mut self, one: &'a KnownBundle) {
        let mut one = one;
        loop {
            let code = code_of(one);
            if one.bundle.folder.is_root() {
                return self.end(one);
            }
            let Some(encloser) = innermost(self.known, &one.bundle.folder) else {
                let why = "it stands outside of every seal".to_owned();
                return self.push(&code, SealedBy::Nothing { why }, Vec::new());
            };
            // Where bundles are not nested code, their executable is a file like any other.
            let (path, by) = match self.entry(encloser, &one.bundle.folder) {
                Some(by) => (&one.bundle.folder, by),
                None => match self.entry(encloser, &code) {
                    Some(by) => (&code, by),
                    None => {
                        let why = self.why_not(encloser, &one.bundle.folder);
                        let faults = self.faults(&one.bundle.folder, is_of_seal);
                        return self.push(&one.bundle.folder, SealedBy::Nothing { why }, faults);
                    }
                },
            };
            let mut faults = Vec::new();
            for about in [&one.bundle.folder, &one.bundle.path, &code] {
                faults.extend(self.faults(about, is_of_entry));
            }
            faults.dedup();
            self.push(path, by, faults);
            self.slot(encloser, SLOT_CODE_RESOURCES, &encloser.bundle.code_resources());
            one = encloser;
        }
    }

    fn end(&mut self, one: &KnownBundle) {
        let code = code_of(one);
        let signed = self.verification.codes.iter().find(|signed| signed.path == code);
        let by = match signed {
            Some(signed) => SealedBy::Signature { cdhash: signed.cdhash.clone(), ad_hoc: signed.ad_hoc },
            None => SealedBy::Nothing { why: "it is not signed".to_owned() },
        };
        let faults = self.faults(&code, |code| matches!(code, "signature-malformed" | "unsigned"));
        self.push(&code, by, faults);
    }

    fn slot(&mut self, one: &KnownBundle, slot: u32, file: &BundlePath) {
        let code = code_of(one);
        let word = if slot == SLOT_INFO_PLIST { "info-plist" } else { "resource-directory" };
        let mut faults = self.faults(&code, |code| code == word);
        faults.extend(self.faults(file, |_| slot == SLOT_CODE_RESOURCES));
        faults.extend(self.faults(&one.bundle.path, |code| code == "not-sealed"));
        self.push(file, SealedBy::Slot { code, slot }, faults);
    }

    fn entry(&self, one: &KnownBundle, path: &BundlePath) -> Option<SealedBy> {
        let inside = path.strip_prefix(&one.bundle.base)?;
        let (seal, entry) = (one.bundle.code_resources(), inside.to_owned());
        Some(match self.read(one)?.files2.remove(inside)? {
            Seal::File { .. } => SealedBy::Hash { seal, entry },
            Seal::Link { target, .. } => SealedBy::Target { seal, entry, target },
            Seal::Code { requirement, .. } => SealedBy::Requirement { seal, entry, requirement },
        })
    }

    fn why_not(&self, one: &KnownBundle, path: &BundlePath) -> String {
        let of = named(&one.bundle.path);
        let Some(seal) = self.read(one) else { return format!("{of} has no seal that can be read") };
        let inside = path.strip_prefix(&one.bundle.base).unwrap_or_default();
        match (self.bundle.nodes.get(path), seal.rules2.find(inside)) {
            (Some(Node::Folder), _) => "a folder is sealed by what is in it".to_owned(),
            (_, Some(rule)) if rule.omit => format!("the rule {} of {of} leaves it out", rule.pattern),
            (_, None) => format!("no rule of {of} covers it"),
            _ if one.bundle.signature_folder() == path.parent().unwrap_or_default() => {
                "it is a part of the signature".to_owned()
            }
            _ => format!("the seal of {of} does not know it"),
        }
    }

    fn read(&self, one: &KnownBundle) -> Option<CodeResources> {
        read_seal(self.bundle, one)
    }

    fn faults(&self, path: &BundlePath, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let here = |problem: &&SealProblem| problem.path == *path && wanted(problem.code);
        self.verification.problems.iter().filter(here).map(|problem| problem.message.clone()).collect()
    }

    fn push(&mut self, path: &BundlePath, seal: SealedBy, faults: Vec<String>) {
        self.links.push(SealLink { path: path.clone(), seal, faults });
    }
}

/// Words about the relation of something to the seal around it, rather than about its own bytes.
fn is_of_seal(code: &str) -> bool {
    is_of_entry(code)
        || matches!(
            code,
            "sealed-resource-added"
                | "sealed-resource-missing"
                | "not-allowed"
                | "invalid-link"
                | "detritus"
                | "unsealed-root"
                | "info-plist"
                | "resource-directory"
                | "not-sealed"
        )
}

/// Words about an entry that is there.
fn is_of_entry(code: &str) -> bool {
    matches!(
        code,
        "sealed-resource-modified"
            | "nested-requirement"
            | "nested-unsigned"
            | "bundle-format"
            | "framework-structure"
            | "seal-malformed"
    )
}

/// Where the signature of the bundle itself is found: its executable, or that of a framework's current version.
pub fn own_code(bundle: &Bundle) -> Option<BundlePath> {
    let current = current_version(&bundle.nodes, &BundlePath::root())?;
    known_bundles(bundle).iter().find(|one| one.bundle.path == current.path).map(code_of)
}

/// What the signature of a bundle is found at: its executable, or the bundle that keeps it in files.
fn code_of(one: &KnownBundle) -> BundlePath {
    match &one.executable {
        Some(executable) if one.has_code => executable.clone(),
        _ => one.bundle.path.clone(),
    }
}

fn named(path: &BundlePath) -> String {
    if path.is_root() { "the app".to_owned() } else { path.to_string() }
}

fn read_seal(bundle: &Bundle, one: &KnownBundle) -> Option<CodeResources> {
    let path = one.bundle.code_resources();
    let bytes = is_file(&bundle.nodes, &path).then(|| bundle::map(&path.to_local(&bundle.root)).ok())??;
    CodeResources::parse(&bytes).ok()
}

/// A bundle or other code, with the code that it seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealTree {
    /// The bundle's folder (`X.framework/Versions/A`), or the file; the root for the app.
    pub path: BundlePath,
    /// Of the signature.
    pub identifier: Option<String>,
    pub state: SealState,
    /// Files and links that its seal covers, nested code left out.
    pub sealed: usize,
    /// How many problems there are about it, without those of the nested code.
    pub problems: usize,
    /// In the order of their paths.
    pub nested: Vec<SealTree>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealState {
    Sound,
    Broken,
    Unsigned,
}

/// Everything that is signed, each thing under the bundle whose seal covers it.
pub fn seal_tree(bundle: &Bundle, verification: &Verification) -> SealTree {
    let known = known_bundles(bundle);
    // Deepest first, so that each finds its own nested code made already.
    let mut paths: Vec<BundlePath> = bundle.images.keys().cloned().collect();
    paths.retain(|path| !known.iter().any(|one| one.has_code && one.executable.as_ref() == Some(path)));
    paths.extend(known.iter().map(|one| one.bundle.path.clone()));
    paths.sort_by_key(|path| std::cmp::Reverse(path.components().count()));
    let mut made: Vec<(Option<BundlePath>, SealTree)> = Vec::new();
    for path in paths {
        let one = known.iter().find(|one| one.bundle.path == path);
        let inside = |(parent, _): &mut (Option<BundlePath>, SealTree)| parent.as_ref() == Some(&path);
        let mut nested: Vec<SealTree> = made.extract_if(.., inside).map(|(_, tree)| tree).collect();
        nested.sort_by(|a, b| a.path.cmp(&b.path));
        let around = innermost(&known, one.map_or(&path, |one| &one.bundle.folder));
        let parent = around.filter(|_| !path.is_root()).map(|around| around.bundle.path.clone());
        made.push((parent, node(bundle, verification, &path, one, nested)));
    }
    let top = current_version(&bundle.nodes, &BundlePath::root()).map(|top| top.path).unwrap_or_default();
    let root = made.iter().position(|(_, tree)| tree.path == top);
    root.map_or_else(
        || node(bundle, verification, &BundlePath::root(), None, Vec::new()),
        |at| made.swap_remove(at).1,
    )
}

fn node(
    bundle: &Bundle,
    verification: &Verification,
    path: &BundlePath,
    one: Option<&KnownBundle>,
    nested: Vec<SealTree>,
) -> SealTree {
    let code = one.map_or_else(|| path.clone(), code_of);
    let is_nested = |place: &BundlePath| {
        nested.iter().any(|other| place.is_under(&other.path) || place.is_under(&folder_of(&other.path)))
    };
    let own = |problem: &&SealProblem| {
        let here = match one {
            Some(_) => problem.path.is_under(path),
            None => problem.path == *path,
        };
        here && !is_nested(&problem.path)
    };
    let problems = verification.problems.iter().filter(own).count();
    let signed = verification.codes.iter().find(|signed| signed.path == code);
    let seal = one.and_then(|one| Some((one, read_seal(bundle, one)?)));
    let sealed = seal.map_or(0, |(one, seal)| {
        let met = items(&bundle.nodes, &one.bundle, one.executable.as_ref(), &seal.rules2);
        met.iter()
            .filter(|item| !matches!(seal.files2.get(item.inside), None | Some(Seal::Code { .. })))
            .count()
    });
    let state = match (signed, problems) {
        (None, _) => SealState::Unsigned,
        (_, 0) => SealState::Sound,
        _ => SealState::Broken,
    };
    let identifier = signed.map(|signed| signed.identifier.clone());
    SealTree { path: path.clone(), identifier, state, sealed, problems, nested }
}

/// `X.framework` of `X.framework/Versions/A`.
fn folder_of(path: &BundlePath) -> BundlePath {
    let versions = path.parent().filter(|parent| parent.file_name() == "Versions");
    versions.and_then(|versions| versions.parent()).unwrap_or_else(|| path.clone())
}
