//! Checks every page hash, special slot and seal, like `codesign --verify --deep --strict`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::blob::{
    MAGIC_BLOB_WRAPPER, SLOT_CMS, SLOT_CODE_DIRECTORY, SLOT_CODE_RESOURCES, SLOT_DER_ENTITLEMENTS,
    SLOT_ENTITLEMENTS, SLOT_INFO_PLIST, SLOT_REQUIREMENTS, SuperBlob, blob, super_blob,
};
use super::check_code::{
    CodeReport, Digests, Fault, Outside, check_file, check_known_file, signed_codes, unsigned_codes,
};
use super::check_seal::{Facts, SealCheck};
use super::check_signature::{Contents, Signed, check_signature};
use super::digest::HashType;
use super::disk_image::check_disk_image;
use super::layout::{KnownBundle, innermost, is_file, known_bundles};
use super::seal::{CodeResources, Seal};
use super::verified::{Known, Verified, Witness};
use super::{SealProblem, Verification};
use crate::bundle::{self, Bundle, Mapped, Node};
use crate::failure::Failure;
use crate::macho::{Arch, is_macho};
use crate::os;
use crate::paths::BundlePath;
use crate::progress::{Cancelled, Progress};

/// Every signature and seal of a scanned bundle.
///
/// Code that needs none (x86_64) may be unsigned, and an app need not be sealed: problems are only what keeps code from
/// running and what contradicts a seal that is there.
///
/// # Errors
/// [`Cancelled`] when the user stops it; faults are in the result.
pub fn verify_bundle(bundle: &Bundle, progress: &Progress) -> Result<Verification, Cancelled> {
    verify_known(bundle, &Known::nothing(), progress)
}

/// [`verify_bundle`] of a copy of a bundle that was verified: pages and files that did not change since are not hashed again.
/// Everything else about them is checked.
///
/// # Errors
/// As [`verify_bundle`].
pub fn verify_known(bundle: &Bundle, before: &Known, progress: &Progress) -> Result<Verification, Cancelled> {
    let known = known_bundles(bundle);
    let reading = Reading { bundle, progress, known: &known, before, done: AtomicU64::new(0) };
    let mut result = Verification::default();
    let reports = reading.code_reports(&mut result.verified)?;
    let sealed: Vec<(&KnownBundle, Result<CodeResources, String>)> = known
        .iter()
        .filter(|one| seals_resources(&reports, one))
        .filter_map(|one| Some((one, CodeResources::parse(&reading.file(&one.bundle.code_resources())?))))
        .collect();
    let seals: Vec<(&KnownBundle, &CodeResources)> =
        sealed.iter().filter_map(|(one, seal)| Some((*one, seal.as_ref().ok()?))).collect();
    let digests = reading.digests(&seals, &reports, &mut result.verified)?;
    for (path, report) in &reports {
        result.checks += report.checks;
        result.codes.extend(signed_codes(path, report));
        result.unsigned.extend(unsigned_codes(path, report));
        result.problems.extend(report.faults.iter().map(|fault| problem(path, fault)));
    }
    let detritus = if sealed.is_empty() { BTreeMap::new() } else { reading.detritus()? };
    let facts = Facts {
        model: bundle,
        known: &known,
        reports: &reports,
        digests: &digests,
        detritus: &detritus,
        seals: &seals,
    };
    for (one, seal) in &sealed {
        match seal {
            Ok(seal) => {
                let mut check = SealCheck::new(&facts, one, seal, report_of(&reports, one));
                check.run();
                result.checks += check.checks;
                result.problems.append(&mut check.problems);
            }
            Err(why) => result.problems.push(SealProblem {
                path: one.bundle.code_resources(),
                arch: None,
                code: "seal-malformed",
                message: format!("the sealed resource directory is invalid: CodeResources {why}"),
            }),
        }
    }
    let is_sealed = |one: &KnownBundle| sealed.iter().any(|(other, _)| other.bundle == one.bundle);
    result.problems.extend(broken_executables(bundle, &known));
    result.problems.extend(unsealed(bundle, &known, &reports, is_sealed));
    result.problems.sort();
    result.problems.dedup();
    Ok(result)
}

