//! Opening the window.

use std::path::Path;

use super::answer::{Answer, Trouble};
use super::session::Session;
use crate::bundle::SearchRoots;
use crate::failure::Failure;

/// Opens the window, on `file` when there is one; with `roots` instead of the user's usual ones.
pub fn open(file: Option<&Path>, roots: Option<SearchRoots>, session: &Session) -> Result<Answer, Trouble> {
    if let Some(file) = file
        && let Err(error) = file.symlink_metadata()
    {
        let next = "check the path; `bundlewright --help` lists the commands";
        return Err(match error.kind() {
            std::io::ErrorKind::NotFound => {
                Failure::new(file, "there is no such file or command", next).into()
            }
            _ => Failure::io(file, "open", &error).into(),
        });
    }
    if !session.environment.has_display {
        return Err(Trouble::Usage(headless("there is no display to open a window on", file)));
    }
    run(file, roots, session)
}

#[cfg(feature = "gui")]
fn run(file: Option<&Path>, roots: Option<SearchRoots>, session: &Session) -> Result<Answer, Trouble> {
    let outside = crate::ui::Outside {
        clock: super::environment::now,
        source_date: session.source_date()?,
        temporary: session.environment.temporary.clone(),
        http_proxy: session.environment.http_proxy.clone(),
        reveal: crate::workflow::package::reveal,
    };
    let exit = super::answer::Exit::Window(crate::ui::run(file.map(Path::to_path_buf), roots, outside));
    Ok(Answer { text: String::new(), exit })
}

#[cfg(not(feature = "gui"))]
fn run(file: Option<&Path>, _: Option<SearchRoots>, _: &Session) -> Result<Answer, Trouble> {
    Err(Trouble::Usage(headless("this build has no window", file)))
}

fn headless(why: &str, file: Option<&Path>) -> String {
    let file = file.map_or("BUNDLE".into(), |file| file.to_string_lossy());
    format!("{why}; run `bundlewright inspect {file}` instead, or `bundlewright --help` for every command.")
}
