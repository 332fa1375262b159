//! Sign ad hoc: a whole bundle as one transaction like any fix, or one Mach-O file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::bundle;
use crate::codesign::{self, SignPlan};
use crate::failure::Failure;
use crate::fix::{self, FixPlan};
use crate::progress::Progress;

/// What was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What stood at the path: `Foo.app`, `libfoo.dylib`.
    pub name: String,
    pub plan: SignPlan,
}

/// Signs everything in the bundle, or the Mach-O file, at `path`.
///
/// # Errors
/// [`Failure`]; what stands at `path` is then as it was.
pub fn sign(path: &Path, progress: &Progress) -> Result<Signed, Failure> {
    let about = path.metadata().map_err(|error| Failure::io(path, "open", &error))?;
    if about.is_dir() { sign_bundle(path, progress) } else { sign_file(path, progress) }
}

fn sign_bundle(path: &Path, progress: &Progress) -> Result<Signed, Failure> {
    fix::recover(path)?;
    let bundle = bundle::scan(path, progress)?;
    let sign = codesign::plan(&bundle, &BTreeSet::new());
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

fn sign_file(path: &Path, progress: &Progress) -> Result<Signed, Failure> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let step = codesign::plan_file(path)?;
    progress.step("signing", &name, 0, 1)?;
    codesign::sign_file(path, &step)?;
    Ok(Signed { name, plan: SignPlan { steps: vec![step] } })
}
