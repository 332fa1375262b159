//! Check what stands at a path: a bundle, a Mach-O file or a disk image, whichever its content says.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::codesign::{self, SealProblem, SignedBy, SignedCode, Verification};
use crate::dmg::DiskImage;
use crate::failure::Failure;
use crate::macho::{self, Arch};
use crate::progress::Progress;
use crate::{bundle, dmg};

/// What a check looked at and found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// How many hashes, seals, checksums and structures were compared.
    pub checks: u64,
    pub problems: Vec<Fault>,
    /// Every signature of a bundle or a Mach-O file.
    pub codes: Vec<SignedCode>,
    /// Who made them.
    pub signers: Vec<SignedBy>,
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
        let bundle = bundle::scan(path, progress)?;
        let verification = codesign::verify_bundle(&bundle, progress)?;
        let own = codesign::own_code(&bundle);
        return Ok(Checked::new(verification, |code| own.as_ref() == Some(&code.path)));
    }
    if macho::is_macho(&start(path)?) {
        return Ok(Checked::new(codesign::verify_file(path, progress)?, |_| true));
    }
    let problems = dmg::verify(path, progress).map_err(|failure| name_what_can_be_checked(path, failure))?;
    let problems = problems.into_iter().map(|problem| Fault {
        path: problem.path,
        arch: None,
        code: problem.code,
        message: problem.message,
    });
    // An image too damaged to open has failed the one check that was made.
    let checks = DiskImage::open(path).map_or(1, |image| image.checks());
    Ok(Checked { checks, problems: problems.collect(), ..Checked::default() })
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
    /// codesign calls code without a signature invalid even where it runs.
    fn new(verification: Verification, is_main: impl Fn(&SignedCode) -> bool) -> Self {
        let fault = |problem: SealProblem| Fault {
            path: problem.path.to_string(),
            arch: problem.arch,
            code: problem.code,
            message: problem.message,
        };
        let signers = verification.signers();
        let main = verification.codes.iter().position(is_main);
        let mut problems: Vec<Fault> = verification.problems.into_iter().map(fault).collect();
        if main.is_none() && problems.is_empty() {
            let message = "code object is not signed at all; sign it with bundlewright sign".to_owned();
            problems.push(Fault { path: String::new(), arch: None, code: "unsigned", message });
        }
        Checked { checks: verification.checks, problems, codes: verification.codes, signers, main }
    }
}
