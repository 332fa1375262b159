//! What will be signed, in which order, what is kept and what is lost: said before anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::code_directory::{CS_REQUIRE_LV, CS_RUNTIME};
use super::embedded::old_entitlements;
use super::entitlements::Entitlements;
use super::layout::{KnownBundle, children, innermost, is_file, is_nested_place, known_bundles};
use super::rules::Rules;
use super::seal::{Met, items};
use super::signer::Signer;
use super::step::{Subject, decide, may_load_any_library};
use super::unsealable::unsealable;
use super::{identifier, nested};
use crate::bundle::{self, Bundle, Image, ImageId, Node};
use crate::failure::Failure;
use crate::macho::{self, FileType, SignatureState, Slice};
use crate::paths::BundlePath;

/// The steps inside-out: a nested thing always before what seals it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignPlan {
    pub steps: Vec<SignStep>,
    /// Whose signatures they are; ad hoc without one.
    pub signer: Option<Signer>,
    /// What the plan as a whole has to be said of.
    pub warnings: Vec<String>,
}

/// What is asked of signing. By default it is ad hoc, and keeps what it can.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignOptions {
    pub signer: Option<Signer>,
    /// For the app's main executable, or for the one that stands alone. Helpers keep theirs, and libraries have none.
    pub entitlements: Option<Entitlements>,
    /// Turns the hardened runtime on in all code, and not only where it was.
    pub hardened_runtime: bool,
}

/// One signature. Nothing about it is decided later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignStep {
    /// A Mach-O file, or the folder of a bundle (`""` for the app, `…/X.framework/Versions/A` for a framework).
    pub path: BundlePath,
    pub kind: SignKind,
    pub identifier: String,
    /// Flags of the new code directories: CS_ADHOC 0x2 without an identity, and what stays of the old ones.
    pub flags: u32,
    /// What its executable slices may do.
    pub entitlements: Option<Entitlements>,
    /// What of the old signature stays, in words: "identifier", "2 entitlements".
    pub keeps: Vec<String>,
    /// What comes that the old one had not: "hardened runtime".
    pub adds: Vec<String>,
    /// What goes: "hardened runtime (an ad hoc signature cannot keep it with bundled libraries)".
    pub drops: Vec<String>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignKind {
    /// One Mach-O file by itself.
    Code,
    /// One disk image (UDIF).
    DiskImage,
    /// A bundle: its resources are sealed into CodeResources and its main executable is signed with them.
    Bundle,
}

/// Bytes of LC_CODE_SIGNATURE.
pub(super) const COMMAND_SIZE: u64 = 16;

/// Plans signing of `touched` (bundle paths that changed, went or must be signed) and of everything that encloses
/// them, up to the app. With an empty `touched`, everything in the bundle.
///
/// A bundle's path in `touched` stands for its own seal and executable, any other folder for all that is below it.
/// Beyond that the plan takes in what a seal could not be made or would not work without: nested code that is not
/// signed, and executables whose library validation would refuse the libraries as they are signed now.
///
/// The model decides; only an executable's entitlements are looked up in the file at [`Image::local`], and are taken
/// for none when it cannot be read.
pub fn plan(bundle: &Bundle, touched: &BTreeSet<BundlePath>, options: &SignOptions) -> SignPlan {
    let known = known_bundles(bundle);
    let mut chosen =
        Chosen { model: bundle, known: &known, options, code: BTreeSet::new(), bundles: BTreeSet::new() };
    if touched.is_empty() {
        chosen.add_everything();
    } else {
        chosen.add_touched(touched);
    }
    chosen.complete();
    let entitlements = Lookup::default();
    chosen.add_library_validation(&entitlements);
    chosen.complete();
    chosen.steps(entitlements)
}

/// The plan of one step that signs a Mach-O file which stands alone; [`sign_file`](super::sign_file) carries it out.
///
/// # Errors
/// [`Failure`] when the file cannot be read or is not code, or when it is to get entitlements and is no executable.
pub fn plan_file(path: &Path, options: &SignOptions) -> Result<SignPlan, Failure> {
    let bytes = bundle::map(path).map_err(|error| Failure::io(path, "read", &error))?;
    let file = macho::read(&bytes)
        .map_err(|error| Failure::new(path, error.0, "name an app, a Mach-O file or a disk image"))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let shown = BundlePath::new(&name).unwrap_or_default();
    let (id, length) = (ImageId::Bundled(shown.clone()), bytes.len() as u64);
    let image = Image { id, local: path.to_owned(), length, file };
    if !is_signable(&image) {
        return Err(Failure::new(
            path,
            "is Mach-O that carries no signature",
            "name an executable or a library",
        ));
    }
    if options.entitlements.is_some() && !is_executable(&image) {
        let what = "is a library, and entitlements are a program's";
        return Err(Failure::new(path, what, "sign it without --entitlements"));
    }
    let subject = Subject {
        path: &shown,
        kind: SignKind::Code,
        image: Some(&image),
        name: identifier::canonical(&name),
        old_entitlements: read_entitlements(&image),
        has_profile: None,
        is_main: true,
        has_libraries: false,
    };
    Ok(SignPlan::new(vec![decide(&subject, options)], options))
}

