//! What a command hands back: text for standard output and an exit code, or why there is none.

use std::process::ExitCode;

use crate::failure::Failure;
use crate::progress::Cancelled;

/// What a command found or did.
pub struct Answer {
    /// Ends with a line feed, or is empty.
    pub text: String,
    pub exit: Exit,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Exit {
    /// Done, nothing of severity error found.
    Done,
    /// Done, and errors found.
    ErrorsFound,
    /// The window's own.
    Window(ExitCode),
}

/// Why a command has no answer.
#[derive(Debug)]
pub enum Trouble {
    /// Asked for in a way that makes no sense: exit 2.
    Usage(String),
    /// Could not be done: exit 3.
    Failure(Failure),
    /// A panic: a fault of this program, exit 3.
    Fault,
}

impl Answer {
    pub fn done(text: impl Into<String>) -> Self {
        Answer { text: text.into(), exit: Exit::Done }
    }

    pub fn new(text: impl Into<String>, errors_found: bool) -> Self {
        let exit = if errors_found { Exit::ErrorsFound } else { Exit::Done };
        Answer { text: text.into(), exit }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => ExitCode::SUCCESS,
            Exit::ErrorsFound => ExitCode::from(1),
            Exit::Window(code) => code,
        }
    }
}

impl Trouble {
    pub fn code(&self) -> u8 {
        match self {
            Trouble::Usage(_) => 2,
            Trouble::Failure(_) | Trouble::Fault => 3,
        }
    }

    /// One line for standard error.
    pub fn line(&self) -> String {
        match self {
            Trouble::Usage(text) => text.clone(),
            Trouble::Failure(failure) => failure.to_string(),
            Trouble::Fault => {
                "this is a fault of the program itself; please report it with the lines above and the \
                command you gave."
                    .to_owned()
            }
        }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Trouble::Failure(failure)
    }
}

impl From<Cancelled> for Trouble {
    fn from(_: Cancelled) -> Self {
        Trouble::Failure(Failure::Cancelled)
    }
}
