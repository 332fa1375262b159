//! Steps on a terminal's standard error, silence in a pipe, and Ctrl-C as a polite stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::render::shown;
use crate::progress::{Cancelled, Pace, Progress, Step, time_left};

/// What is done sooner needs no bar.
const SHOWN_AFTER: Duration = Duration::from_millis(400);

pub struct Bar {
    bar: ProgressBar,
    interrupted: Arc<AtomicBool>,
}

impl Bar {
    pub fn new() -> Self {
        // Draws nothing when standard error is no terminal.
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        bar.set_style(style("{spinner} {wide_msg}"));
        Bar { bar, interrupted: listen() }
    }

    pub fn progress(&self) -> Progress {
        let (bar, interrupted) = (self.bar.clone(), self.interrupted.clone());
        let (start, pace) = (Instant::now(), Mutex::new(Pace::default()));
        Progress::new(move |step| {
            if interrupted.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
            if start.elapsed() >= SHOWN_AFTER {
                let left = pace.lock().unwrap_or_else(PoisonError::into_inner).left(&step, start.elapsed());
                show(&bar, &step, left);
            }
            Ok(())
        })
    }

    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    pub fn suspend(&self, say: impl FnOnce()) {
        self.bar.suspend(say);
    }
}

fn show(bar: &ProgressBar, step: &Step, left: Option<Duration>) {
    if bar.is_hidden() {
        return;
    }
    if bar.length() != Some(step.total) {
        bar.set_length(step.total);
        bar.set_style(style(match step.total {
            0 => "{spinner} {wide_msg}",
            _ => "{bar:24} {percent:>3}% {wide_msg}",
        }));
    }
    bar.set_position(step.done);
    let left = left.map(|left| format!("{} · ", time_left(left))).unwrap_or_default();
    bar.set_message(format!("{left}{} {}", step.verb, shown(&step.item)));
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The first Ctrl-C asks the work to stop; the second ends the program, which is safe too: a fix is one transaction.
#[allow(clippy::disallowed_methods)] // the user insists
fn listen() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let seen = interrupted.clone();
    // Without a handler Ctrl-C ends the program at once, as ever.
    let _ = ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(3);
        }
    });
    interrupted
}
