//! Commands whose names are taken and which are not there yet: refused, never half done.

use std::path::PathBuf;

use clap::Args;

use super::answer::{Answer, Trouble};

/// Compare two bundles or two Mach-O files (not available yet).
#[derive(Args)]
pub struct Compare {
    a: PathBuf,
    b: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub fn run(&self) -> Result<Answer, Trouble> {
        let _ = self.json;
        Err(not_yet(&format!("comparing ({} with {})", self.a.display(), self.b.display())))
    }
}

pub fn not_yet(what: &str) -> Trouble {
    Trouble::Usage(format!("{what} is not available yet; `bundlewright --help` lists what is."))
}
