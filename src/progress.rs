//! Progress: report a step, or stop with [`Cancelled`].

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

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
    /// How much is done and how much there is, in `unit`; `total` 0 means unknown.
    pub done: u64,
    pub total: u64,
    pub unit: Unit,
}

/// What a step counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Files, images, edits: some take longer than others.
    Things,
    Bytes,
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
        (self.report)(Step { verb, item: item.into(), done, total, unit: Unit::Things })
    }

    /// As [`step`](Progress::step), with `done` and `total` in bytes.
    ///
    /// # Errors
    /// [`Cancelled`] when the user asked to stop.
    pub fn bytes(
        &self,
        verb: &'static str,
        item: impl Into<String>,
        done: u64,
        total: u64,
    ) -> Result<(), Cancelled> {
        (self.report)(Step { verb, item: item.into(), done, total, unit: Unit::Bytes })
    }

    /// For one part of a longer action: what it reports is shown as so many bytes of the whole. `part` is where it begins
    /// and ends among the whole's `total` bytes, whatever the part itself counts.
    pub fn part(&self, part: Range<u64>, total: u64) -> Progress {
        let report = self.report.clone();
        Progress::new(move |step| {
            let share = u128::from(part.end.saturating_sub(part.start));
            let inside = (share * u128::from(step.done)).checked_div(u128::from(step.total)).unwrap_or(0);
            let done = part.start + inside.min(share) as u64;
            report(Step { done, total, unit: Unit::Bytes, ..step })
        })
    }
}

/// Works out how long something still takes from how long it took so far.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// Total, and when and at how much it was first seen.
    began: Option<(u64, Duration, u64)>,
}

impl Pace {
    /// Sooner than this nothing is said: the first steps tell little of the rest.
    const SURE_AFTER: Duration = Duration::from_secs(2);

    /// The time that is left after `step`, seen when the action had run for `elapsed`. `None` while it cannot be told: the
    /// end is not known, things are counted instead of bytes, or too little was seen.
    pub fn left(&mut self, step: &Step, elapsed: Duration) -> Option<Duration> {
        if step.unit != Unit::Bytes || step.total == 0 {
            return None;
        }
        let began = match self.began {
            Some((total, at, from)) if total == step.total && from <= step.done => (at, from),
            _ => {
                self.began = Some((step.total, elapsed, step.done));
                (elapsed, step.done)
            }
        };
        let (took, did) = (elapsed.saturating_sub(began.0), step.done - began.1);
        if took < Self::SURE_AFTER || did < step.total / 20 {
            return None;
        }
        Some(took.mul_f64(step.total.saturating_sub(step.done) as f64 / did.max(1) as f64))
    }
}

/// "48 s left", "3 min left": no finer than it can be known.
pub fn time_left(left: Duration) -> String {
    match left.as_secs() {
        0..=1 => "almost done".to_owned(),
        seconds @ 2..=9 => format!("{seconds} s left"),
        seconds @ 10..=59 => format!("{} s left", seconds.next_multiple_of(5)),
        seconds @ 60..=5_399 => format!("{} min left", seconds.div_ceil(60)),
        seconds => format!("{} h left", seconds.div_ceil(3_600)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_part_counts_as_bytes_of_the_whole() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let keep = seen.clone();
        let whole = Progress::new(move |step| {
            keep.lock().unwrap().push((step.done, step.total, step.unit));
            Ok(())
        });
        let part = whole.part(100..300, 1_000);
        part.step("signing", "a", 1, 4).unwrap();
        part.bytes("copying", "b", 9, 8).unwrap();
        part.step("listing", "c", 7, 0).unwrap();
        let bytes = |done| (done, 1_000, Unit::Bytes);
        assert_eq!(*seen.lock().unwrap(), [bytes(150), bytes(300), bytes(100)]);
    }

    #[test]
    fn the_time_left_is_told_when_it_can_be_known() {
        let step = |done, unit| Step { verb: "copying", item: String::new(), done, total: 100, unit };
        let mut pace = Pace::default();
        let at = Duration::from_secs;
        assert_eq!(pace.left(&step(10, Unit::Things), at(9)), None);
        assert_eq!(pace.left(&step(10, Unit::Bytes), at(10)), None);
        assert_eq!(pace.left(&step(30, Unit::Bytes), at(11)), None, "too early");
        assert_eq!(pace.left(&step(50, Unit::Bytes), at(14)), Some(at(5)));
        let next = Step { total: 200, ..step(0, Unit::Bytes) };
        assert_eq!(pace.left(&next, at(20)), None, "another action");
        assert_eq!(
            [1, 7, 31, 61, 7_000].map(|seconds| time_left(at(seconds))),
            ["almost done", "7 s left", "35 s left", "2 min left", "2 h left"]
        );
    }
}
