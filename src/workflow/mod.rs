//! The use cases as plain blocking functions. The command line and the window's jobs call the same ones.

pub mod export;
mod inspect;
mod launch;
pub mod package;
pub mod picture;
mod repair;
pub mod sample;
mod sign;
mod survey;
mod verify;

use std::sync::Arc;

use crate::codesign::Verification;
use crate::diagnose::Finding;
use crate::dyld::Graph;

pub use crate::bundle::Bundle;
pub use crate::fix::{FixOptions, FixPlan, Receipt, last_fix, recover};
pub use crate::macho::Arch;
pub use inspect::{InspectOptions, inspect, reconsider, with_homebrew};
pub use launch::{launches, starts};
pub use repair::{Repaired, apply, plan, repair, undo};
pub use sign::{Signed, sign};
pub use survey::{Survey, survey};
pub use verify::{Checked, Fault, verify};

/// All derived state of a bundle, replaced as a whole.
#[derive(Debug, Clone)]
pub struct Inspection {
    pub bundle: Arc<Bundle>,
    /// As the build machine would load it (search roots on).
    pub build: Arc<Graph>,
    /// As another Mac would.
    pub clean: Arc<Graph>,
    pub seals: Arc<Verification>,
    pub findings: Arc<Vec<Finding>>,
    pub options: InspectOptions,
}