impl SignPlan {
    pub(super) fn new(steps: Vec<SignStep>, options: &SignOptions) -> SignPlan {
        let signer = options.signer.clone();
        let warnings = signer.as_ref().map(Signer::warnings).unwrap_or_default();
        SignPlan { steps, signer, warnings }
    }
}

/// What is to be signed so far.
struct Chosen<'a> {
    model: &'a Bundle,
    known: &'a [KnownBundle],
    options: &'a SignOptions,
    /// Mach-O files that are not the main executable of a bundle.
    code: BTreeSet<BundlePath>,
    /// [`CodeBundle::path`](super::layout::CodeBundle) of the bundles.
    bundles: BTreeSet<BundlePath>,
}

impl Chosen<'_> {
    fn add_everything(&mut self) {
        self.bundles = self.known.iter().map(|one| one.bundle.path.clone()).collect();
        for path in self.model.images.keys() {
            self.add_code(path);
        }
    }

    fn add_touched(&mut self, touched: &BTreeSet<BundlePath>) {
        let is_bundle = |path: &&BundlePath| {
            self.known.iter().any(|one| one.bundle.path == **path || one.bundle.folder == **path)
        };
        let (bundles, others): (BTreeSet<_>, BTreeSet<_>) =
            touched.iter().cloned().partition(|path| is_bundle(&path));
        let of_bundles: Vec<BundlePath> = self
            .known
            .iter()
            .filter(|one| bundles.contains(&one.bundle.path) || bundles.contains(&one.bundle.folder))
            .map(|one| one.bundle.path.clone())
            .collect();
        let mut all = nested::with_contents(self.model.nodes.keys(), &others);
        all.extend(of_bundles);
        all.insert(BundlePath::root());
        for path in &all {
            self.add_code(path);
            self.add_enclosers(path);
        }
    }

    /// Adds a path that is code of its own.
    fn add_code(&mut self, path: &BundlePath) {
        let is_code = self.model.images.get(path).is_some_and(|image| is_signable(image));
        let is_main = self.known.iter().any(|one| one.executable.as_ref() == Some(path));
        if is_code && !is_main {
            self.code.insert(path.clone());
        }
    }

    fn add_enclosers(&mut self, path: &BundlePath) {
        self.bundles.extend(nested::enclosers(self.known, path).map(|one| one.bundle.path.clone()));
    }

    /// Adds nested code without which the chosen bundles could not be sealed.
    fn complete(&mut self) {
        let rules = Rules::standard(true).1;
        loop {
            let before = (self.code.len(), self.bundles.len());
            let sealed = |path: &BundlePath| {
                innermost(self.known, path).is_some_and(|one| self.bundles.contains(&one.bundle.path))
            };
            let unsigned: Vec<BundlePath> = self
                .model
                .images
                .iter()
                .filter(|(path, image)| is_unsigned(image) && sealed(path))
                .filter(|(path, _)| is_nested_place(self.known, &rules, path))
                .map(|(path, _)| path.clone())
                .collect();
            let unsealed = self.known.iter().filter(|one| one.nested && sealed(&one.bundle.folder));
            let unsealed: Vec<BundlePath> =
                unsealed.filter(|one| self.is_unsealed(one)).map(|one| one.bundle.path.clone()).collect();
            unsigned.iter().for_each(|path| self.add_code(path));
            self.bundles.extend(unsealed);
            if (self.code.len(), self.bundles.len()) == before {
                return;
            }
        }
    }

    fn is_unsealed(&self, one: &KnownBundle) -> bool {
        let has = |name| is_file(&self.model.nodes, &one.bundle.signature_folder().join(name));
        let image = one.executable.as_ref().and_then(|path| self.model.images.get(path));
        match image {
            Some(image) => is_unsigned(image) || states(image).any(is_linker) || !has("CodeResources"),
            None => !has("CodeResources") || !has("CodeDirectory"),
        }
    }

    /// An executable that stays with its identity loads only libraries of its team and of Apple.
    fn add_library_validation(&mut self, lookup: &Lookup) {
        let chosen: Vec<&BundlePath> = self
            .known
            .iter()
            .filter(|one| self.bundles.contains(&one.bundle.path))
            .filter_map(|one| one.executable.as_ref())
            .chain(&self.code)
            .collect();
        let is_library =
            |path: &&BundlePath| self.model.images.get(*path).is_some_and(|image| !is_executable(image));
        if !chosen.iter().any(is_library) {
            return;
        }
        let team = self.options.signer.as_ref().and_then(|signer| signer.identity().team());
        let validating: Vec<BundlePath> = self
            .model
            .images
            .iter()
            .filter(|(path, image)| !chosen.contains(path) && is_executable(image))
            .filter(|(path, image)| {
                let validates = |slice: &Slice| {
                    slice.signature.flags & (CS_RUNTIME | CS_REQUIRE_LV) != 0
                        && (team.is_none() || slice.signature.team.as_deref() != team)
                };
                let may_load_any = || {
                    let kept = lookup.of(path, image).map(|xml| Entitlements::keep(&xml, true));
                    may_load_any_library(kept.and_then(|kept| kept.entitlements).as_ref())
                };
                image.file.slices.iter().any(validates) && !may_load_any()
            })
            .map(|(path, _)| path.clone())
            .collect();
        for path in &validating {
            self.add_code(path);
            self.add_enclosers(path);
        }
    }

    fn steps(&self, mut lookup: Lookup) -> SignPlan {
        let code = self.code.iter().map(|path| {
            let image = self.model.images.get(path).map(|image| &**image);
            let name = identifier::canonical(path.file_name());
            let profile = innermost(self.known, path).map(|one| self.has_profile(one));
            self.step((path, SignKind::Code), image, name, lookup.take(path, image), profile)
        });
        let mut steps: Vec<SignStep> = code.collect();
        for one in self.known.iter().filter(|one| self.bundles.contains(&one.bundle.path)) {
            let executable = one.executable.as_ref();
            let image = executable.and_then(|path| self.model.images.get(path)).map(|image| &**image);
            let info = one.bundle.info_plist.as_ref().and_then(|path| self.model.info_plists.get(path));
            let info = info.or(self.model.info.as_ref().filter(|_| one.bundle.path.is_root()));
            let folder =
                if one.bundle.path.is_root() { &self.model.name } else { one.bundle.folder.file_name() };
            let name = info.and_then(identifier::of_info).unwrap_or(identifier::canonical(folder));
            let old = executable.and_then(|path| lookup.take(path, image));
            let profile = Some(self.has_profile(one));
            let mut step = self.step((&one.bundle.path, SignKind::Bundle), image, name, old, profile);
            step.warnings.extend(bundle_warnings(self.model, one, self.options));
            steps.push(step);
        }
        nested::inside_out(&mut steps);
        SignPlan::new(steps, self.options)
    }

    fn step(
        &self,
        (path, kind): (&BundlePath, SignKind),
        image: Option<&Image>,
        name: &str,
        old_entitlements: Option<Vec<u8>>,
        has_profile: Option<bool>,
    ) -> SignStep {
        let has_libraries = self.model.images.values().any(|image| !is_executable(image));
        let is_main = path.is_root();
        let subject =
            Subject { path, kind, image, name, old_entitlements, has_profile, is_main, has_libraries };
        decide(&subject, self.options)
    }

    fn has_profile(&self, one: &KnownBundle) -> bool {
        is_file(&self.model.nodes, &one.bundle.base.join(PROFILE))
    }
}

