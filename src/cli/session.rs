//! One run of the command line: progress while it works, notes, and how it ends.

use std::io::Write;
use std::process::ExitCode;

use super::answer::{Answer, Trouble};
use super::environment::Environment;
use super::progress_bar::Bar;
use super::render::shown;
use crate::failure::Failure;
use crate::progress::Progress;

pub struct Session {
    pub environment: Environment,
    bar: Bar,
}

impl Session {
    pub fn new(environment: Environment) -> Self {
        Session { environment, bar: Bar::new() }
    }

    /// Shows steps on a terminal; Ctrl-C stops at the next one.
    pub fn progress(&self) -> Progress {
        self.bar.progress()
    }

    /// A line on standard error beside the answer.
    pub fn note(&self, text: &str) {
        self.say(&format!("note: {text}"));
    }

    /// `SOURCE_DATE_EPOCH` in seconds since 1970.
    pub fn source_date(&self) -> Result<Option<u64>, Trouble> {
        let Some(text) = &self.environment.source_date_epoch else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            Trouble::Failure(Failure::new(
                "SOURCE_DATE_EPOCH",
                format!("is {text:?}, not a number of seconds"),
                "set it to seconds since 1970, or unset it",
            ))
        })
    }

    pub fn end(&self, answer: Result<Answer, Trouble>) -> ExitCode {
        self.bar.clear();
        match answer {
            Ok(answer) => match print(&answer.text) {
                Ok(()) => answer.exit.into(),
                // Whoever read us has read enough.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => answer.exit.into(),
                Err(error) => {
                    let failure = Failure::io("standard output".as_ref(), "write", &error);
                    self.refuse(&Trouble::Failure(failure))
                }
            },
            Err(trouble) => self.refuse(&trouble),
        }
    }

    fn refuse(&self, trouble: &Trouble) -> ExitCode {
        self.say(&trouble.line());
        ExitCode::from(trouble.code())
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| {
            // Nobody is left to tell when this fails.
            let _ = writeln!(std::io::stderr(), "bundlewright: {}", shown(line));
        });
    }
}

/// Colours go to a terminal only; `NO_COLOR` is heeded.
fn print(text: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
