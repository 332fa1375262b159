//! From a crash report back to the fault: what happened, who loaded whom from where, and what to do about it.
//!
//! [`triage`] looks at one report, alone or tied to an opened bundle. Everything that is said to the user is in the values: a
//! window draws [`Story`] and adds no sentence of its own.

mod culprit;
mod duplicates;
mod dyld_findings;
mod ends;
mod finding;
mod library_findings;
mod origin;
mod place;
mod refusal;
mod story;
mod surroundings;
mod tie;

pub use duplicates::{Duplicate, Whence, Why};
pub use finding::{Certainty, Culprit, Finding, Fix, FixChoice, Hop, Rule};
pub use origin::Origin;
pub use story::{Section, SectionKind, Story, markdown, one_line, order};
pub use tie::{Tie, Verdict};

use crate::bundle::Bundle;
use crate::crash::CrashReport;
use crate::diagnose;
use crate::dyld::Graph;
use crate::paths::BundlePath;

pub use culprit::quoted;

/// A bundle that reports are tied to, with what the engine knows of it.
pub struct Opened<'a> {
    /// As the user named it: commands that are offered say it like this.
    pub shown: String,
    /// What commands need besides: ` --root /opt/homebrew=/mnt/brew`; empty, or begins with a space.
    pub options: String,
    pub bundle: &'a Bundle,
    /// As the build machine would load it, and as another Mac would.
    pub build: &'a Graph,
    pub clean: &'a Graph,
    pub findings: &'a [diagnose::Finding],
}

impl Opened<'_> {
    /// The bundle's folder as the build machine names it.
    fn root(&self) -> &str {
        self.bundle.runtime_root.as_str()
    }

    /// `bundlewright fix Foo.app …`.
    fn fix_command(&self, arguments: &str) -> String {
        format!("bundlewright fix {}{arguments}{}", quoted(&self.shown), self.options)
    }
}

/// What is known of one report.
#[derive(Debug, Clone, PartialEq)]
pub struct Triage {
    /// The report's file, or how it came in.
    pub name: String,
    pub report: CrashReport,
    /// The app that it is about, as a path of the report.
    pub app: Option<String>,
    /// By image.
    pub origins: Vec<Origin>,
    /// The surest and worst first.
    pub findings: Vec<Finding>,
    pub duplicates: Vec<Duplicate>,
    /// `None` when no bundle is opened.
    pub tie: Option<Tie>,
    pub story: Story,
}

impl Triage {
    /// What reports have in common that have one cause.
    pub fn cause(&self) -> (Rule, String) {
        match self.findings.first() {
            Some(finding) => (finding.rule, finding.title.clone()),
            None => (Rule::Unexplained, String::new()),
        }
    }

    /// An image's path as a reader wants it: below the app where it is in the app. Its name where the report gives no path.
    pub fn short(&self, at: usize) -> &str {
        let Some(image) = self.report.images.get(at) else { return "" };
        let Some(path) = image.path.as_deref() else { return &image.name };
        self.app.as_deref().and_then(|app| place::inside(app, path)).unwrap_or(path)
    }

    /// The position in the report's images of what a box of a chain stands for.
    pub fn image_of(&self, hop: &Hop) -> Option<usize> {
        let file = |at: usize| self.tie.as_ref().and_then(|tie| tie.files.get(at)?.as_ref());
        let own = hop.origin == Origin::Bundle;
        (0..self.report.images.len()).find(|at| {
            self.short(*at) == hop.path
                || self.report.images[*at].path.as_deref() == Some(hop.path.as_str())
                || own && file(*at).is_some_and(|file| file.as_str() == hop.path)
        })
    }

    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == diagnose::Severity::Error)
    }
}

/// What findings are made from.
struct Case<'a> {
    report: &'a CrashReport,
    app: Option<&'a str>,
    origins: &'a [Origin],
    opened: Option<&'a Opened<'a>>,
    tie: Option<&'a Tie>,
}

impl Case<'_> {
    /// A path as a reader wants it: below the app where it is in the app.
    fn short<'p>(&self, path: &'p str) -> &'p str {
        self.app.and_then(|app| place::inside(app, path)).unwrap_or(path)
    }

    fn origin(&self, path: &str) -> Origin {
        Origin::of(path, self.app)
    }

    /// "Contents/Frameworks/x" or "/opt/… (from Homebrew)".
    fn told(&self, path: &str) -> String {
        match self.origin(path) {
            Origin::Bundle | Origin::Unknown => self.short(path).to_owned(),
            origin => format!("{path} (from {})", origin.words()),
        }
    }

    /// The bundle's file for a path of the report.
    fn file(&self, path: &str, uuid: Option<&str>) -> Option<BundlePath> {
        tie::file_at(self.opened?, self.app, path, uuid)
    }
}

/// Looks at one report.
pub fn triage(name: &str, report: CrashReport, opened: Option<&Opened<'_>>) -> Triage {
    let app = origin::app(&report);
    let origins = origin::origins(&report, app.as_deref());
    let duplicates = duplicates::duplicates(&report, &origins);
    let tie = opened.map(|opened| tie::tie(&report, app.as_deref(), &origins, opened));
    let case = Case { report: &report, app: app.as_deref(), origins: &origins, opened, tie: tie.as_ref() };
    let mut findings = dyld_findings::findings(&case);
    findings.extend(ends::findings(&case, &findings));
    findings.extend(library_findings::duplicated(&case, &duplicates));
    findings.extend(library_findings::classes(&case, &duplicates));
    findings.extend(library_findings::outside(&case, &duplicates));
    findings.extend(surroundings::findings(&case, &findings));
    findings.sort_by_key(|finding| (finding.severity, finding.certainty, finding.rule));
    let story = story::story(name, &case, &findings);
    Triage { name: name.to_owned(), app, origins, findings, duplicates, tie, story, report }
}
