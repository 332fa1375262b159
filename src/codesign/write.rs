//! Makes signatures. The only file of this room that writes to disk; every changed file is a new inode.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use sha1::Sha1;
use sha2::Digest;

use super::blob::{SLOT_CODE_RESOURCES, SLOT_INFO_PLIST, SLOT_REQUIREMENTS};
use super::check_code::Digests;
use super::code_directory::{Cdhash, CodeDirectory, ExecSegment, NewDirectory};
use super::digest::HashType;
use super::disk_image::{Layout, content_hash, signed_end};
use super::embedded::{self, Refusal, SealedWith, SignedFile, Signing};
use super::layout::{CodeBundle, Nodes, bundles_at, children, current_version, is_file};
use super::rules::Rules;
use super::seal::{CodeResources, Item, Met, Seal, code_seal, items};
use super::signer::{self, Signer};
use super::simulate::{place_seal, seal_files};
use super::verified::{Known, Witness};
use super::{SignKind, SignPlan, SignStep, identifier, nested};
use crate::bundle::{self, InfoPlist, Node};
use crate::failure::Failure;
use crate::macho::{Arch, fat, header::Header, is_macho};
use crate::os::disk::Sync;
use crate::os::{self, disk};
use crate::paths::BundlePath;
use crate::progress::Progress;

/// Carries out `plan` on the bundle folder `root`. Each file is replaced as a whole, but an error or a cancel leaves the
/// steps before it done: work on a copy where that matters. To bring the new files to the disk is left to the caller.
///
/// # Errors
/// [`Failure`] when a file cannot be read, has no room for its signature, or cannot be written.
pub fn sign(root: &Path, plan: &SignPlan, progress: &Progress) -> Result<(), Failure> {
    sign_known(root, plan, &Known::nothing(), progress)
}

/// [`sign`] in a copy of a bundle that was verified: hashes of what did not change since are taken over.
///
/// # Errors
/// As [`sign`].
pub fn sign_known(root: &Path, plan: &SignPlan, known: &Known, progress: &Progress) -> Result<(), Failure> {
    let listing = bundle::list(root, |_| Ok(()))?;
    if let Some(problem) = listing.problems.first() {
        let what = "holds something that cannot be read, and so cannot be sealed";
        return Err(Failure::new(root, format!("{what}: {problem}"), "repair or remove it"));
    }
    let mut nodes = listing.nodes;
    let (done, total) = (AtomicU64::new(0), plan.steps.len() as u64);
    for wave in nested::waves(&plan.steps) {
        let signed: Result<Vec<_>, Failure> = wave
            .par_iter()
            .map(|step| {
                let shown = if step.path.is_root() { "the app" } else { step.path.as_str() };
                progress.step("signing", shown, done.fetch_add(1, Ordering::Relaxed), total)?;
                let place = Place { root, nodes: &nodes, signer: plan.signer.as_ref(), known };
                carry_out(place, step)
            })
            .collect();
        for (bundle, detached) in signed?.into_iter().flatten() {
            place_seal(&mut nodes, &bundle, detached);
        }
    }
    Ok(())
}

/// Carries out what [`plan_file`](super::plan_file) planned for one Mach-O file that stands alone. A link stays one: what
/// it leads to is signed.
///
/// # Errors
/// As [`sign`].
pub fn sign_file(path: &Path, plan: &SignPlan) -> Result<(), Failure> {
    let file = fs::canonicalize(path).map_err(|error| Failure::io(path, "open", &error))?;
    let sign = |step| sign_code(&file, &signing(step, plan.signer.as_ref()), None, Sync::Now);
    plan.steps
        .iter()
        .try_for_each(|step| sign(step).map(drop).map_err(|failure| failure.seen_at(&file, path)))
}

/// Carries out what [`plan_disk_image`](super::plan_disk_image) planned. An old signature is replaced.
///
/// # Errors
/// As [`sign`].
pub fn sign_disk_image(path: &Path, plan: &SignPlan, progress: &Progress) -> Result<(), Failure> {
    // What a link leads to is the image.
    let local = fs::canonicalize(path).map_err(|error| Failure::io(path, "open", &error))?;
    let (length, end) = image_end(&local, plan, progress).map_err(|failure| failure.seen_at(&local, path))?;
    let bytes = map(&local)?;
    let content = bytes.get(..length).unwrap_or_default();
    let fail = |error| Failure::io(path, "write", &error);
    let dress = |fresh: &Path| disk::copy_attributes(&local, fresh);
    let beside = disk::beside(&local, &[content, &end[..]], Sync::Now, dress).map_err(fail)?;
    drop(bytes); // Windows replaces no file that is mapped.
    beside.take_place().map_err(fail)
}

