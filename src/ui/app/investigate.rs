//! Crash reports and comparisons: what is dropped, pasted and chosen for them.

use std::path::{Path, PathBuf};

use egui::{Context, Event};

use super::App;
use crate::jobs::{ReportSource, Request};
use crate::ui::command::{Action, Page};
use crate::ui::dialogs::REPORTS;
use crate::ui::pages::compare::Side;
use crate::ui::state::{Activity, Opened};
use crate::workflow::comparison_markdown;

/// A pasted line or two is no report, but somebody's search.
const SHORTEST_REPORT: usize = 24;

impl App {
    /// Reads `reports`, tied to the open bundle, and shows them.
    pub(super) fn triage(&mut self, reports: Vec<ReportSource>) {
        self.state.page = Some(Page::Crash);
        self.state.crash.asked(reports.clone());
        if let Some(request) = self.reports() {
            self.begin("Reading", request);
        }
    }

    /// Ties the reports of the page to the bundle that is open now, beside everything else.
    pub(super) fn tie_reports(&mut self) {
        if let Some(request) = self.reports() {
            self.side.start(request);
        }
    }

    fn reports(&self) -> Option<Request> {
        let reports = self.state.crash.sources().to_vec();
        let inspection = self.state.opened.as_ref().map(|opened| opened.inspection.clone());
        (!reports.is_empty()).then_some(Request::Triage { reports, inspection })
    }

    /// Compares these two; while something else runs, what is on the page stays.
    pub(super) fn compare(&mut self, left: PathBuf, right: PathBuf) {
        self.state.page = Some(Page::Compare);
        if !self.jobs.busy() {
            self.state.compare.asked(&left, &right);
        }
        self.begin("Comparing", Request::Compare { left, right });
    }

    /// Both sides of the page for comparisons, once they are known.
    pub(super) fn sides(&self) -> Option<(PathBuf, PathBuf)> {
        let root = self.state.opened.as_ref().map(Opened::path);
        self.state.compare.pair(root.as_deref())
    }

    pub(super) fn compare_again(&mut self) {
        if let Some((left, right)) = self.sides() {
            self.compare(left, right);
        }
    }

    /// Goes to the page for comparisons; answers the side that is to be chosen.
    pub(super) fn compare_with(&mut self) -> Side {
        let root = self.state.opened.as_ref().map(Opened::path);
        if self.state.page() != Page::Compare {
            self.state.compare.begin(root.as_deref());
        }
        self.state.page = Some(Page::Compare);
        self.state.compare.wanted(root.as_deref())
    }

    pub(super) fn copy_comparison(&mut self, ctx: &Context) {
        if let Some(comparison) = self.state.compare.comparison() {
            ctx.copy_text(comparison_markdown(comparison));
            let words = "The comparison is on the clipboard, as Markdown".to_owned();
            self.state.activity = Activity::Done("Copied", words);
        }
    }

    /// What was dropped on the window, and a report that was pasted outside of any field.
    pub(super) fn take_in(&mut self, ctx: &Context) {
        let dropped: Vec<PathBuf> =
            ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_path_buf()).collect());
        if let Some(action) = self.dropped(dropped) {
            self.outbox.push(action);
        }
        let writes = self.state.palette.is_open() || ctx.memory(|memory| memory.focused()).is_some();
        let pasted = ctx.input(|input| {
            input.events.iter().find_map(|event| match event {
                Event::Paste(text) if text.len() >= SHORTEST_REPORT => Some(text.clone()),
                _ => None,
            })
        });
        if let Some(text) = pasted.filter(|_| !writes || self.state.page() == Page::Crash) {
            self.outbox.push(Action::ReadReports(vec![ReportSource::Pasted(text)]));
        }
    }

    /// Reports are read, a second bundle on the page for it is compared, anything else is opened.
    fn dropped(&mut self, paths: Vec<PathBuf>) -> Option<Action> {
        let reports: Vec<PathBuf> = paths.iter().filter(|path| is_report(path)).cloned().collect();
        if !reports.is_empty() {
            return Some(Action::ReadReports(reports.into_iter().map(ReportSource::File).collect()));
        }
        if self.state.page() == Page::Compare {
            let root = self.state.opened.as_ref().map(Opened::path);
            let pair = self.state.compare.dropped(paths, root.as_deref());
            return pair.map(|(left, right)| Action::Compare(left, right));
        }
        paths.into_iter().next().map(Action::Open)
    }
}

/// By its name: what is in it is read away from the window.
pub(super) fn is_report(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| REPORTS.contains(&ending.as_str()) || ending == "synced")
}