/// The signature of one disk image (UDIF) by itself; `None` when it is not signed. What is in its volume is not looked at.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub fn verify_disk_image(path: &Path, progress: &Progress) -> Result<Option<Verification>, Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    progress.step("verifying", name, 0, 1)?;
    let bytes = bundle::map(path).map_err(|error| Failure::io(path, "read", &error))?;
    let own = BundlePath::root();
    Ok(check_disk_image(&bytes).map(|report| Verification {
        checks: report.checks,
        problems: report.faults.iter().map(|fault| problem(&own, fault)).collect(),
        codes: signed_codes(&own, &report),
        unsigned: Vec::new(),
        verified: Verified::default(),
    }))
}

/// The signatures of one Mach-O file by itself: what it is signed with that stands in other files is not looked at.
///
/// # Errors
/// [`Failure`] when it cannot be read or is not Mach-O.
pub fn verify_file(path: &Path, progress: &Progress) -> Result<Verification, Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    progress.step("verifying", &name, 0, 1)?;
    let bytes = bundle::map(path).map_err(|error| Failure::io(path, "read", &error))?;
    if !is_macho(&bytes) {
        return Err(Failure::new(path, "is not a Mach-O file", "name an app, a library or an executable"));
    }
    let report = check_file(&bytes, &Outside::Unknown);
    let shown = BundlePath::new(&name).unwrap_or_default();
    let problems = report.faults.iter().map(|fault| problem(&shown, fault)).collect();
    Ok(Verification {
        checks: report.checks,
        problems,
        codes: signed_codes(&shown, &report),
        unsigned: unsigned_codes(&shown, &report),
        verified: Verified::default(),
    })
}

fn problem(path: &BundlePath, fault: &Fault) -> SealProblem {
    SealProblem { path: path.clone(), arch: fault.arch, code: fault.code, message: fault.message.clone() }
}

/// Executables of signed bundles that are code no longer: nothing else would speak of them.
fn broken_executables(bundle: &Bundle, known: &[KnownBundle]) -> impl Iterator<Item = SealProblem> {
    let sealed = known.iter().filter(|one| is_file(&bundle.nodes, &one.bundle.code_resources()));
    let executables: BTreeSet<&BundlePath> = sealed.filter_map(|one| one.executable.as_ref()).collect();
    let broken = bundle.problems.iter().filter_map(move |problem| match problem {
        bundle::Problem::BrokenMachO { path, why } if executables.contains(path) => Some((path, why)),
        _ => None,
    });
    broken.map(|(path, why)| SealProblem {
        path: path.clone(),
        arch: None,
        code: "malformed",
        message: format!("main executable failed strict validation: it {why}"),
    })
}

/// The report about a bundle's own code.
fn report_of<'a>(reports: &'a BTreeMap<BundlePath, CodeReport>, one: &KnownBundle) -> Option<&'a CodeReport> {
    let code = one.executable.as_ref().filter(|_| one.has_code);
    reports.get(code.unwrap_or(&one.bundle.path))
}

fn seals_resources(reports: &BTreeMap<BundlePath, CodeReport>, one: &KnownBundle) -> bool {
    report_of(reports, one).is_some_and(|report| report.identities().any(|identity| identity.seals_resources))
}

/// Bundles whose executable was signed, or is to be in the eyes of an encloser, without its bundle.
fn unsealed(
    bundle: &Bundle,
    known: &[KnownBundle],
    reports: &BTreeMap<BundlePath, CodeReport>,
    is_sealed: impl Fn(&KnownBundle) -> bool,
) -> Vec<SealProblem> {
    let has_seal = |one: &KnownBundle| is_file(&bundle.nodes, &one.bundle.code_resources());
    let should_be = |one: &KnownBundle| {
        let enclosed = one.nested && innermost(known, &one.bundle.folder).is_some_and(&is_sealed);
        let report = report_of(reports, one);
        let by_signer =
            report.is_some_and(|report| report.identities().any(|identity| !identity.linker_signed));
        enclosed && one.has_code || by_signer || has_seal(one) && report.is_some()
    };
    // Where the signature names a seal that is gone, that was said already.
    let without =
        known.iter().filter(|one| !is_sealed(one) && !seals_resources(reports, one) && should_be(one));
    without
        .map(|one| SealProblem {
            path: one.bundle.path.clone(),
            arch: None,
            code: "not-sealed",
            message: "code has no resources but signature indicates they must be present: the executable was signed \
                      without its bundle"
                .to_owned(),
        })
        .collect()
}