/// What takes the place of the last 512 bytes of an image that is not signed yet, for whoever is just writing it.
///
/// # Errors
/// As [`sign`].
pub fn disk_image_end(path: &Path, plan: &SignPlan, progress: &Progress) -> Result<Vec<u8>, Failure> {
    image_end(path, plan, progress).map(|(_, end)| end)
}

/// How many bytes of an image stay, and what follows them.
fn image_end(path: &Path, plan: &SignPlan, progress: &Progress) -> Result<(usize, Vec<u8>), Failure> {
    let bytes = map(path)?;
    let layout = Layout::of(path, &bytes)?;
    let step = plan.steps.first().filter(|step| step.kind == SignKind::DiskImage);
    let step = step.ok_or_else(|| {
        Failure::new(path, "is no disk image in the plan of its signature", "plan its signature again")
    })?;
    let hash = content_hash(layout.content, step.path.file_name(), progress)?;
    let end = signed_end(&layout, hash, step, plan.signer.as_ref());
    let end = end.map_err(|Refusal { what, next }| Failure::new(path, what, next))?;
    Ok((layout.content.len(), end))
}

/// What a step says, for code that is no bundle's.
fn signing<'a>(step: &'a SignStep, signer: Option<&'a Signer>) -> Signing<'a> {
    let SignStep { identifier, flags, entitlements, .. } = step;
    Signing { identifier, flags: *flags, entitlements: entitlements.as_ref(), signer, bundle: None }
}

/// Where steps are carried out, and what they have in common.
#[derive(Clone, Copy)]
struct Place<'a> {
    root: &'a Path,
    nodes: &'a Nodes,
    signer: Option<&'a Signer>,
    known: &'a Known,
}

/// The bundle that was sealed, if the step is one, and whether its signature stands in files.
fn carry_out(place: Place, step: &SignStep) -> Result<Option<(CodeBundle, bool)>, Failure> {
    let local = step.path.to_local(place.root);
    if !identifier::is_usable(&step.identifier) {
        return Err(Failure::new(
            local,
            "has no identifier that a signature could hold",
            "set CFBundleIdentifier",
        ));
    }
    let signing = signing(step, place.signer);
    if step.kind == SignKind::Code {
        return sign_known_code(place.known, &step.path, &local, &signing).map(|()| None);
    }
    let bundle = CodeBundle::at_step(place.nodes, &step.path);
    let bundle = bundle.ok_or_else(|| {
        Failure::new(&local, "bundle format unrecognized, invalid, or unsuitable", "add its Info.plist")
    })?;
    BundleSigner::new(place, bundle)?.sign(&signing).map(Some)
}

/// [`sign_code`] of a bundle's code, with what is known of it; what it was given is then known as well.
fn sign_known_code(known: &Known, path: &BundlePath, local: &Path, signing: &Signing) -> Result<(), Failure> {
    let stamp = os::stamp(local);
    let signatures = sign_code(local, signing, known.code(path, local), Sync::Later)?;
    known.was_signed(path, stamp, signatures);
    Ok(())
}

/// Puts signed code in the place of `path` as a new inode with the old permissions, attributes and date, as codesign does
/// (Security, `signerutils.cpp`, COPYFILE_METADATA). What stays of it goes from file to file.
fn sign_code(
    path: &Path,
    signing: &Signing,
    witness: Option<Witness>,
    sync: Sync,
) -> Result<Vec<(Arch, Vec<u8>)>, Failure> {
    let bytes = map(path)?;
    let SignedFile { pieces, signatures } = embedded::sign_pieces(&bytes, signing, witness.as_ref())
        .map_err(|Refusal { what, next }| Failure::new(path, what, next))?;
    let fail = |error| Failure::io(path, "write", &error);
    let dress = |fresh: &Path| {
        disk::copy_attributes(path, fresh)?;
        disk::copy_date(path, fresh)
    };
    let beside = disk::beside(path, &pieces, sync, dress).map_err(fail)?;
    drop(pieces);
    drop(bytes); // Windows replaces no file that is mapped.
    beside.take_place().map_err(fail)?;
    Ok(signatures)
}

/// One bundle about to be sealed.
struct BundleSigner<'a> {
    place: Place<'a>,
    root: &'a Path,
    nodes: &'a Nodes,
    bundle: CodeBundle,
    info_bytes: Option<Vec<u8>>,
    executable: Option<BundlePath>,
}

