//! Commands whose names are taken and which are not there yet: refused, never half done.

use std::path::PathBuf;

use clap::Args;

use super::answer::{Answer, Trouble};

/// Read a crash report; with --bundle, tie it to a bundle (not available yet).
#[derive(Args)]
pub struct Crash {
    /// The report: .ips, .crash or dyld's own lines.
    report: PathBuf,
    /// The bundle that crashed.
    #[arg(long, value_name = "BUNDLE")]
    bundle: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Crash {
    pub fn run(&self) -> Result<Answer, Trouble> {
        let _ = (&self.bundle, self.json);
        Err(not_yet(&format!("reading crash reports ({})", self.report.display())))
    }
}

pub fn not_yet(what: &str) -> Trouble {
    Trouble::Usage(format!("{what} is not available yet; `bundlewright --help` lists what is."))
}