/// Reads what is checked.
struct Reading<'a> {
    bundle: &'a Bundle,
    progress: &'a Progress,
    known: &'a [KnownBundle],
    before: &'a Known,
    done: AtomicU64,
}

impl Reading<'_> {
    fn step(&self, path: &BundlePath) -> Result<(), Cancelled> {
        self.progress.step("verifying", path.as_str(), self.done.fetch_add(1, Ordering::Relaxed), 0)
    }

    /// The bytes of a file, if it is there and can be read.
    fn file(&self, path: &BundlePath) -> Option<Mapped> {
        is_file(&self.bundle.nodes, path)
            .then(|| bundle::map(&path.to_local(&self.bundle.root)).ok())
            .flatten()
    }

    /// `verified` gets to know of the code without a fault.
    fn code_reports(&self, verified: &mut Verified) -> Result<BTreeMap<BundlePath, CodeReport>, Cancelled> {
        let of_bundle = |path: &BundlePath| {
            self.known.iter().find(|one| one.has_code && one.executable.as_ref() == Some(path))
        };
        let embedded = self.bundle.images.par_iter().map(|(path, image)| {
            self.step(path)?;
            let stamp = os::stamp(&image.local);
            let report = match bundle::map(&image.local) {
                Ok(bytes) => {
                    let witness = self.before.code(path, &image.local);
                    self.check_image(&bytes, of_bundle(path), witness.as_ref())
                }
                Err(error) => CodeReport {
                    faults: vec![Fault {
                        arch: None,
                        code: "unreadable",
                        message: format!("cannot be read: {error}"),
                    }],
                    ..CodeReport::default()
                },
            };
            Ok((path.clone(), stamp, report))
        });
        let mut reports = BTreeMap::new();
        for (path, stamp, report) in embedded.collect::<Result<Vec<_>, Cancelled>>()? {
            let stamp = stamp.filter(|_| report.faults.is_empty());
            verified.code.extend(stamp.map(|stamp| (path.clone(), stamp)));
            reports.insert(path, report);
        }
        let detached = self.known.iter().filter(|one| !one.has_code);
        reports.extend(detached.filter_map(|one| Some((one.bundle.path.clone(), self.check_detached(one)?))));
        Ok(reports)
    }

    fn check_image(&self, bytes: &[u8], one: Option<&KnownBundle>, witness: Option<&Witness>) -> CodeReport {
        let Some(one) = one else { return check_known_file(bytes, &Outside::Nothing, witness) };
        let info = one.bundle.info_plist.as_ref().and_then(|path| self.file(path));
        let seal = self.file(&one.bundle.code_resources());
        let outside = Outside::Bundle { info_plist: info.as_deref(), code_resources: seal.as_deref() };
        check_known_file(bytes, &outside, witness)
    }

    /// The signature of a bundle that keeps it in files (Security, `BundleDiskRep::component`).
    fn check_detached(&self, one: &KnownBundle) -> Option<CodeReport> {
        const FILES: [(u32, &str); 5] = [
            (SLOT_CODE_DIRECTORY, "CodeDirectory"),
            (SLOT_REQUIREMENTS, "CodeRequirements"),
            (SLOT_ENTITLEMENTS, "CodeEntitlements"),
            (SLOT_DER_ENTITLEMENTS, "CodeEntitlementDER"),
            (SLOT_CMS, "CodeSignature"),
        ];
        let folder = one.bundle.signature_folder();
        self.file(&folder.join("CodeDirectory"))?;
        let parts = FILES.iter().filter_map(|(slot, name)| {
            let bytes = self.file(&folder.join(name))?;
            let whole = if *slot == SLOT_CMS { blob(MAGIC_BLOB_WRAPPER, &bytes) } else { bytes.to_vec() };
            Some((*slot, whole))
        });
        let whole = super_blob(&parts.collect::<Vec<_>>());
        let info = one.bundle.info_plist.as_ref().and_then(|path| self.file(path));
        let script = one.executable.as_ref().and_then(|path| self.file(path));
        let seal = self.file(&one.bundle.code_resources());
        let mut report = CodeReport::default();
        let identity = match SuperBlob::parse(&whole) {
            Ok(parts) => {
                let contents = |slot| match slot {
                    SLOT_INFO_PLIST => Contents::or_missing(info.as_deref()),
                    SLOT_CODE_RESOURCES => Contents::or_missing(seal.as_deref()),
                    slot => Contents::or_missing(parts.get(slot)),
                };
                let code = script.as_deref().or(info.as_deref()).unwrap_or_default();
                let signed = Signed { arch: None, code, text: None, known: None };
                check_signature(&mut report, &signed, &parts, contents)
            }
            Err(why) => {
                let message = format!("invalid signature (code or signature have been modified): {why}");
                report.faults.push(Fault { arch: None, code: "signature-malformed", message });
                None
            }
        };
        report.is_whole = true;
        report.slices.push((Arch::ARM64, identity));
        Some(report)
    }

    /// What carries a resource fork or Finder information: as an attribute, or beside it in an AppleDouble file.
    fn detritus(&self) -> Result<BTreeMap<BundlePath, String>, Cancelled> {
        let nodes: Vec<(&BundlePath, &Node)> = self.bundle.nodes.iter().collect();
        let found =
            nodes.into_par_iter().filter(|(_, node)| matches!(node, Node::File { .. } | Node::Folder));
        let found = found.map(|(path, _)| {
            self.progress.step("verifying", path.as_str(), self.done.load(Ordering::Relaxed), 0)?;
            Ok(self.detritus_of(path).map(|what| (path.clone(), what)))
        });
        found.filter_map(Result::transpose).collect()
    }

    fn detritus_of(&self, path: &BundlePath) -> Option<String> {
        const NAMES: [&str; 2] = ["com.apple.ResourceFork", "com.apple.FinderInfo"];
        /// RFC 1740.
        const APPLE_DOUBLE: [u8; 4] = [0x00, 0x05, 0x16, 0x07];
        if let Some(owner) = path.file_name().strip_prefix("._")
            && self.file(path).is_some_and(|bytes| bytes.starts_with(&APPLE_DOUBLE))
        {
            return Some(format!("it holds the attributes of {owner}"));
        }
        let names = os::attribute_names(&path.to_local(&self.bundle.root));
        let name = |name: &String| {
            let name = name.strip_prefix("user.").unwrap_or(name);
            NAMES.iter().find(|known| **known == name)
        };
        names.iter().find_map(name).map(|name| format!("it carries {name}"))
    }

    /// Hashes every file that a seal names, once, with what the code directories above it are of.
    fn digests(
        &self,
        seals: &[(&KnownBundle, &CodeResources)],
        reports: &BTreeMap<BundlePath, CodeReport>,
        verified: &mut Verified,
    ) -> Result<BTreeMap<BundlePath, Digests>, Cancelled> {
        let mut wanted: BTreeMap<BundlePath, (bool, bool)> = BTreeMap::new();
        for (one, seal) in seals {
            let identities = report_of(reports, one).into_iter().flat_map(CodeReport::identities);
            let hashes: BTreeSet<HashType> =
                identities.flat_map(|identity| identity.hashes.iter().copied()).collect();
            let needs_sha1 = hashes.contains(&HashType::Sha1);
            let needs_sha256 = hashes.iter().any(|hash| *hash != HashType::Sha1);
            for (inside, entry) in &seal.files2 {
                if let (Seal::File { .. }, Some(inside)) = (entry, BundlePath::new(inside)) {
                    let both = wanted.entry(one.bundle.base.join(inside.as_str())).or_default();
                    *both = (both.0 || needs_sha1, both.1 || needs_sha256);
                }
            }
        }
        let digests = wanted.into_par_iter().map(|(path, (sha1, sha256))| {
            self.step(&path)?;
            let local = path.to_local(&self.bundle.root);
            let known = self.before.digests(&path, &local);
            if let Some(known) =
                known.filter(|known| (known.sha1.is_some() || !sha1) && (known.sha256.is_some() || !sha256))
            {
                return Ok(Some((path, None, known)));
            }
            let stamp = os::stamp(&local);
            Ok(self.file(&path).map(|bytes| (path, stamp, Digests::of(&bytes, sha1, sha256))))
        });
        let mut found = BTreeMap::new();
        for (path, stamp, digests) in digests.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()? {
            verified.files.extend(stamp.map(|stamp| (path.clone(), (stamp, digests.clone()))));
            found.insert(path, digests);
        }
        Ok(found)
    }
}
