//! The one worker thread: bounded queues, throttled steps, cancel, and panics turned into answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Event, Outcome, Request, run};
use crate::failure::Failure;
use crate::progress::{Cancelled, Progress, Step};

/// Steps closer together than this are left out: a frame of the window.
const STEP_EVERY: Duration = Duration::from_millis(16);
/// How many requests may wait.
const REQUESTS: usize = 16;
/// How many events may wait for the window; only answers ever wait for room.
const EVENTS: usize = 256;

/// Runs workflows away from the window. Dropping it cancels what runs and waits for its clean end.
pub struct Jobs {
    // `None` only while it is being dropped.
    requests: Option<Sender<(u64, Request)>>,
    events: Option<Receiver<Event>>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
}

/// Jobs are numbered from 1 in the order they were started.
#[derive(Default)]
struct Counts {
    started: AtomicU64,
    answered: AtomicU64,
    /// Jobs up to this number are to stop.
    cancelled: AtomicU64,
}

type Workflow = dyn Fn(Request, &Reporter) -> Result<Outcome, Failure> + Send;

/// What a running workflow says back.
pub(super) struct Reporter {
    pub progress: Progress,
    log: Box<dyn Fn(String)>,
}

impl Reporter {
    pub fn log(&self, line: String) {
        (self.log)(line);
    }
}

