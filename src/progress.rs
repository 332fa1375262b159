//! Progress: report a step, or stop with [`Cancelled`].

use std::sync::Arc;

/// The user asked to stop. Every long function returns it at its next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

/// One step of a long action: "signing", "Contents/Frameworks/libfoo.dylib", 3 of 41.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is being done, a lower-case verb form such as "reading" or "signing".
    pub verb: &'static str,
    /// What it is done to, as the user knows it.
    pub item: String,
    /// How much is done and how much there is, in the action's own unit (files or bytes); `total` 0 means unknown.
    pub done: u64,
    pub total: u64,
}

/// Where steps are reported to. Cheap to clone and safe to share between worker threads.
#[derive(Clone)]
pub struct Progress {
    report: Arc<dyn Fn(Step) -> Result<(), Cancelled> + Send + Sync>,
}

impl Progress {
    /// `report` gets each step and answers whether to go on.
    pub fn new(report: impl Fn(Step) -> Result<(), Cancelled> + Send + Sync + 'static) -> Self {
        Progress { report: Arc::new(report) }
    }

    /// Reports to nobody and never stops.
    pub fn silent() -> Self {
        Progress::new(|_| Ok(()))
    }

    /// Reports to the same place but never stops: for what follows a change that is already made.
    pub fn without_cancel(&self) -> Self {
        let report = self.report.clone();
        Progress::new(move |step| {
            let _ = report(step);
            Ok(())
        })
    }

    /// # Errors
    /// [`Cancelled`] when the user asked to stop.
    pub fn step(
        &self,
        verb: &'static str,
        item: impl Into<String>,
        done: u64,
        total: u64,
    ) -> Result<(), Cancelled> {
        (self.report)(Step { verb, item: item.into(), done, total })
    }
}