impl<'a> BundleSigner<'a> {
    fn new(place: Place<'a>, bundle: CodeBundle) -> Result<Self, Failure> {
        let Place { root, nodes, .. } = place;
        let info_local = bundle.info_plist.as_ref().map(|path| path.to_local(root));
        let info_bytes = info_local.as_deref().map(read).transpose()?;
        let info =
            match (&info_bytes, &info_local) {
                (Some(bytes), Some(local)) => Some(InfoPlist::read(bytes).map_err(|why| {
                    Failure::new(local, why, "correct it; nothing can be signed without it")
                })?),
                _ => None,
            };
        let executable = bundle.main_executable(nodes, info.as_ref());
        Ok(BundleSigner { place, root, nodes, bundle, info_bytes, executable })
    }

    fn sign(self, signing: &Signing) -> Result<(CodeBundle, bool), Failure> {
        let code = self.executable.as_ref().map(|path| path.to_local(self.root));
        let is_code = code.as_deref().map(begins_like_code).transpose()?.unwrap_or(false);
        let sealed = self.code_resources(code.as_deref().filter(|_| is_code))?.to_xml();
        self.clear_signature_folder(!is_code)?;
        self.write_beside_seal("CodeResources", &sealed)?;
        let with = SealedWith { info_plist: self.info_bytes.as_deref(), code_resources: &sealed };
        match code {
            Some(code) if is_code => {
                let path = self.executable.clone().unwrap_or_default();
                sign_known_code(self.place.known, &path, &code, &Signing { bundle: Some(with), ..*signing })?
            }
            code => self.sign_detached(signing, with, code)?,
        }
        Ok((self.bundle, !is_code))
    }

    /// Hashes everything, in parallel.
    fn code_resources(&self, code: Option<&Path>) -> Result<CodeResources, Failure> {
        let with_sha1 = code.map(needs_sha1).transpose()?.unwrap_or(false);
        let (rules, rules2) = Rules::standard(self.bundle.has_resources_folder(self.nodes));
        let items = |rules| items(self.nodes, &self.bundle, self.executable.as_ref(), rules);
        let in_files = |item: &Item| matches!(item.met, Met::File | Met::FileAmongCode);
        let (first, second) = (items(&rules), items(&rules2));
        let first: BTreeMap<&BundlePath, &Item> =
            first.iter().filter(|item| in_files(item)).map(|item| (item.path, item)).collect();
        let of_second: Result<Vec<_>, Failure> = second
            .par_iter()
            .map(|item| {
                let is_first = first.contains_key(item.path);
                let (sha1, seal) = self.seal(item, is_first, with_sha1)?;
                Ok((item, sha1, seal))
            })
            .collect();
        let mut files = BTreeMap::new();
        let mut files2 = BTreeMap::new();
        for (item, sha1, seal) in of_second? {
            if let (Some(first), Some(sha1)) = (first.get(item.path), sha1) {
                files.insert(item.inside.to_owned(), (sha1, first.optional));
            }
            files2.extend(seal.map(|seal| (item.inside.to_owned(), seal)));
        }
        // Version 1 also seals what version 2 leaves out, such as the Info.plist of a flat bundle.
        for (path, item) in
            first.iter().filter(|(_, item)| !files.contains_key(item.inside)).collect::<Vec<_>>()
        {
            let sha1 = Sha1::digest(&read(&path.to_local(self.root))?).to_vec();
            files.insert(item.inside.to_owned(), (sha1, item.optional));
        }
        Ok(CodeResources { files, files2, rules, rules2 })
    }

    /// The SHA-1 for version 1, if it is wanted there, and the entry of version 2, unless nothing can be sealed.
    fn seal(
        &self,
        item: &Item,
        in_first: bool,
        with_sha1: bool,
    ) -> Result<(Option<Vec<u8>>, Option<Seal>), Failure> {
        let local = item.path.to_local(self.root);
        match (item.met, self.nodes.get(item.path)) {
            (Met::NotAllowed, _) => Err(Failure::new(local, "can stand in no bundle", "delete it")),
            (Met::Link, Some(Node::Link { target })) => {
                Ok((None, Some(Seal::Link { target: target.clone(), optional: item.optional })))
            }
            (Met::FolderAmongCode, _) => Ok((None, self.seal_nested_bundle(item.path)?)),
            (Met::FileAmongCode, _) if begins_like_code(&local)? => {
                let bytes = map(&local)?;
                let sha1 = in_first.then(|| Sha1::digest(&*bytes).to_vec());
                Ok((sha1, Some(seal_of_code(&local, &[self.signed(&bytes)])?)))
            }
            _ => {
                let Digests { sha1, sha256 } = self.digests(item.path, &local, in_first || with_sha1)?;
                let seal =
                    Seal::File { sha1: sha1.clone().filter(|_| with_sha1), sha256, optional: item.optional };
                Ok((sha1, Some(seal)))
            }
        }
    }