/// The provisioning profile, in a bundle's base folder.
const PROFILE: &str = "embedded.provisionprofile";

fn states(image: &Image) -> impl Iterator<Item = SignatureState> + '_ {
    image.file.slices.iter().map(|slice| slice.signature.state)
}

fn is_linker(state: SignatureState) -> bool {
    state == SignatureState::Linker
}

/// Whether a slice has no signature that a seal could name.
fn is_unsigned(image: &Image) -> bool {
    states(image).any(|state| matches!(state, SignatureState::None | SignatureState::Unreadable))
}

pub(super) fn is_executable(image: &Image) -> bool {
    image.file.slices.iter().any(|slice| slice.file_type == FileType::Execute)
}

/// Object files and debug symbols are resources, not code.
fn is_signable(image: &Image) -> bool {
    let code = |slice: &Slice| {
        matches!(
            slice.file_type,
            FileType::Execute | FileType::Dylib | FileType::Bundle | FileType::Dylinker | FileType::Kext
        )
    };
    !image.file.slices.is_empty() && image.file.slices.iter().all(code)
}

/// Entitlements of executables as XML, read once each.
#[derive(Default)]
struct Lookup(std::cell::RefCell<BTreeMap<BundlePath, Option<Vec<u8>>>>);

impl Lookup {
    fn of(&self, path: &BundlePath, image: &Image) -> Option<Vec<u8>> {
        self.0.borrow_mut().entry(path.clone()).or_insert_with(|| read_entitlements(image)).clone()
    }

