//! What would be handed to the notary, taken apart. Whoever gathers it decides nothing.

use super::Outcome;
use crate::codesign::{Credentials, Profile};
use crate::diagnose::Finding;
use crate::macho::{Arch, FileType, PackedVersion, Platform, Signature, SignatureState};

/// What the user names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    #[default]
    App,
    DiskImage,
    /// A program or a library by itself.
    Code,
    /// A folder with anything in it.
    Folder,
}

/// One thing that a check met, where Apple's log would say it: `Contents/Resources/a.jar/native/liba.dylib`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Within the submission; "" for the submission itself.
    pub path: String,
    /// The slices it is about; none for the file as a whole.
    pub archs: Vec<Arch>,
    /// A clause or sentence about it.
    pub message: String,
}

/// One slice of a Mach-O file that carries a signature or should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    pub path: String,
    pub arch: Arch,
    pub file_type: FileType,
    pub platform: Option<Platform>,
    /// `None` when no load command states one.
    pub sdk: Option<PackedVersion>,
    /// `None` when it is not signed.
    pub credentials: Option<Credentials>,
}

/// What the ordinary rules found in an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where the app is in the submission; "" for the submission itself.
    pub app: String,
    pub finding: Finding,
}

/// A provisioning profile and the code that it vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    pub path: String,
    /// Or why it cannot be read, as a clause.
    pub profile: Result<Profile, String>,
    /// The bundle that it stands in; "" for the submission itself.
    pub bundle: String,
    /// The executable of that bundle.
    pub executable: Option<String>,
}

/// An installer package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub path: String,
    pub signature: PackageSignature,
}

/// How a package's table of contents says that it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageSignature {
    None,
    /// With a Developer ID Installer certificate.
    DeveloperId,
    Other,
    Unreadable,
}

/// The disk image that is submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `None` when it is not signed.
    pub credentials: Option<Credentials>,
    /// Checksums that do not fit and the like, each a sentence.
    pub faults: Vec<Hit>,
}

#[derive(Debug, Clone, Default)]
pub struct Submission {
    /// The name of the file or folder.
    pub name: String,
    pub kind: Kind,
    /// Where its apps and other bundles are; "" for the submission itself.
    pub bundles: Vec<String>,
    /// By path, each file's slices together.
    pub codes: Vec<Code>,
    /// Signatures and seals that do not fit, with codesign's words. What is not signed at all is in `codes`.
    pub faults: Vec<Hit>,
    pub findings: Vec<Found>,
    pub profiles: Vec<Vouched>,
    pub packages: Vec<Package>,
    pub image: Option<Image>,
    /// How many archives and disk images inside were opened.
    pub opened: usize,
    /// What could not be looked into, and why.
    pub unread: Vec<Hit>,
    /// Seconds since 1970; `None` when nobody says.
    pub today: Option<u64>,
}

impl Submission {
    /// Whatever is signed: code, and the disk image if it is.
    pub fn signed(&self) -> impl Iterator<Item = (&str, Option<Arch>, &Credentials)> {
        let codes = self.codes.iter();
        let codes = codes.filter_map(|one| Some((&*one.path, Some(one.arch), one.credentials.as_ref()?)));
        let image = self.image.iter().filter_map(|image| image.credentials.as_ref());
        codes.chain(image.map(|credentials| ("", None, credentials)))
    }

    /// Slices that start a process on a Mac, with their signatures.
    pub fn programs(&self) -> impl Iterator<Item = (&Code, &Credentials)> {
        let programs =
            self.codes.iter().filter(|one| one.file_type == FileType::Execute && one.is_for_macs());
        programs.filter_map(|one| Some((one, one.credentials.as_ref()?)))
    }

    /// The team that signed most; for commands.
    pub fn team(&self) -> Option<&str> {
        self.signed().find_map(|(_, _, one)| one.signature.team.as_deref())
    }
}

impl Found {
    /// The file that it is about, in the submission.
    pub fn path(&self) -> String {
        inside(&self.app, self.finding.subject.as_str())
    }
}

/// `path` in the folder `holder`, either of which may be "".
pub fn inside(holder: &str, path: &str) -> String {
    match (holder, path) {
        ("", path) => path.to_owned(),
        (holder, "") => holder.to_owned(),
        _ => format!("{holder}/{path}"),
    }
}

impl Code {
    /// Whether it runs on macOS, or says nothing about it.
    pub fn is_for_macs(&self) -> bool {
        self.platform.is_none_or(|platform| platform == Platform::MACOS || platform == Platform::MAC_CATALYST)
    }
}

/// What signed code, in few words: "signed ad hoc".
pub fn signer(signature: &Signature) -> &'static str {
    match signature.state {
        SignatureState::None => "not signed",
        SignatureState::Linker => "signed ad hoc by the linker",
        SignatureState::Adhoc => "signed ad hoc",
        SignatureState::Cms => "signed with a certificate",
        SignatureState::Unreadable => "signed in a way that cannot be read",
    }
}

/// Passed when nothing was met. What is said of several slices of a file alike is said once.
pub fn outcome<'a>(met: impl IntoIterator<Item = (&'a str, Option<Arch>, String)>) -> Outcome {
    let mut hits: Vec<Hit> = Vec::new();
    for (path, arch, message) in met {
        match hits.iter_mut().rev().take(8).find(|hit| hit.path == path && hit.message == message) {
            Some(hit) => hit.archs.extend(arch),
            None => hits.push(Hit { path: path.to_owned(), archs: arch.into_iter().collect(), message }),
        }
    }
    Outcome::of(hits)
}
