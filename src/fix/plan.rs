//! Findings → remedies → edits, to a fixpoint.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::{EditKey, PlannedEdit};
use crate::bundle::{Bundle, SearchRoots};
use crate::codesign::{SignPlan, Verification};
use crate::diagnose::Finding;
use crate::failure::Failure;
use crate::macho::InstallName;
use crate::paths::BundlePath;
use crate::progress::Progress;

/// Which findings to mend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    #[default]
    Everything,
    /// Only findings of these rules.
    Rules(Vec<String>),
    /// Only this reference of this image.
    Reference { image: BundlePath, name: InstallName },
}

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FixOptions {
    pub selection: Selection,
    /// Globs over install names and bundle paths that are left alone.
    pub ignore: Vec<String>,
    /// Edits that were switched off.
    pub switched_off: BTreeSet<EditKey>,
    pub roots: SearchRoots,
}

/// What a fix would do, and what the bundle is then.
#[derive(Debug, Clone, PartialEq)]
pub struct FixPlan {
    pub edits: Vec<PlannedEdit>,
    /// Edits that would be made but for their switch.
    pub switched_off: Vec<PlannedEdit>,
    pub sign: SignPlan,
    /// The bundle afterwards: `scan(apply(plan))` must equal it.
    pub expected: Bundle,
    /// What is still wrong afterwards.
    pub remaining: Vec<Finding>,
    /// Free header bytes of the tightest slice, before and after, for each Mach-O file that is edited.
    pub header_room: BTreeMap<BundlePath, (u64, u64)>,
    /// Bytes that the bundle grows by (negative: shrinks), signatures not counted.
    pub growth: i64,
}

impl FixPlan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.sign.steps.is_empty()
    }
}

/// Plans the repair of `bundle`, whose signatures were found as `seals` says. Writes nothing.
///
/// # Errors
/// [`Failure`] when the user stops it or a glob of `options.ignore` is none.
pub fn plan(
    bundle: &Bundle,
    seals: &Verification,
    options: &FixOptions,
    progress: &Progress,
) -> Result<FixPlan, Failure> {
    let _ = (bundle, seals, options, progress);
    todo!("fix room")
}
