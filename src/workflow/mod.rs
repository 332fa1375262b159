//! The use cases as plain blocking functions. The command line and the window's jobs call the same ones.

mod compare;
pub mod export;
mod inspect;
mod launch;
mod maps;
pub mod package;
pub mod picture;
mod preflight;
mod repair;
pub mod sample;
pub mod seals;
mod sign;
#[cfg(test)]
mod sign_faults;
mod survey;
mod system;
mod timestamp_server;
mod triage;
mod verify;

use std::sync::Arc;

use crate::bundle::Contents;
use crate::codesign::Verification;
use crate::diagnose::Finding;
use crate::dyld::Graph;
use crate::dyld::symbols::SymbolReport;

pub use crate::bundle::Bundle;
pub use crate::codesign::{Password, SignOptions};
pub use crate::compare::Comparison;
pub use crate::diagnose::preflight::Preflight;
pub use crate::fix::{FixOptions, FixPlan, Receipt, last_fix, recover};
pub use crate::macho::Arch;
pub use compare::{compare, comparison_markdown};
pub use inspect::{InspectOptions, inspect, reconsider};
pub use launch::{Mac, launches, on, starts};
pub use maps::unused_images;
pub use preflight::{PreflightOptions, gather, preflight};
pub use repair::{Repaired, apply, foresee, plan, repair, undo};
pub use sign::{SignRequest, Signed, Timestamps, plan_signing, sign};
pub use survey::{Survey, survey};
pub use system::System;
pub use triage::{
    Group, LARGEST as LARGEST_REPORT, Text, Tied, Triage, by_cause, markdown as triage_markdown, read_report,
    triage_all,
};
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
    /// What the launches on another Mac lack; same order as `clean.launches`.
    pub symbols: Arc<SymbolReport>,
    /// The macOS that is simulated.
    pub system: Arc<System>,
    /// What the files say, where they were read for it.
    pub contents: Option<Arc<Contents>>,
    pub findings: Arc<Vec<Finding>>,
    pub options: InspectOptions,
}
