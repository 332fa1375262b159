//! Check what stands at a path: a bundle, a Mach-O file or a disk image, whichever its content says.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::codesign::{self, SealProblem, SignedBy, SignedCode, Verification};
use crate::dmg::DiskImage;
use crate::failure::Failure;
use crate::macho::{self, Arch};
use crate::paths::BundlePath;
use crate::progress::Progress;
use crate::{bundle, dmg};

/// `errSecCSUnsigned`.
const UNSIGNED: &str = "code object is not signed at all; sign it with bundlewright sign";
/// `errSecCSResourcesNotFound`.
const NOT_SEALED: &str = "code has no resources but signature indicates they must be present: the linker signed the \
                          executable, nobody the bundle; sign it with bundlewright sign";

/// What a check looked at and found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// How many hashes, seals, checksums and structures were compared.
    pub checks: u64,
    pub problems: Vec<Fault>,
    /// Every signature of a bundle or a Mach-O file, or that of a disk image.
    pub codes: Vec<SignedCode>,
    /// Who made them.
    pub signers: Vec<SignedBy>,
    /// What is no fault and worth knowing, each a clause about the thing itself.
    pub notes: Vec<String>,
    /// Where the signature of the thing itself is among them.
    main: Option<usize>,
}

impl Checked {
    /// The signature of the thing itself, the first of its architectures.
    pub fn main_code(&self) -> Option<&SignedCode> {
        self.main.and_then(|at| self.codes.get(at))
    }
}

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In the bundle or on the volume; "" for the thing itself.
    pub path: String,
    pub arch: Option<Arch>,
    /// Stable word for scripts.
    pub code: &'static str,
    pub message: String,
}

/// # Errors
/// [`Failure`] when there is nothing there that can be checked, or it cannot be read.
pub fn verify(path: &Path, progress: &Progress) -> Result<Checked, Failure> {
    let about = path.metadata().map_err(|error| Failure::io(path, "open", &error))?;
    if about.is_dir() {
        let bundle = bundle::scan_code(path, progress)?;
        let verification = codesign::verify_bundle(&bundle, progress)?;
        let mut checked = Checked::new(verification, codesign::own_code(&bundle).as_ref());
        checked.expect_sealed_bundle();
        return Ok(checked);
    }
    if macho::is_macho(&start(path)?) {
        return Ok(Checked::new(codesign::verify_file(path, progress)?, None));
    }
    disk_image(path, progress)
}

/// The volume of an image and the signature of the image itself.
fn disk_image(path: &Path, progress: &Progress) -> Result<Checked, Failure> {
    let signature = codesign::verify_disk_image(path, progress)?;
    let mut notes = Vec::new();
    let volume = match (dmg::verify_known(path, progress)?, &signature) {
        (Ok(problems), _) => problems,
        // What is not known of the volume does not hide what can be said of the signature.
        (Err(unknown), Some(_)) => {
            notes.push(format!("the volume was not checked: the image {}", unknown.words()));
            Vec::new()
        }
        (Err(unknown), None) => return Err(name_what_can_be_checked(path, unknown.in_file(path))),
    };
    // An image too damaged to open has failed the one check that was made.
    let checks = DiskImage::open(path).map_or(1, |image| image.checks());
    match &signature {
        None => notes.push("the image itself is not signed; what is in it may be".to_owned()),
        Some(_) if has_ticket(path)? => {
            notes.push(
                "a notarization ticket is stapled to the image; whose it is, only a Mac can tell".to_owned(),
            );
        }
        Some(_) => {}
    }
    let mut checked = Checked::new(signature.unwrap_or_default(), None);
    let of_volume = volume.into_iter().map(|problem| Fault {
        path: problem.path,
        arch: None,
        code: problem.code,
        message: problem.message,
    });
    checked.problems.splice(0..0, of_volume);
    checked.checks += checks;
    checked.notes = notes;
    Ok(checked)
}

fn has_ticket(path: &Path) -> Result<bool, Failure> {
    let bytes = bundle::map(path).map_err(|error| Failure::io(path, "read", &error))?;
    Ok(codesign::image_credentials(&bytes).is_some_and(|one| one.has_ticket))
}

/// A file that is not even called a disk image was not meant as one.
fn name_what_can_be_checked(path: &Path, failure: Failure) -> Failure {
    let is_image = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("dmg"));
    match failure {
        Failure::Problem { what, .. } if !is_image && what.starts_with("is not a disk image") => {
            Failure::new(
                path,
                "is neither an app bundle nor a Mach-O file nor a disk image",
                "name one of these",
            )
        }
        other => other,
    }
}

fn start(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(8).read_to_end(&mut start))
        .map_err(|error| Failure::io(path, "read", &error))?;
    Ok(start)
}

impl Checked {
    /// Of a bundle whose own code stands at `own`, or of a file.
    fn new(verification: Verification, own: Option<&BundlePath>) -> Self {
        let signers = verification.signers();
        let Verification { checks, problems, codes, unsigned, .. } = verification;
        let fault = |problem: SealProblem| Fault {
            path: problem.path.to_string(),
            arch: problem.arch,
            code: problem.code,
            message: problem.message,
        };
        let is_own = |path: &BundlePath| own.is_none_or(|own| own == path);
        let main = codes.iter().position(|code| is_own(&code.path));
        let mut problems: Vec<Fault> = problems.into_iter().map(fault).collect();
        // codesign refuses every architecture without a signature, even where it runs.
        for (path, arch) in unsigned.iter().filter(|(path, _)| is_own(path)) {
            if !problems.iter().any(|known| known.path == path.as_str() && known.arch == Some(*arch)) {
                let path = path.to_string();
                problems.push(Fault {
                    path,
                    arch: Some(*arch),
                    code: "unsigned",
                    message: UNSIGNED.to_owned(),
                });
            }
        }
        Checked { checks, problems, codes, signers, notes: Vec::new(), main }
    }

    /// A bundle is signed as a whole: an executable that the linker signed seals none of the files around it.
    fn expect_sealed_bundle(&mut self) {
        let fault = match self.main_code() {
            _ if !self.problems.is_empty() => return,
            Some(code) if code.seals_resources => return,
            Some(code) => Fault {
                path: code.path.to_string(),
                arch: None,
                code: "not-sealed",
                message: NOT_SEALED.to_owned(),
            },
            None => Fault { path: String::new(), arch: None, code: "unsigned", message: UNSIGNED.to_owned() },
        };
        self.problems.push(fault);
    }
}
