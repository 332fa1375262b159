//! `demo`: the sample, in the window or headless from beginning to end.

use std::path::{Path, PathBuf};

use clap::Args;

use super::answer::{Answer, Trouble};
use super::render::{GOOD, Page, STRONG, count, findings};
use super::session::Session;
use super::window;
use crate::fix::FixOptions;
use crate::workflow::sample::{self, Sample};
use crate::workflow::{self, Checked, InspectOptions, Repaired, export, package};

/// Write the sample bundle and open the window on it; without a display, run the whole job on it.
#[derive(Args)]
pub struct Demo {
    /// Where to write it; a new folder in the system's temporary one unless given.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Run the whole job without a window even where there is a display.
    #[arg(long, hide = true)]
    headless: bool,
}

impl Demo {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let dir = match &self.dir {
            Some(dir) => dir.clone(),
            None => fresh(&session.environment.temporary)?,
        };
        let sample = sample::unpack(&dir)?;
        if session.environment.has_display && !self.headless && cfg!(feature = "gui") {
            session.note(&format!("the sample is {}", sample.app.display()));
            return window::open(Some(&sample.app), Some(sample.search_roots()), session);
        }
        whole_job(&dir, &sample, session)
    }
}

/// Inspect, fix, verify, build the image, verify that.
fn whole_job(dir: &Path, sample: &Sample, session: &Session) -> Result<Answer, Trouble> {
    let progress = session.progress();
    let roots = sample.search_roots();
    let before = workflow::inspect(&sample.app, &InspectOptions::new(roots.clone()), &progress)?;
    let plan = workflow::plan(&before, &FixOptions { roots, ..FixOptions::default() }, &progress)?;
    let fixed = workflow::repair(before, plan, &progress)?;
    let signatures = workflow::verify(&sample.app, &progress)?;
    let spec = package::disk_image(&fixed.after, session.source_date()?)?;
    let out = dir.join(package::image_name(&fixed.after));
    let built = package::package(&spec, &out, &progress)?;
    let image = workflow::verify(&out, &progress)?;
    let mut page = Page::default();
    told(&mut page, sample, &fixed, &signatures);
    page.put("Disk image  ").paint(STRONG, out.display()).put(format!(", {}, ", export::size(built.bytes)));
    checked(&mut page, &image);
    let bad = findings::any_error(&fixed.after.findings)
        || !signatures.problems.is_empty()
        || !image.problems.is_empty();
    Ok(Answer::new(page.into_text(), bad))
}

fn told(page: &mut Page, sample: &Sample, fixed: &Repaired, signatures: &Checked) {
    page.put("Sample      ").paint(STRONG, sample.app.display()).end();
    for (from, to) in &sample.roots {
        page.line(format!("            --root {from}={}", to.display()));
    }
    page.line(format!("Found       {}", findings::summary(&fixed.before.findings)));
    page.line(format!("Fixed       {}", export::summary(&fixed.plan)));
    page.line(format!("Now         {}", findings::summary(&fixed.after.findings)));
    page.put("Signatures  ");
    checked(page, signatures);
}

fn checked(page: &mut Page, checked: &Checked) {
    page.put(format!("{}, ", count(checked.checks as usize, "check")));
    match checked.problems.len() {
        0 => page.paint(GOOD, "no problem"),
        problems => page.put(count(problems, "problem")),
    };
    page.end();
}

/// A folder of its own, kept when the program ends.
fn fresh(temporary: &Path) -> Result<PathBuf, Trouble> {
    let made = tempfile::Builder::new().prefix("bundlewright-demo-").tempdir_in(temporary);
    let made = made.map_err(|error| crate::failure::Failure::io(temporary, "write to the folder", &error))?;
    Ok(made.keep())
}
