//! Everything that the window knows, apart from the machinery that fills it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{TextureHandle, ThemePreference};

use crate::bundle::SearchRoots;
use crate::dyld::{Conditions, Graph};
use crate::failure::Failure;
use crate::fix::Receipt;
use crate::progress::{Pace, Step};
use crate::ui::command::Page;
use crate::ui::facts::Facts;
use crate::ui::pages;
use crate::ui::what_if;
use crate::workflow::{Inspection, Mac};

/// One bundle, as every page reads it.
pub struct Opened {
    /// Counts up with every new inspection: what is cached from an older one is stale.
    pub revision: u64,
    pub inspection: Inspection,
    pub facts: Facts,
    pub icon: Option<TextureHandle>,
    /// What Undo would take back.
    pub last_fix: Option<Receipt>,
    /// As a Mac with Homebrew would load it, once somebody asked.
    pub homebrew: Option<Arc<Graph>>,
}

impl Opened {
    /// A bundle that is not on disk: as a plan leaves it.
    pub fn foreseen(revision: u64, inspection: Inspection) -> Opened {
        let facts = Facts::of(&inspection);
        Opened { revision, inspection, facts, icon: None, last_fix: None, homebrew: None }
    }

    /// The graph of this place; a clean Mac's while Homebrew's is being worked out.
    pub fn graph(&self, place: Mac) -> &Arc<Graph> {
        match (place, &self.homebrew) {
            (Mac::Build, _) => &self.inspection.build,
            (Mac::Homebrew, Some(graph)) => graph,
            _ => &self.inspection.clean,
        }
    }

    pub fn path(&self) -> PathBuf {
        self.inspection.bundle.root.clone()
    }

    /// The folder that the bundle stands in, shown after its name.
    pub fn folder(&self) -> String {
        self.inspection.bundle.root.parent().map(|folder| folder.display().to_string()).unwrap_or_default()
    }
}

/// What the activity strip says.
#[derive(Debug, Clone, Default)]
pub enum Activity {
    #[default]
    Idle,
    Running {
        what: &'static str,
        step: Option<Step>,
        pace: Pace,
        /// How long it still takes, where that can be known.
        left: Option<Duration>,
    },
    /// What was done, and the particulars.
    Done(&'static str, String),
    Cancelled,
    Failed(String),
}

/// A bundle that was open before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    pub path: PathBuf,
    /// "3 errors", "Ready".
    pub verdict: String,
}

#[derive(Default)]
pub struct State {
    pub opened: Option<Opened>,
    pub page: Option<Page>,
    pub start: pages::start::View,
    pub plist: pages::info_plist::View,
    pub dependencies: pages::dependencies::View,
    pub maps: pages::maps::View,
    pub manual: pages::manual::View,
    /// On whose Mac everything is looked at.
    pub place: Mac,
    /// Under which conditions; the inspection's own follow as soon as they are worked out.
    pub conditions: Conditions,
    pub variables: what_if::View,
    pub findings: pages::findings::View,
    pub plan: pages::plan::View,
    pub signature: pages::signature::View,
    pub identity: pages::identity::View,
    pub image: pages::disk_image::View,
    pub crash: pages::crash::View,
    pub compare: pages::compare::View,
    pub folders: pages::build_folders::View,
    pub palette: crate::ui::palette::View,
    pub activity: Activity,
    pub log: Vec<String>,
    pub show_log: bool,
    pub started: Option<Instant>,
    pub recents: Vec<Recent>,
    pub theme: Option<ThemePreference>,
    pub roots: SearchRoots,
    /// Why the last bundle could not be opened.
    pub refused: Option<(PathBuf, Failure)>,
    /// The inspector was called up in a narrow window.
    pub inspector_open: bool,
    /// The window has no room for table and inspector side by side.
    pub narrow: bool,
}

impl State {
    pub fn page(&self) -> Page {
        self.page.unwrap_or(Page::Overview)
    }

    pub fn note(&mut self, line: impl Into<String>) {
        const KEPT: usize = 2_000;
        self.log.push(line.into());
        if self.log.len() > KEPT {
            self.log.drain(..self.log.len() - KEPT);
        }
    }

    /// Moves `path` to the top of the recent bundles.
    pub fn remember(&mut self, path: PathBuf, verdict: String) {
        const KEPT: usize = 8;
        self.recents.retain(|recent| recent.path != path);
        self.recents.insert(0, Recent { path, verdict });
        self.recents.truncate(KEPT);
    }

