//! Fix a bundle: recover what a killed fix left, inspect, plan, apply, inspect again.

use std::path::Path;

use super::{InspectOptions, Inspection, inspect};
use crate::failure::Failure;
use crate::fix::{self, FixOptions, FixPlan, Receipt};
use crate::progress::Progress;

/// What a whole repair did.
#[derive(Debug, Clone)]
pub struct Repaired {
    /// What was tidied up of an earlier fix that had been killed.
    pub recovered: Option<String>,
    pub before: Inspection,
    pub plan: FixPlan,
    /// `None` when there was nothing to do; `after` is then `before`.
    pub receipt: Option<Receipt>,
    pub after: Inspection,
}

/// Plans, applies, and reads the result back.
///
/// # Errors
/// [`Failure`]; the bundle is then as it was.
pub fn repair(
    path: &Path,
    inspecting: &InspectOptions,
    fixing: &FixOptions,
    progress: &Progress,
) -> Result<Repaired, Failure> {
    let recovered = fix::recover(path)?;
    let before = inspect(path, inspecting, progress)?;
    let plan = plan(&before, fixing, progress)?;
    if plan.is_empty() {
        return Ok(Repaired { recovered, after: before.clone(), before, plan, receipt: None });
    }
    let (receipt, after) = apply(&before, &plan, progress)?;
    Ok(Repaired { recovered, before, plan, receipt: Some(receipt), after })
}

/// What a fix would do. Writes nothing.
///
/// # Errors
/// [`Failure`] when the user stops it or an option makes no sense.
pub fn plan(inspection: &Inspection, options: &FixOptions, progress: &Progress) -> Result<FixPlan, Failure> {
    fix::plan(&inspection.bundle, &inspection.seals, options, progress)
}

/// Carries out a plan made for `inspection`, and reads the bundle again.
///
/// # Errors
/// [`Failure`]; the bundle is then as it was, unless only the reading afterwards failed.
pub fn apply(
    inspection: &Inspection,
    plan: &FixPlan,
    progress: &Progress,
) -> Result<(Receipt, Inspection), Failure> {
    let receipt = fix::apply(&inspection.bundle, plan, progress)?;
    // What is done is done: the look at the result is not for the user's cancel to stop.
    let after = inspect(&inspection.bundle.root, &inspection.options, &progress.without_cancel())?;
    Ok((receipt, after))
}

/// Puts the originals of the last fix back, and reads the bundle again.
///
/// # Errors
/// [`Failure`] when there is nothing to undo, or the bundle was changed since.
pub fn undo(path: &Path, options: &InspectOptions, progress: &Progress) -> Result<Inspection, Failure> {
    fix::undo(path, progress)?;
    inspect(path, options, &progress.without_cancel())
}
