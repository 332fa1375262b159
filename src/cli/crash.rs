//! `crash`: from a report back to the fault.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use super::answer::{Answer, Trouble};
use super::look::{ConditionArgs, Roots};
use super::render::crash_json::{CrashJson, SeveralJson};
use super::render::{self, Page, crash as text};
use super::session::Session;
use crate::failure::Failure;
use crate::workflow::{
    self, InspectOptions, Inspection, Text, Tied, Triage, by_cause, read_report, triage_all,
};

/// Read crash reports: .ips, .crash, lines of dyld and objc, sample, spindump; with --bundle, tie them to a bundle.
#[derive(Args)]
pub struct Crash {
    /// The reports; `-` reads standard input. Several are grouped by cause.
    #[arg(required = true, value_name = "REPORT")]
    reports: Vec<PathBuf>,
    /// The bundle that crashed.
    #[arg(long, value_name = "BUNDLE")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    roots: Roots,
    #[command(flatten)]
    conditions: ConditionArgs,
    /// Print Markdown, to paste into an issue.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Crash {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let texts = self
            .reports
            .iter()
            .map(|report| read(report.as_path()))
            .collect::<Result<Vec<Text>, Failure>>()?;
        let inspection = self.inspect(session)?;
        let shown = self.bundle.as_ref().map(|bundle| bundle.display().to_string()).unwrap_or_default();
        let as_reported = !self.conditions.names_os();
        let tied = |inspection| Tied { inspection, shown: shown.as_str(), as_reported };
        let bundle = inspection.as_ref().map(tied);
        let triages = triage_all(&texts, bundle, &session.progress())?;
        let errors = triages.iter().any(Triage::has_errors);
        Ok(Answer::new(self.render(&triages), errors))
    }

    fn inspect(&self, session: &Session) -> Result<Option<Inspection>, Trouble> {
        let Some(bundle) = &self.bundle else { return Ok(None) };
        let options = InspectOptions { conditions: self.conditions.conditions(), ..self.roots.options()? };
        Ok(Some(workflow::inspect(bundle, &options, &session.progress())?))
    }

    fn render(&self, triages: &[Triage]) -> String {
        if self.json {
            return match triages {
                [one] => render::json(&CrashJson::new(one)),
                several => render::json(&SeveralJson::new(several, &by_cause(several))),
            };
        }
        let groups = by_cause(triages);
        if self.markdown {
            return workflow::triage_markdown(triages, &groups);
        }
        let mut page = Page::default();
        text::crash(&mut page, triages, &groups);
        page.into_text()
    }
}

fn read(report: &Path) -> Result<Text, Failure> {
    if report.as_os_str() != "-" {
        return read_report(report);
    }
    let mut bytes = Vec::new();
    let input = std::io::stdin().lock().take(workflow::LARGEST_REPORT).read_to_end(&mut bytes);
    input.map_err(|error| Failure::io("standard input".as_ref(), "read", &error))?;
    Ok(Text { name: "standard input".to_owned(), bytes })
}