    /// Of a file that is sealed by its hashes: SHA-256, and SHA-1 if it is wanted. Known ones are taken over.
    fn digests(&self, path: &BundlePath, local: &Path, with_sha1: bool) -> Result<Digests, Failure> {
        let known = self.place.known.digests(path, local).unwrap_or(Digests { sha1: None, sha256: None });
        let (sha1, sha256) = (known.sha1.filter(|_| with_sha1), known.sha256);
        if sha256.is_some() && sha1.is_some() == with_sha1 {
            return Ok(Digests { sha1, sha256 });
        }
        let stamp = os::stamp(local);
        let bytes = map(local)?;
        let fresh = Digests::of(&bytes, with_sha1 && sha1.is_none(), sha256.is_none());
        let digests = Digests { sha1: sha1.or(fresh.sha1), sha256: sha256.or(fresh.sha256) };
        self.place.known.was_read(path, stamp, &digests);
        Ok(digests)
    }

    /// `None` when the folder is no bundle: nothing that could stand for it would be accepted.
    fn seal_nested_bundle(&self, folder: &BundlePath) -> Result<Option<Seal>, Failure> {
        let Some(current) = current_version(self.nodes, folder) else { return Ok(None) };
        let mut versions = bundles_at(self.nodes, folder);
        versions.sort_by_key(|bundle| bundle.path != current.path);
        // Every version has to satisfy the requirement, so it names them all.
        let signed = versions.into_iter().map(|version| {
            let nested = BundleSigner::new(self.place, version)?;
            let code = nested.executable.as_ref().map(|path| path.to_local(self.root));
            match code {
                Some(code) if begins_like_code(&code)? => Ok(self.signed(&map(&code)?)),
                _ => nested.detached(),
            }
        });
        let signed: Vec<_> = signed.collect::<Result<_, Failure>>()?;
        seal_of_code(&folder.to_local(self.root), &signed).map(Some)
    }

    fn signed(&self, bytes: &[u8]) -> SignedCode {
        let requirement = self.place.signer.and_then(|signer| embedded::requirement_text(bytes, signer));
        SignedCode { cdhashes: embedded::cdhashes(bytes), requirement }
    }

    fn detached(&self) -> Result<SignedCode, Failure> {
        let part = |name: &str| -> Result<Option<Vec<u8>>, Failure> {
            let path = self.bundle.signature_folder().join(name);
            is_file(self.nodes, &path).then(|| read(&path.to_local(self.root))).transpose()
        };
        let bytes = part("CodeDirectory")?.unwrap_or_default();
        let Ok(directory) = CodeDirectory::parse(&bytes) else { return Ok(SignedCode::default()) };
        let (requirements, cms) = (part("CodeRequirements")?, part("CodeSignature")?.unwrap_or_default());
        let signer = self.place.signer.filter(|_| !cms.is_empty());
        let requirement = signer
            .zip(requirements)
            .and_then(|(signer, requirements)| signer.requirement_text(directory.identifier, &requirements));
        Ok(SignedCode { cdhashes: vec![(Arch::ARM64, vec![directory.cdhash()])], requirement })
    }

    /// A bundle without Mach-O executable is signed in files: its script or Info.plist is the code, as one page
    /// (Security, `filediskrep.cpp`).
    fn sign_detached(
        &self,
        signing: &Signing,
        with: SealedWith,
        script: Option<PathBuf>,
    ) -> Result<(), Failure> {
        let script = script.as_deref().map(read).transpose()?;
        let Some(code) = script.as_deref().or(with.info_plist) else {
            let local = self.bundle.folder.to_local(self.root);
            return Err(Failure::new(
                local,
                "has neither an executable nor an Info.plist",
                "add its Info.plist",
            ));
        };
        let requirements = signer::requirements(signing.signer, signing.identifier);
        let mut special = BTreeMap::from([(SLOT_REQUIREMENTS, &requirements[..])]);
        special.extend(with.info_plist.map(|info| (SLOT_INFO_PLIST, info)));
        special.insert(SLOT_CODE_RESOURCES, with.code_resources);
        let directory = NewDirectory {
            identifier: signing.identifier,
            team: signing.signer.and_then(|signer| signer.identity().team()),
            flags: signing.flags,
            hash_type: HashType::Sha256,
            page_log2: 0,
            exec_segment: ExecSegment::default(),
            runtime: 0,
            special,
            code_limit: code.len(),
        };
        let directory = directory.build(code);
        let cms = signing.signer.map(|signer| signer.sign(&[&directory])).transpose();
        let cms = cms.map_err(|Refusal { what, next }| {
            Failure::new(self.bundle.folder.to_local(self.root), what, next)
        })?;
        self.write_beside_seal("CodeDirectory", &directory)?;
        self.write_beside_seal("CodeRequirements", &requirements)?;
        self.write_beside_seal("CodeSignature", &cms.unwrap_or_default())
    }

