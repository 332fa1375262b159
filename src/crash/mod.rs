//! Crash reports and what dyld and the Objective-C runtime print → values. Pure: text in, values out.
//!
//! Nothing that is text is refused: what can be read is read, and [`CrashReport::notes`] say what could not. One text may hold
//! several reports: a spindump has one for each process, an issue what people pasted into it. Reading takes time in proportion to
//! the text and keeps no more than the text holds.
//!
//! The formats are those of Apple's ReportCrash (`.crash` until macOS 11, `.ips` since 12), `sample`, `spindump`, dyld's
//! `DYLD_PRINT_LIBRARIES`, and the messages of dyld 2, 3 and 4 (`apple-oss-distributions/dyld`) and of objc4.

mod document;
mod dyld_message;
mod headings;
mod image_line;
mod ips;
mod mend;
mod objc_line;
mod plain;
mod remarks;
mod tried;

pub use document::read;
pub use dyld_message::{DyldFault, DyldMessage, Place};
pub use objc_line::ClassTwice;
pub use plain::plain;
pub use tried::Tried;

/// One process as a report shows it. Fields are empty where the report says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CrashReport {
    pub format: Format,
    pub process: Option<String>,
    pub pid: Option<u32>,
    /// The executable, as far as it is not redacted: `/Users/USER/*/Foo.app/Contents/MacOS/Foo`.
    pub path: Option<String>,
    pub identifier: Option<String>,
    pub version: Option<String>,
    /// "macOS 14.7 (23H124)".
    pub os: Option<String>,
    /// As `lipo` calls it.
    pub arch: Option<String>,
    /// Whether Rosetta ran it.
    pub translated: bool,
    pub parent: Option<String>,
    pub date: Option<String>,
    pub incident: Option<String>,
    pub team: Option<String>,
    pub exception: Option<Exception>,
    pub termination: Option<Termination>,
    /// "Application Specific Information", line by line.
    pub said: Vec<String>,
    /// What dyld said, each message once.
    pub dyld: Vec<DyldMessage>,
    /// What the Objective-C runtime said of classes that are there twice.
    pub classes: Vec<ClassTwice>,
    /// In the report's order.
    pub images: Vec<LoadedImage>,
    /// Frames of the thread that crashed, innermost first, at most [`MOST_FRAMES`].
    pub crashed: Vec<Frame>,
    /// Lines of toolkits that two copies of themselves make them print.
    pub hints: Vec<String>,
    /// Whether dyld could not map macOS's shared cache.
    pub no_shared_cache: bool,
    /// What could not be read, in sentences.
    pub notes: Vec<String>,
}

/// Frames kept of a thread.
pub const MOST_FRAMES: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Lines of dyld, objc or a toolkit.
    #[default]
    Log,
    /// `.crash`, or the text that Console shows for an `.ips`.
    Crash,
    Ips,
    Sample,
    Spindump,
}

impl Format {
    pub fn words(self) -> &'static str {
        match self {
            Format::Log => "lines of a log",
            Format::Crash => "a .crash report",
            Format::Ips => "an .ips report",
            Format::Sample => "the output of sample",
            Format::Spindump => "a spindump",
        }
    }
}

/// "EXC_CRASH (SIGABRT)".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exception {
    pub kind: String,
    pub signal: Option<String>,
    /// "KERN_INVALID_ADDRESS at 0x0000000000000008".
    pub detail: Option<String>,
}

/// Who ended the process, and why (`bsd/sys/reason.h` of XNU).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Termination {
    pub namespace: String,
    pub code: Option<u64>,
    /// "Library missing".
    pub message: Option<String>,
}

/// One image that the report shows in memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadedImage {
    /// As far as it is not redacted; `None` where the report has none.
    pub path: Option<String>,
    /// The file's name, or what the report calls it.
    pub name: String,
    pub version: Option<String>,
    /// LC_UUID, upper case with dashes; `None` when the report has none or only zeros.
    pub uuid: Option<String>,
    /// Address of its first byte.
    pub base: Option<u64>,
    /// Length in bytes of its mapping.
    pub size: Option<u64>,
    pub source: Source,
    /// Line of the text, from 1; `None` for JSON.
    pub line: Option<u32>,
}

/// How an image comes to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// In a list of images.
    #[default]
    Listed,
    /// In the list, as a part of macOS's shared cache.
    SharedCache,
    /// Named by dyld or the Objective-C runtime.
    Named,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the report calls the image.
    pub image: String,
    /// Position in [`CrashReport::images`].
    pub index: Option<usize>,
    pub symbol: Option<String>,
}

impl CrashReport {
    /// Whether there is nothing in it that somebody could use.
    fn is_empty(&self) -> bool {
        self.process.is_none()
            && self.images.is_empty()
            && self.dyld.is_empty()
            && self.classes.is_empty()
            && self.exception.is_none()
            && self.termination.is_none()
            && self.hints.is_empty()
            && !self.no_shared_cache
            && self.notes.is_empty()
    }

    /// Whether it has a list of images at all. Many reports list only those of the backtraces.
    pub fn lists_images(&self) -> bool {
        self.images.iter().any(|image| image.source != Source::Named)
    }
}

/// A UUID as LC_UUID shows it: 32 hexadecimal digits, with or without dashes, not all of them 0.
fn uuid(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let fits = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !fits || digits.bytes().all(|byte| byte == b'0') {
        return None;
    }
    let digits = digits.to_ascii_uppercase();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    Some(parts.join("-"))
}

/// A number as reports write it: decimal, or hexadecimal with `0x`.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `text` unless it says nothing: empty, or `???`.
fn known(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && !text.starts_with("???")).then(|| text.to_owned())
}

/// An architecture by `lipo`'s name, from the words of any report.
fn arch(text: &str) -> Option<&'static str> {
    let word = text.split([' ', '(']).next()?;
    let names = [
        ("ARM-64e", "arm64e"),
        ("ARM-64", "arm64"),
        ("arm64e", "arm64e"),
        ("arm64", "arm64"),
        ("X86-64", "x86_64"),
        ("x86_64h", "x86_64h"),
        ("x86_64", "x86_64"),
        ("X86", "i386"),
        ("i386", "i386"),
        ("PPC-64", "ppc64"),
        ("PPC", "ppc"),
    ];
    names.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, name)| *name)
}

/// The file's name of a path.
fn leaf(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_read_in_every_spelling() {
        let wanted = Some("14AD33D7-196F-32BB-91B6-598FA39EEF20".to_owned());
        assert_eq!(uuid("14ad33d7-196f-32bb-91b6-598fa39eef20"), wanted);
        assert_eq!(uuid("14AD33D7196F32BB91B6598FA39EEF20"), wanted);
        assert_eq!(uuid("00000000-0000-0000-0000-000000000000"), None);
        assert_eq!(uuid("no uuid"), None);
    }

    #[test]
    fn architectures_have_one_name() {
        let read =
            ["X86-64 (Native)", "ARM-64 (Native)", "x86_64", "X86 (Native)", "PPC (Native)", "??"].map(arch);
        assert_eq!(read, [Some("x86_64"), Some("arm64"), Some("x86_64"), Some("i386"), Some("ppc"), None]);
    }
}
