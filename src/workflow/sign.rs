//! Sign ad hoc or with an identity: a whole bundle as one transaction like any fix, one Mach-O file, or one disk image.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::timestamp_server::HttpServer;
use crate::bundle::{self, Bundle};
use crate::codesign::{
    self, APPLE_TIMESTAMP_SERVER, Entitlements, Identity, Password, SignKind, SignOptions, SignPlan, Signer,
    TimestampServer,
};
use crate::failure::Failure;
use crate::fix::{self, FixPlan};
use crate::macho::{self, FileType};
use crate::progress::Progress;

/// What a person asks for: files and words, before anything of it is read.
#[derive(Debug, Clone, Default)]
pub struct SignRequest {
    /// PKCS#12 or PEM; ad hoc without one.
    pub identity: Option<PathBuf>,
    pub password: Password,
    pub entitlements: Option<PathBuf>,
    pub hardened_runtime: bool,
    pub timestamps: Timestamps,
    /// The proxy to a timestamp server.
    pub proxy: Option<String>,
    /// The time of the signature, in seconds since 1970.
    pub time: u64,
}

/// Who is asked when a signature was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Timestamps {
    /// Apple for a Developer ID, nobody for other identities.
    #[default]
    Usual,
    Nobody,
    /// The server at this URL.
    Server(String),
}

impl SignRequest {
    /// Reads what is named.
    ///
    /// # Errors
    /// [`Failure`] when a file cannot be read or used, and when something is asked for that only an identity has.
    pub fn read(&self) -> Result<SignOptions, Failure> {
        let entitlements = self.entitlements.as_deref().map(Entitlements::open).transpose()?;
        let signer = self.identity.as_deref().map(|path| self.signer(path)).transpose()?;
        if let (None, Timestamps::Server(url)) = (&signer, &self.timestamps) {
            let what = "cannot put its timestamp into an ad hoc signature, which has no place for one";
            return Err(Failure::new(
                url,
                what,
                "name an identity with --identity, or leave out --timestamp-url",
            ));
        }
        Ok(SignOptions { signer, entitlements, hardened_runtime: self.hardened_runtime })
    }

    fn signer(&self, path: &Path) -> Result<Signer, Failure> {
        let identity = Identity::open(path, &self.password)?;
        let url = match &self.timestamps {
            Timestamps::Usual if identity.is_developer_id() => Some(APPLE_TIMESTAMP_SERVER),
            Timestamps::Server(url) => Some(url.as_str()),
            _ => None,
        };
        let server = url.map(|url| HttpServer::new(url, self.proxy.as_deref())).transpose()?;
        let server = server.map(|server| -> Arc<dyn TimestampServer> { Arc::new(server) });
        Signer::new(identity, self.time, server)
    }
}

/// What was signed, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What stands at the path: `Foo.app`, `libfoo.dylib`.
    pub name: String,
    pub plan: SignPlan,
}

/// What [`sign`] would do. Nothing is written.
///
/// # Errors
/// [`Failure`] when what stands at `path` cannot be read, or cannot hold what is asked for.
pub fn plan_signing(path: &Path, options: &SignOptions, progress: &Progress) -> Result<Signed, Failure> {
    if is_folder(path)? {
        let bundle = bundle::scan(path, progress)?;
        let plan = plan_bundle(&bundle, options)?;
        return Ok(Signed { name: bundle.name, plan });
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    progress.step("planning", &name, 0, 1)?;
    let plan = match is_meant_as_image(path)? {
        true => codesign::plan_disk_image(path, &name, options)?,
        false => codesign::plan_file(path, options)?,
    };
    Ok(Signed { name, plan })
}

/// Signs everything in the bundle, or the Mach-O file, or the disk image, at `path`.
///
/// # Errors
/// [`Failure`]; what stands at `path` is then as it was.
pub fn sign(path: &Path, options: &SignOptions, progress: &Progress) -> Result<Signed, Failure> {
    if is_folder(path)? {
        return sign_bundle(path, options, progress);
    }
    let signed = plan_signing(path, options, progress)?;
    progress.step("signing", &signed.name, 0, 1)?;
    match signed.plan.steps.iter().any(|step| step.kind == SignKind::DiskImage) {
        true => codesign::sign_disk_image(path, &signed.plan, progress)?,
        false => codesign::sign_file(path, &signed.plan)?,
    }
    Ok(signed)
}

/// Whether a file is a disk image, or was meant as one by its name.
fn is_meant_as_image(path: &Path) -> Result<bool, Failure> {
    let bytes = bundle::map(path).map_err(|error| Failure::io(path, "read", &error))?;
    let is_called_so = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("dmg"));
    Ok(!macho::is_macho(&bytes) && (is_called_so || codesign::is_disk_image(&bytes)))
}

fn is_folder(path: &Path) -> Result<bool, Failure> {
    let about = path.metadata().map_err(|error| Failure::io(path, "open", &error))?;
    Ok(about.is_dir())
}

fn plan_bundle(bundle: &Bundle, options: &SignOptions) -> Result<SignPlan, Failure> {
    let main = bundle.main_executable.as_ref().and_then(|path| bundle.real_path(path));
    let main = main.and_then(|path| bundle.image(&path));
    let is_program = |file_type| file_type == FileType::Execute;
    let holds = main.is_some_and(|image| image.file.slices.iter().any(|slice| is_program(slice.file_type)));
    if options.entitlements.is_some() && !holds {
        let what = "has no main executable that could hold entitlements";
        return Err(Failure::new(
            &bundle.root,
            what,
            "correct CFBundleExecutable, or sign it without --entitlements",
        ));
    }
    let plan = codesign::plan(bundle, &BTreeSet::new(), options);
    codesign::check_sealable(bundle, &plan)?;
    Ok(plan)
}

fn sign_bundle(path: &Path, options: &SignOptions, progress: &Progress) -> Result<Signed, Failure> {
    fix::recover(path)?;
    let bundle = bundle::scan(path, progress)?;
    let sign = plan_bundle(&bundle, options)?;
    let mut expected = bundle.clone();
    codesign::simulate(&mut expected, &sign);
    let plan = FixPlan {
        offers: Vec::new(),
        edits: Vec::new(),
        switched_off: Vec::new(),
        sign,
        expected,
        remaining: Vec::new(),
        header_room: BTreeMap::new(),
        growth: 0,
    };
    fix::apply(&bundle, &plan, progress)?;
    Ok(Signed { name: bundle.name, plan: plan.sign })
}
