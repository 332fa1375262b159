//! What the pages say about a bundle, worked out once when it is opened.

use crate::bundle::{Bundle, EntryKind, FrameworkShape, Image, Node};
use crate::diagnose::{Finding, Severity};
use crate::dyld::graph::Launch;
use crate::dyld::{Resolution, launch};
use crate::macho::{Arch, FileType, PackedVersion, SignatureState};
use crate::ui::widgets::Tone;
use crate::workflow::Inspection;

#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub name: String,
    pub version: Option<String>,
    pub build: Option<String>,
    pub identifier: Option<String>,
    pub executable: Option<String>,
    pub archs: Vec<String>,
    pub declared_minimum: Option<String>,
    pub needed_minimum: Option<PackedVersion>,
    pub frameworks: usize,
    pub libraries: usize,
    pub plug_ins: usize,
    pub bytes: u64,
    pub images: usize,
    pub references: usize,
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
    pub fixable: usize,
    /// The first launch that dyld would refuse on another Mac.
    pub refused: Option<Refusal>,
    pub launches: usize,
    pub signature: SignedBy,
}

/// A launch that fails, in dyld's words.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub entry: String,
    pub arch: String,
    pub message: String,
    /// Whether it is the app itself and not a helper or plug-in.
    pub main: bool,
    /// Whether the same launch works with the build machine's folders.
    pub works_on_build_mac: bool,
}

/// How the app as a whole is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignedBy {
    #[default]
    None,
    Linker,
    Adhoc,
    Identity,
    Unreadable,
}

impl SignedBy {
    pub fn word(self) -> &'static str {
        match self {
            SignedBy::None => "Not signed",
            SignedBy::Linker => "Linker (ad hoc)",
            SignedBy::Adhoc => "Ad hoc",
            SignedBy::Identity => "Identity",
            SignedBy::Unreadable => "Unreadable",
        }
    }
}

impl From<SignatureState> for SignedBy {
    fn from(state: SignatureState) -> Self {
        match state {
            SignatureState::None => SignedBy::None,
            SignatureState::Linker => SignedBy::Linker,
            SignatureState::Adhoc => SignedBy::Adhoc,
            SignatureState::Cms => SignedBy::Identity,
            SignatureState::Unreadable => SignedBy::Unreadable,
        }
    }
}

impl Facts {
    pub fn of(inspection: &Inspection) -> Facts {
        let bundle = &*inspection.bundle;
        let text = |key: &str| bundle.info.as_ref().and_then(|info| info.string(key)).map(str::to_owned);
        let main = bundle.main_executable.as_ref().and_then(|path| bundle.image(path));
        let count =
            |kind: Severity| inspection.findings.iter().filter(|finding| finding.severity == kind).count();
        let library = |image: &crate::bundle::Image| {
            image.file.slices.first().is_some_and(|slice| slice.file_type == FileType::Dylib)
        };
        Facts {
            name: text("CFBundleDisplayName")
                .or_else(|| text("CFBundleName"))
                .unwrap_or_else(|| bundle.name.strip_suffix(".app").unwrap_or(&bundle.name).to_owned()),
            version: text("CFBundleShortVersionString").or_else(|| text("CFBundleVersion")),
            build: text("CFBundleVersion"),
            identifier: text("CFBundleIdentifier"),
            executable: text("CFBundleExecutable"),
            archs: main.map(|image| arch_names(image)).unwrap_or_default(),
            declared_minimum: text("LSMinimumSystemVersion"),
            needed_minimum: needed_minimum(bundle),
            frameworks: bundle.frameworks.iter().filter(|f| f.shape != FrameworkShape::NoBinary).count(),
            libraries: bundle.images.values().filter(|image| library(image)).count(),
            plug_ins: bundle.entries.iter().filter(|entry| entry.kind == EntryKind::PlugIn).count(),
            bytes: bundle
                .nodes
                .values()
                .map(|node| if let Node::File { length, .. } = node { *length } else { 0 })
                .sum(),
            images: bundle.images.len(),
            references: bundle
                .images
                .values()
                .flat_map(|i| &i.file.slices)
                .map(|slice| slice.uses.len())
                .sum(),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Info),
            fixable: inspection.findings.iter().filter(|finding| finding.remedy.is_some()).count(),
            refused: refusal(inspection),
            launches: inspection.clean.launches.len(),
            signature: main.map_or(SignedBy::None, |image| signed_by(image).into()),
        }
    }

    /// "arm64, x86_64".
    pub fn arch_list(&self) -> String {
        self.archs.join(", ")
    }

    pub fn is_minimum_too_old(&self) -> bool {
        match (&self.declared_minimum, self.needed_minimum) {
            (Some(declared), Some(needed)) => {
                PackedVersion::parse(declared).is_some_and(|declared| declared < needed)
            }
            _ => false,
        }
    }
}

/// The newest system that any slice asks for. No Mac with Apple silicon has a system older than 11: that its slices ask
/// for 11 says nothing about the Macs for which the others are there.
fn needed_minimum(bundle: &Bundle) -> Option<PackedVersion> {
    let needs = |other: bool| {
        let slices = bundle.images.values().flat_map(|image| &image.file.slices);
        let of_kind = slices.filter(move |slice| slice.arch.needs_signature() != other);
        of_kind.filter_map(|slice| slice.build).map(|build| build.min_os).max()
    };
    let first = PackedVersion::new(11, 0, 0);
    match (needs(true), needs(false)) {
        (Some(other), Some(silicon)) if silicon <= first => Some(other),
        (other, silicon) => other.max(silicon),
    }
}