    fn take(&mut self, path: &BundlePath, image: Option<&Image>) -> Option<Vec<u8>> {
        let found = self.0.get_mut().remove(path);
        found.or_else(|| image.map(read_entitlements)).flatten()
    }
}

fn read_entitlements(image: &Image) -> Option<Vec<u8>> {
    let has_some = states(image).any(|state| matches!(state, SignatureState::Adhoc | SignatureState::Cms));
    if !is_executable(image) || !has_some {
        return None;
    }
    bundle::map(&image.local).ok().and_then(|bytes| old_entitlements(&bytes))
}

/// What about a bundle's contents a seal cannot make right.
fn bundle_warnings(model: &Bundle, one: &KnownBundle, options: &SignOptions) -> Vec<String> {
    let nodes = &model.nodes;
    let bundle = &one.bundle;
    let mut warnings = Vec::new();
    let mut at_base = |name: &str, text: &str| {
        if is_file(nodes, &bundle.base.join(name)) {
            warnings.push(text.to_owned());
        }
    };
    at_base(
        "CodeResources",
        "the stapled notarization ticket (CodeResources) no longer fits: delete it, or notarize and staple again",
    );
    let is_apples = options.signer.as_ref().is_some_and(|signer| signer.identity().is_apples());
    let profile = match is_apples {
        true => "the provisioning profile has to list this certificate: else macOS does not start the app",
        false => {
            "the provisioning profile is tied to the old certificate: delete it, or sign with that certificate"
        }
    };
    at_base(PROFILE, profile);
    if !one.has_code {
        let what =
            if one.executable.is_some() { "its main executable is a script" } else { "it has no executable" };
        warnings.push(format!(
            "{what}: the signature goes into files of _CodeSignature, which some copying tools lose"
        ));
    }
    if bundle.base.file_name() == "Contents" {
        let beside =
            children(nodes, &bundle.folder).filter(|(path, _)| !may_stand_beside_contents(path.file_name()));
        warnings.extend(beside.map(|(path, _)| {
            format!(
                "unsealed contents present in the bundle root: move {} into Contents/Resources",
                path.file_name()
            )
        }));
    }
    let rules = Rules::standard(bundle.has_resources_folder(nodes)).1;
    for item in items(nodes, bundle, one.executable.as_ref(), &rules) {
        warnings.extend(item_warning(model, item.path, item.inside, item.met));
    }
    warnings
}

fn item_warning(model: &Bundle, path: &BundlePath, inside: &str, met: Met) -> Option<String> {
    let nodes = &model.nodes;
    match met {
        Met::FileAmongCode if !model.images.get(path).is_some_and(|image| is_signable(image)) => {
            Some(format!(
                "{inside} is not code but stands among code: sealed by its hash; Contents/Resources is its place"
            ))
        }
        Met::FolderAmongCode => {
            unsealable(nodes, path).map(|why| format!("{inside} {}; {}", why.what, why.next))
        }
        Met::Link if !leads_well(model, path) => {
            Some(format!("invalid destination for symbolic link in bundle: {inside}"))
        }
        Met::NotAllowed => Some(format!("{inside} can stand in no bundle: delete it")),
        _ => None,
    }
}

/// Whether a link leads to something inside the bundle, or to a place of the system.
pub(super) fn leads_well(model: &Bundle, link: &BundlePath) -> bool {
    match model.nodes.get(link) {
        Some(Node::Link { target }) if target.starts_with('/') => {
            target.starts_with("/System/") || target.starts_with("/Library/")
        }
        _ => model.real_path(link).is_some(),
    }
}

/// Names that may stand beside `Contents` without a seal (Security, `bundlediskrep.cpp`).
pub fn may_stand_beside_contents(name: &str) -> bool {
    matches!(name, "Contents" | ".DS_Store" | ".LSOverride" | "Icon\r" | ".SoftwareDepot.tracking")
}
