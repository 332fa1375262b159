//! What a report shows, how sure that is, and what would mend it.

use serde::Serialize;

use crate::diagnose::Severity;
use crate::macho::InstallName;
use crate::paths::BundlePath;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    Certain,
    Likely,
    Possible,
}

impl Certainty {
    pub fn word(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Likely => "likely",
            Certainty::Possible => "possible",
        }
    }
}

/// Every kind of finding, in the order in which a story tells them: what ends a launch first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    NoSharedCache,
    SignatureRefused,
    WrongArchitecture,
    FileRefused,
    Sandbox,
    SystemTooOld,
    LibraryMissing,
    SymbolMissing,
    DuplicateLibrary,
    DuplicateClass,
    OutsideLibrary,
    ToolkitTwice,
    Unexplained,
    Translocated,
    DiskImage,
    Rosetta,
    OtherBuild,
    FewImages,
}

impl Rule {
    /// The id that `crash --json` gives.
    pub fn id(self) -> &'static str {
        match self {
            Rule::NoSharedCache => "crash-no-shared-cache",
            Rule::SignatureRefused => "crash-signature-refused",
            Rule::WrongArchitecture => "crash-wrong-architecture",
            Rule::FileRefused => "crash-file-refused",
            Rule::Sandbox => "crash-blocked-by-sandbox",
            Rule::SystemTooOld => "crash-system-too-old",
            Rule::LibraryMissing => "crash-library-missing",
            Rule::SymbolMissing => "crash-symbol-missing",
            Rule::DuplicateLibrary => "crash-duplicate-library",
            Rule::DuplicateClass => "crash-duplicate-class",
            Rule::OutsideLibrary => "crash-outside-library",
            Rule::ToolkitTwice => "crash-toolkit-twice",
            Rule::Unexplained => "crash-unexplained",
            Rule::Translocated => "crash-translocated",
            Rule::DiskImage => "crash-from-disk-image",
            Rule::Rosetta => "crash-under-rosetta",
            Rule::OtherBuild => "crash-other-build",
            Rule::FewImages => "crash-few-images",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: Rule,
    pub severity: Severity,
    pub certainty: Certainty,
    /// The file that it is about, as the report names it.
    pub subject: String,
    pub title: String,
    /// What and why, in sentences.
    pub message: String,
    /// What to do, a sentence each.
    pub advice: Vec<String>,
    /// Positions in the report's images.
    pub images: Vec<usize>,
    /// Who asks for it, the surest first.
    pub culprits: Vec<Culprit>,
}

impl Finding {
    pub fn new(rule: Rule, severity: Severity, subject: impl Into<String>, title: impl Into<String>) -> Self {
        Finding {
            rule,
            severity,
            certainty: Certainty::Certain,
            subject: subject.into(),
            title: title.into(),
            message: String::new(),
            advice: Vec::new(),
            images: Vec::new(),
            culprits: Vec::new(),
        }
    }

    /// The engine's own repair for it, when there is one.
    pub fn fix(&self) -> Option<&Fix> {
        self.culprits.iter().find_map(|culprit| culprit.fix.as_ref())
    }
}

/// An image that asks for what should not be there, or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Culprit {
    /// Its path in the bundle, or the report's when no bundle is opened.
    pub image: String,
    /// The load command's text; `None` where no command leads there.
    pub name: Option<String>,
    pub certainty: Certainty,
    /// "Contents/PlugIns/a.so asks for it: its LC_LOAD_DYLIB says /…".
    pub words: String,
    /// From what is started to what is loaded; empty without a bundle.
    pub chain: Vec<Hop>,
    pub fix: Option<Fix>,
}

/// One box of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The file's name, and its path.
    pub name: String,
    pub path: String,
    pub origin: super::Origin,
    /// How it leads to the next: "opens the plug-in", "LC_LOAD_DYLIB @rpath/…"; empty for the last.
    pub link: String,
}

/// What the repair engine can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub choice: FixChoice,
    /// The command that does it.
    pub command: String,
    /// What the engine says about the fault, in sentences.
    pub words: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FixChoice {
    Reference { image: BundlePath, name: InstallName },
    Rule(&'static str),
}
