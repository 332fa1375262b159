//! Workflows on a named thread: closed [`Request`] and [`Event`] enums over bounded channels. Knows no egui.

use std::path::PathBuf;
use std::sync::Arc;

use crate::failure::Failure;
use crate::fix::{FixOptions, FixPlan, Receipt};
use crate::progress::Step;
use crate::workflow::{InspectOptions, Inspection};

/// What the window asks for. One job runs at a time.
#[derive(Clone)]
pub enum Request {
    Inspect {
        path: PathBuf,
        options: InspectOptions,
    },
    Plan {
        inspection: Inspection,
        options: FixOptions,
    },
    Apply {
        inspection: Inspection,
        plan: Arc<FixPlan>,
    },
    Undo {
        bundle: PathBuf,
        options: InspectOptions,
    },
    /// Write the sample somewhere temporary and inspect it.
    OpenSample,
}

/// What comes back.
#[derive(Clone)]
pub enum Event {
    Progress(Step),
    Log(String),
    Done(Outcome),
    Failed(Failure),
}

/// What a finished job yields.
#[derive(Clone)]
pub enum Outcome {
    Inspected(Inspection),
    Planned(Arc<FixPlan>),
    /// The receipt, and the bundle read again from disk.
    Applied(Receipt, Inspection),
    Undone(Inspection),
    Built {
        path: PathBuf,
        bytes: u64,
    },
}
