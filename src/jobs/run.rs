//! Request → workflow → outcome.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::worker::Reporter;
use super::{Outcome, Request};
use crate::failure::Failure;
use crate::workflow;

impl Request {
    /// The file it is about, for messages.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            Request::Inspect { path, .. } => path.clone(),
            Request::Plan { inspection, .. } | Request::Apply { inspection, .. } => {
                inspection.bundle.root.clone()
            }
            Request::Undo { bundle, .. } => bundle.clone(),
            Request::OpenSample => PathBuf::from("the sample"),
        }
    }
}

/// Carries out one request; blocks.
pub(super) fn run(request: Request, reporter: &Reporter) -> Result<Outcome, Failure> {
    let progress = &reporter.progress;
    match request {
        Request::Inspect { path, options } => {
            tidy(&path, reporter)?;
            workflow::inspect(&path, &options, progress).map(Outcome::Inspected)
        }
        Request::Plan { inspection, options } => {
            Ok(Outcome::Planned(Arc::new(workflow::plan(&inspection, &options, progress)?)))
        }
        Request::Apply { inspection, plan } => {
            let (receipt, after) = workflow::apply(&inspection, &plan, progress)?;
            Ok(Outcome::Applied(receipt, after))
        }
        Request::Undo { bundle, options } => workflow::undo(&bundle, &options, progress).map(Outcome::Undone),
        Request::OpenSample => Err(Failure::new("the sample", "is not here yet", "open a bundle instead")),
    }
}

/// Cleans up after a fix that was killed, and says so.
fn tidy(bundle: &Path, reporter: &Reporter) -> Result<(), Failure> {
    if let Some(note) = workflow::recover(bundle)? {
        reporter.log(note);
    }
    Ok(())
}