    /// The bundle that was asked for last could not be opened.
    pub fn refuse(&mut self, failure: Failure) {
        if let Some(path) = self.start.last_asked() {
            self.opened = None;
            self.refused = Some((path, failure));
        }
    }

    /// Puts a fresh inspection in place of what was there.
    pub fn receive(&mut self, inspection: Inspection) {
        let facts = Facts::of(&inspection);
        let old = self.opened.take();
        let revision = old.as_ref().map_or(1, |old| old.revision + 1);
        let same = old.filter(|old| old.inspection.bundle.root == inspection.bundle.root);
        if same.is_none() {
            // A report that waits for its bundle stays before the eyes.
            if self.page() != Page::Crash || self.crash.sources().is_empty() {
                self.page = Some(Page::Overview);
            }
            self.dependencies = Default::default();
            self.maps = Default::default();
            self.findings = Default::default();
            self.plist = Default::default();
            self.signature = Default::default();
            self.image = Default::default();
        }
        self.plan.forget();
        let verdict = verdict_in_short(&facts);
        // The sample lives in a temporary folder and is opened by its own button.
        if !inspection.bundle.root.to_string_lossy().contains("bundlewright-sample-") {
            self.remember(inspection.bundle.root.clone(), verdict);
        }
        let icon = same.and_then(|old| old.icon);
        self.conditions = inspection.options.conditions.clone();
        self.opened = Some(Opened { revision, inspection, facts, icon, last_fix: None, homebrew: None });
        self.refused = None;
    }

    /// Takes in what the open bundle is under other conditions. What was asked of another bundle is dropped.
    pub fn reconsidered(&mut self, inspection: Inspection, homebrew: Option<Arc<Graph>>) {
        let Some(opened) = &mut self.opened else { return };
        if Arc::ptr_eq(&opened.inspection.bundle, &inspection.bundle) {
            opened.facts = Facts::of(&inspection);
            opened.inspection = inspection;
            opened.homebrew = homebrew;
            opened.revision += 1;
        }
    }
}

fn verdict_in_short(facts: &Facts) -> String {
    use crate::ui::facts::counted;
    match (facts.errors, facts.warnings) {
        (0, 0) => "Ready".to_owned(),
        (0, warnings) => counted(warnings, "warning"),
        (errors, _) => counted(errors, "error"),
    }
}

/// Recents as text for the settings file: a verdict and a path on each line.
pub fn write_recents(recents: &[Recent]) -> String {
    recents.iter().map(|recent| format!("{}\t{}\n", recent.verdict, recent.path.display())).collect()
}

pub fn read_recents(text: &str) -> Vec<Recent> {
    let line = |line: &str| {
        let (verdict, path) = line.split_once('\t')?;
        Some(Recent { path: PathBuf::from(path), verdict: verdict.to_owned() })
    };
    text.lines().filter_map(line).collect()
}

/// Search roots as text for the settings file.
pub fn write_roots(roots: &SearchRoots) -> String {
    roots.roots.iter().map(|(from, to)| format!("{from}\t{}\n", to.display())).collect()
}

pub fn read_roots(text: &str) -> SearchRoots {
    let line = |line: &str| {
        let (from, to) = line.split_once('\t')?;
        Some((crate::paths::RuntimePath::new(from), PathBuf::from(to)))
    };
    SearchRoots { roots: text.lines().filter_map(line).collect(), ..SearchRoots::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recents_come_back_from_the_settings() {
        let mut state = State::default();
        for name in 0..12 {
            state.remember(PathBuf::from(format!("/apps/{name}.app")), "Ready".to_owned());
        }
        state.remember(PathBuf::from("/apps/7.app"), "2 errors".to_owned());
        assert_eq!(state.recents.len(), 8);
        assert_eq!(state.recents[0].verdict, "2 errors");
        assert_eq!(read_recents(&write_recents(&state.recents)), state.recents);
    }

    #[test]
    fn build_folders_come_back_from_the_settings() {
        let roots = read_roots("/opt/homebrew\t/srv/mac/homebrew\n");
        assert_eq!(roots.roots.len(), 1);
        assert_eq!(read_roots(&write_roots(&roots)), roots);
    }
}
