//! Fix a bundle: plan, apply, inspect again.

use std::path::Path;
use std::sync::Arc;

use super::{InspectOptions, Inspection, inspect};
use crate::diagnose::{Finding, Remedy};
use crate::dyld::{Place, resolve};
use crate::failure::Failure;
use crate::fix::{self, FixOptions, FixPlan, Receipt};
use crate::progress::Progress;

/// What a repair did.
#[derive(Debug, Clone)]
pub struct Repaired {
    pub before: Inspection,
    pub plan: FixPlan,
    /// `None` when there was nothing to do; `after` is then `before`.
    pub receipt: Option<Receipt>,
    pub after: Inspection,
}

impl Repaired {
    /// What is still wrong: what was found afterwards, and what only the planner could see, such as a header without
    /// room.
    pub fn left(&self) -> Vec<Finding> {
        let remaining = &self.plan.remaining;
        // Where the planner looked in vain, its words say more.
        let told = |found: &Finding| {
            let same = |one: &&Finding| {
                (one.rule, &one.subject, &one.title) == (found.rule, &found.subject, &found.title)
            };
            let planned = matches!(found.remedy, Some(Remedy::PlugIns { .. }));
            remaining.iter().filter(|_| planned).find(same).unwrap_or(found).clone()
        };
        let unseen = remaining.iter().filter(|finding| finding.rule == "no-header-room");
        let unseen = unseen.filter(|finding| !self.after.findings.contains(finding)).cloned();
        let mut left: Vec<Finding> = self.after.findings.iter().map(told).chain(unseen).collect();
        left.sort_by_key(|finding| finding.severity);
        left
    }
}

/// What a fix would do. Writes nothing.
///
/// # Errors
/// [`Failure`] when the user stops it, or a glob to ignore is none.
pub fn plan(inspection: &Inspection, options: &FixOptions, progress: &Progress) -> Result<FixPlan, Failure> {
    fix::plan(&inspection.bundle, &inspection.seals, options, progress)
}

/// Carries out a plan made for `before`, if there is anything in it, and reads the bundle again.
///
/// # Errors
/// [`Failure`]; the bundle is then as it was, unless only the reading afterwards failed.
pub fn repair(before: Inspection, plan: FixPlan, progress: &Progress) -> Result<Repaired, Failure> {
    if plan.edits.is_empty() && plan.sign.steps.is_empty() {
        return Ok(Repaired { after: before.clone(), before, plan, receipt: None });
    }
    let (receipt, after) = apply(&before, &plan, progress)?;
    Ok(Repaired { before, plan, receipt: Some(receipt), after })
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
    let verified = &inspection.seals.verified;
    let receipt = fix::apply_to_verified(&inspection.bundle, plan, verified, progress)?;
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

/// The bundle as `plan` leaves it, looked at like one that is there. Symbols and the contents of files are left out.
pub fn foresee(inspection: &Inspection, plan: &FixPlan) -> Inspection {
    let (bundle, options) = (&plan.expected, &inspection.options);
    let (build, clean) = rayon::join(
        || resolve(bundle, &Place::BuildMac(options.roots.clone()), &options.conditions),
        || resolve(bundle, &Place::CleanMac, &options.conditions),
    );
    Inspection {
        bundle: Arc::new(bundle.clone()),
        build: Arc::new(build),
        clean: Arc::new(clean),
        symbols: Arc::default(),
        contents: None,
        findings: Arc::new(plan.remaining.clone()),
        ..inspection.clone()
    }
}