impl Jobs {
    /// `wake` is called, on the worker's thread, after each event: the window asks for a repaint there.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Jobs::running(wake, Box::new(run::run))
    }

    fn running(wake: impl Fn() + Send + Sync + 'static, workflow: Box<Workflow>) -> Self {
        let (requests, inbox) = bounded(REQUESTS);
        let (outbox, events) = bounded(EVENTS);
        let counts = Arc::new(Counts::default());
        let worker =
            Worker { inbox, mouth: Mouth { outbox, wake: Arc::new(wake) }, counts: counts.clone(), workflow };
        let thread =
            std::thread::Builder::new().name("bundlewright-job".to_owned()).spawn(move || worker.work()).ok();
        Jobs { requests: Some(requests), events: Some(events), thread, counts }
    }

    /// Starts `request`, or lines it up behind the one that runs. `false` when the line is full (16 waiting) or the
    /// system gave no thread; nothing happens then.
    pub fn start(&self, request: Request) -> bool {
        let number = self.counts.started.load(Ordering::Acquire) + 1;
        let sent = self.requests.as_ref().is_some_and(|line| line.try_send((number, request)).is_ok());
        if sent {
            self.counts.started.store(number, Ordering::Release);
        }
        sent
    }

    /// Everything that came back since the last call; never waits.
    pub fn poll(&self) -> Vec<Event> {
        std::iter::from_fn(|| self.try_recv()).collect()
    }

    /// The next event, when there is one; never waits.
    pub fn try_recv(&self) -> Option<Event> {
        let event = self.events.as_ref()?.try_recv().ok()?;
        if matches!(event, Event::Done(_) | Event::Failed(_)) {
            self.counts.answered.fetch_add(1, Ordering::AcqRel);
        }
        Some(event)
    }

    /// Asks the running job and all that wait to stop; each still answers, with [`Failure::Cancelled`] if it heard in
    /// time.
    pub fn cancel(&self) {
        self.counts.cancelled.store(self.counts.started.load(Ordering::Acquire), Ordering::Release);
    }

    /// Whether an answer is still to come out of [`Jobs::poll`].
    pub fn busy(&self) -> bool {
        self.counts.answered.load(Ordering::Acquire) < self.counts.started.load(Ordering::Acquire)
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.cancel();
        self.requests = None;
        self.events = None; // a worker that waits for room wakes up
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Worker {
    inbox: Receiver<(u64, Request)>,
    mouth: Mouth,
    counts: Arc<Counts>,
    workflow: Box<Workflow>,
}

/// Where events leave.
#[derive(Clone)]
struct Mouth {
    outbox: Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Mouth {
    /// Waits for room: answers are never lost. A closed window is not an error.
    fn say(&self, event: Event) {
        if self.outbox.send(event).is_ok() {
            (self.wake)();
        }
    }

    /// Left out when there is no room.
    fn mention(&self, event: Event) {
        if self.outbox.try_send(event).is_ok() {
            (self.wake)();
        }
    }
}

impl Worker {
    fn work(self) {
        for (number, request) in &self.inbox {
            let answer = match self.is_cancelled(number) {
                true => Err(Failure::Cancelled),
                false => self.carry_out(number, request),
            };
            self.mouth.say(match answer {
                Ok(outcome) => Event::Done(outcome),
                Err(failure) => Event::Failed(failure),
            });
        }
    }

    fn is_cancelled(&self, number: u64) -> bool {
        number <= self.counts.cancelled.load(Ordering::Acquire)
    }

    fn carry_out(&self, number: u64, request: Request) -> Result<Outcome, Failure> {
        let about = request.path();
        let mouth = self.mouth.clone();
        let reporter = Reporter {
            progress: throttled(self.mouth.clone(), self.counts.clone(), number),
            log: Box::new(move |line| mouth.mention(Event::Log(line))),
        };
        catch_unwind(AssertUnwindSafe(|| (self.workflow)(request, &reporter)))
            .unwrap_or_else(|panic| Err(fault(about, &*panic)))
    }
}

fn throttled(mouth: Mouth, counts: Arc<Counts>, number: u64) -> Progress {
    let last: Mutex<Option<Instant>> = Mutex::new(None);
    Progress::new(move |step: Step| {
        if number <= counts.cancelled.load(Ordering::Acquire) {
            return Err(Cancelled);
        }
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|then| then.elapsed() >= STEP_EVERY) {
            *last = Some(Instant::now());
            mouth.mention(Event::Progress(step));
        }
        Ok(())
    })
}

/// A panic as an answer.
fn fault(about: PathBuf, panic: &(dyn std::any::Any + Send)) -> Failure {
    let words = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no details".to_owned());
    Failure::new(
        about,
        format!("Bundlewright itself failed here ({words})"),
        "please report this with the file, it is a fault of the program",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    fn inspect(path: &str) -> Request {
        Request::Inspect { path: path.into(), options: Default::default() }
    }

    fn built(path: &str) -> Result<Outcome, Failure> {
        Ok(Outcome::Built { path: path.into(), bytes: 1, sha256: String::new() })
    }

    /// Every event up to `answers` answers.
    fn wait(jobs: &Jobs, answers: usize) -> Vec<Event> {
        let mut events = Vec::new();
        let end = Instant::now() + Duration::from_secs(20);
        while events.iter().filter(|event| is_answer(event)).count() < answers {
            assert!(Instant::now() < end, "no answer");
            events.extend(jobs.poll());
            std::thread::sleep(Duration::from_millis(1));
        }
        events
    }

    fn is_answer(event: &Event) -> bool {
        matches!(event, Event::Done(_) | Event::Failed(_))
    }

    #[test]
    fn every_request_is_answered_in_order() {
        let wakes = Arc::new(AtomicUsize::new(0));
        let woken = wakes.clone();
        let jobs = Jobs::running(
            move || _ = woken.fetch_add(1, Ordering::SeqCst),
            Box::new(|request, _| built(&request.path().to_string_lossy())),
        );
        assert!(!jobs.busy());
        assert!(jobs.start(inspect("a")) && jobs.start(inspect("b")));
        assert!(jobs.busy());
        let paths: Vec<String> = wait(&jobs, 2)
            .into_iter()
            .filter_map(|event| match event {
                Event::Done(Outcome::Built { path, .. }) => Some(path.display().to_string()),
                _ => None,
            })
            .collect();
        assert_eq!(paths, ["a", "b"]);
        assert!(!jobs.busy());
        drop(jobs);
        assert_eq!(wakes.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn steps_are_throttled_and_never_hold_the_worker_up() {
        let jobs = Jobs::running(
            || (),
            Box::new(|_, reporter| {
                for done in 0..50_000 {
                    reporter.progress.step("reading", "file", done, 50_000)?;
                }
                built("x")
            }),
        );
        let start = Instant::now();
        jobs.start(inspect("x"));
        let steps = wait(&jobs, 1).iter().filter(|event| matches!(event, Event::Progress(_))).count();
        let most = start.elapsed().as_millis() / STEP_EVERY.as_millis() + 1;
        assert!((1..=most as usize).contains(&steps), "{steps} steps, {most} at most");
    }

    #[test]
    fn the_answer_comes_though_nobody_polls_and_the_queue_is_full() {
        let jobs = Jobs::running(
            || (),
            Box::new(|_, reporter| {
                (0..2 * EVENTS).for_each(|line| reporter.log(line.to_string()));
                built("x")
            }),
        );
        jobs.start(inspect("x"));
        std::thread::sleep(Duration::from_millis(50));
        let events = wait(&jobs, 1);
        assert_eq!(events.len(), EVENTS + 1);
        assert!(is_answer(&events[EVENTS]));
    }

    #[test]
    fn cancel_stops_the_running_job_and_those_that_wait_but_not_later_ones() {
        let jobs = Jobs::running(
            || (),
            Box::new(|request, reporter| {
                while request.path().ends_with("endless") {
                    reporter.progress.step("reading", "file", 0, 0)?;
                    std::thread::sleep(Duration::from_millis(1));
                }
                built("x")
            }),
        );
        jobs.start(inspect("endless"));
        jobs.start(inspect("waiting"));
        jobs.cancel();
        jobs.start(inspect("later"));
        let answers: Vec<Event> = wait(&jobs, 3).into_iter().filter(is_answer).collect();
        assert!(matches!(answers[0], Event::Failed(Failure::Cancelled)));
        assert!(matches!(answers[1], Event::Failed(Failure::Cancelled)));
        assert!(matches!(answers[2], Event::Done(_)));
    }

    #[test]
    fn a_panic_is_an_answer_and_the_next_job_runs() {
        let jobs = Jobs::running(
            || (),
            Box::new(|request, _| {
                assert!(!request.path().ends_with("bad"), "a rule was broken");
                built("x")
            }),
        );
        jobs.start(inspect("bad"));
        jobs.start(inspect("good"));
        let events = wait(&jobs, 2);
        let Event::Failed(failure) = &events[0] else { panic!("it did not fail") };
        let text = failure.to_string();
        assert!(text.starts_with("bad: Bundlewright itself failed here (a rule was broken)"), "{text}");
        assert!(text.contains("please report"), "{text}");
        assert!(matches!(events[1], Event::Done(_)));
    }

    #[test]
    fn dropping_cancels_and_waits_for_the_end() {
        let ended = Arc::new(AtomicUsize::new(0));
        let seen = ended.clone();
        let jobs = Jobs::running(
            || (),
            Box::new(move |_, reporter| {
                while reporter.progress.step("reading", "file", 0, 0).is_ok() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                seen.fetch_add(1, Ordering::SeqCst);
                Err(Failure::Cancelled)
            }),
        );
        jobs.start(inspect("endless"));
        std::thread::sleep(Duration::from_millis(20));
        drop(jobs);
        assert_eq!(ended.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_full_line_refuses() {
        let jobs = Jobs::running(
            || (),
            Box::new(|_, reporter| {
                while reporter.progress.step("reading", "file", 0, 0).is_ok() {}
                Err(Failure::Cancelled)
            }),
        );
        let taken = (0..100).filter(|_| jobs.start(inspect("x"))).count();
        assert!((REQUESTS..=REQUESTS + 1).contains(&taken), "{taken}");
    }
}