    /// Removes from `_CodeSignature` what strict validation does not allow there.
    fn clear_signature_folder(&self, detached: bool) -> Result<(), Failure> {
        let folder = self.bundle.signature_folder();
        if !matches!(self.nodes.get(&folder), None | Some(Node::Folder)) {
            return Err(Failure::new(folder.to_local(self.root), "is not a folder", "delete it"));
        }
        for (path, node) in children(self.nodes, &folder) {
            if !seal_files(detached).contains(&path.file_name()) || !matches!(node, Node::File { .. }) {
                let local = path.to_local(self.root);
                let removed =
                    if *node == Node::Folder { disk::remove_tree(&local) } else { disk::remove_file(&local) };
                removed.map_err(|error| Failure::io(&local, "remove", &error))?;
            }
        }
        let local = folder.to_local(self.root);
        disk::create_folders(&local).map_err(|error| Failure::io(&local, "create", &error))
    }

    fn write_beside_seal(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.bundle.signature_folder().join(name).to_local(self.root);
        let mode = fs::metadata(&path).map_or(0o644, |metadata| os::mode(&metadata));
        let written = disk::replace(&path, bytes, Sync::Later, |fresh| disk::set_mode(fresh, mode));
        written.map_err(|error| Failure::io(&path, "write", &error))
    }
}

/// Nested code as a seal names it.
#[derive(Default)]
struct SignedCode {
    cdhashes: Vec<(Arch, Vec<Cdhash>)>,
    /// The designated requirement, if it is what this signing gives to all of its slices.
    requirement: Option<String>,
}

/// The entry for nested code: the main hash of its native slice, and the requirement that all slices of all versions satisfy:
/// their designated one where it is the same, else their hashes.
fn seal_of_code(path: &Path, versions: &[SignedCode]) -> Result<Seal, Failure> {
    let unsigned = || Failure::new(path, "is not signed, so that nothing can seal it", "sign it first");
    let current = versions.first().ok_or_else(unsigned)?;
    let native = current.cdhashes.iter().find(|(arch, _)| *arch == Arch::ARM64).or(current.cdhashes.first());
    let main = native.and_then(|(_, hashes)| hashes.last()).ok_or_else(unsigned)?;
    let requirement = &current.requirement;
    if let Some(requirement) =
        requirement.as_ref().filter(|_| versions.iter().all(|one| one.requirement == *requirement))
    {
        return Ok(Seal::Code { cdhash: main.0.to_vec(), requirement: requirement.clone() });
    }
    let all = versions.iter().flat_map(|one| &one.cdhashes).flat_map(|(_, hashes)| hashes);
    Ok(code_seal(*main, &all.copied().collect::<Vec<_>>()))
}

/// Whether a file is Mach-O of a kind that is signed.
fn begins_like_code(path: &Path) -> Result<bool, Failure> {
    let bytes = map(path)?;
    if !is_macho(&bytes) {
        return Ok(false);
    }
    let of_code = |slice: &[u8]| Header::parse(slice).is_ok_and(|header| embedded::is_code(header.file_type));
    let slices = fat::slices(&bytes).unwrap_or_default();
    Ok(!slices.is_empty() && slices.into_iter().all(|(_, range)| bytes.get(range).is_some_and(of_code)))
}

fn needs_sha1(code: &Path) -> Result<bool, Failure> {
    let bytes = map(code)?;
    let slices = fat::slices(&bytes).unwrap_or_default();
    let predates =
        |slice: &[u8]| Header::parse(slice).is_ok_and(|header| embedded::predates_sha256(slice, &header));
    Ok(slices.into_iter().any(|(_, range)| bytes.get(range).is_some_and(predates)))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::io(path, "read", &error))
}

fn map(path: &Path) -> Result<bundle::Mapped, Failure> {
    bundle::map(path).map_err(|error| Failure::io(path, "read", &error))
}