/// Names of the architectures, Apple silicon first.
fn arch_names(image: &Image) -> Vec<String> {
    let mut names: Vec<String> = image.file.archs().map(|arch| arch.to_string()).collect();
    names.sort();
    names
}

/// How a file is signed: by the worst of the slices that cannot run unsigned, or the first where none needs it.
pub fn signed_by(image: &Image) -> SignatureState {
    let slices = &image.file.slices;
    let needing =
        slices.iter().filter(|slice| slice.arch.needs_signature()).map(|slice| slice.signature.state);
    let rank = |state: &SignatureState| match state {
        SignatureState::Unreadable => 0,
        SignatureState::None => 1,
        SignatureState::Linker => 2,
        SignatureState::Adhoc => 3,
        SignatureState::Cms => 4,
    };
    let first = slices.first().map(|slice| slice.signature.state);
    needing.min_by_key(rank).or(first).unwrap_or(SignatureState::None)
}

/// Apple silicon before Intel: most users have that.
pub fn arch_order(arch: &Arch) -> String {
    arch.to_string()
}

fn refusal(inspection: &Inspection) -> Option<Refusal> {
    let (bundle, clean, build) = (&*inspection.bundle, &*inspection.clean, &*inspection.build);
    let mut starts: Vec<(usize, &Launch)> = clean.launches.iter().enumerate().collect();
    starts.sort_by_key(|(_, start)| (start.kind != EntryKind::Main, arch_order(&start.arch)));
    starts.into_iter().find_map(|(at, start)| {
        let verdict = launch::verdict(bundle, clean, start, inspection.symbols.of(at));
        let same = |other: &&Launch| (&other.entry, other.arch) == (&start.entry, start.arch);
        let works = || {
            let same = build.launches.iter().find(same);
            same.is_some_and(|same| launch::verdict(bundle, build, same, &[]).ok)
        };
        (!verdict.ok).then(|| Refusal {
            entry: start.entry.to_string(),
            arch: start.arch.to_string(),
            message: verdict.message.unwrap_or_default(),
            main: start.kind == EntryKind::Main,
            works_on_build_mac: works(),
        })
    })
}

/// Whether a finding's reference is loaded twice: the tree marks such rows with twins.
pub fn is_duplicate(finding: &Finding) -> bool {
    finding.rule == "duplicate-library"
}

pub fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Error,
        Severity::Warning => Tone::Warning,
        Severity::Info => Tone::Note,
    }
}

/// Mac a resolved path lives, for the origin mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Bundle,
    Build,
    Host,
    System,
}

impl Origin {
    pub fn of(resolution: &Resolution) -> Option<Origin> {
        match resolution {
            Resolution::Bundled(_) => Some(Origin::Bundle),
            Resolution::System(_) => Some(Origin::System),
            Resolution::External(path) => Some(Origin::outside(path.as_str())),
            Resolution::Missing => None,
        }
    }

    /// A package manager's prefix or a build tree.
    pub fn outside(path: &str) -> Origin {
        let hosts = ["/opt/homebrew/", "/usr/local/", "/opt/local/", "/nix/store/", "/sw/", "/opt/pkg/"];
        let conda = ["/anaconda", "/miniconda", "/miniforge", "/conda"];
        if hosts.iter().any(|host| path.starts_with(host)) || conda.iter().any(|part| path.contains(part)) {
            Origin::Host
        } else {
            Origin::Build
        }
    }

    pub fn word(self, path: &str) -> &'static str {
        match self {
            Origin::Bundle => "Bundle",
            Origin::System => "macOS",
            Origin::Build => "Build tree",
            Origin::Host if path.starts_with("/opt/homebrew/") || path.contains("/Cellar/") => "Homebrew",
            Origin::Host if path.starts_with("/opt/local/") => "MacPorts",
            Origin::Host if path.starts_with("/nix/") => "Nix",
            Origin::Host => "Package manager",
        }
    }
}

/// 148.2 MB, with a space before the unit.
pub fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} KB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.2} GB", count as f64 / 1e9),
    }
}

/// 1,932.
pub fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "1 error", "2 errors".
pub fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {word}{plural}", number(count as u64))
}

/// As a heading or a sentence begins.
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_write_them() {
        assert_eq!(
            (number(7), number(1932), number(1_000_000)),
            ("7".into(), "1,932".into(), "1,000,000".into())
        );
        assert_eq!((bytes(999), bytes(148_200_000)), ("999 B".into(), "148.2 MB".into()));
        assert_eq!((counted(1, "error"), counted(0, "note")), ("1 error".into(), "0 notes".into()));
    }

    #[test]
    fn versions_compare_as_versions() {
        assert!(PackedVersion::parse("10.9").unwrap() < PackedVersion::parse("10.14").unwrap());
        assert!(PackedVersion::parse("10.14").unwrap() < PackedVersion::parse("11").unwrap());
        assert_eq!(PackedVersion::parse("x"), None);
    }

    #[test]
    fn origins_are_told_by_their_prefix() {
        assert_eq!(
            Origin::outside("/opt/homebrew/lib/x.dylib").word("/opt/homebrew/lib/x.dylib"),
            "Homebrew"
        );
        assert_eq!(Origin::outside("/Users/me/build/x.dylib"), Origin::Build);
    }
}
