//! What dyld prints of a missing symbol (`Loader::resolveSymbol`; wording of macOS 13 and later).

use super::SYSTEM_UUID;
use super::processes::{End, Loaded};
use crate::dyld::graph::Load;

/// Who asks for which symbol.
pub(super) struct Request<'r> {
    pub user: &'r Load,
    pub symbol: &'r str,
}

impl Request<'_> {
    /// Two-level: in the image `there`. `complaint` is dyld's own when it is not just missing.
    pub fn expected_in_image(&self, there: &Loaded<'_>, complaint: Option<&str>) -> String {
        self.expected(uuid(there.load), there.load.path.as_str(), complaint)
    }

    /// Two-level: where a dylib command leads that is not to a loaded image.
    pub fn expected_at(&self, end: End<'_>, complaint: Option<&str>) -> String {
        match end {
            End::System(path) => self.expected(SYSTEM_UUID, path, complaint),
            End::Loaded(_) | End::Absent | End::Fatal => self.expected("no uuid", "unknown", complaint),
        }
    }

    fn expected(&self, uuid: &str, path: &str, complaint: Option<&str>) -> String {
        let what = match complaint {
            Some(complaint) => complaint.to_owned(),
            None => format!("Symbol not found: {}", self.symbol),
        };
        format!("{what}\n  Referenced from: {}\n  Expected in:     <{uuid}> {path}", self.place())
    }

    pub fn weak_definition(&self) -> String {
        format!(
            "Symbol not found: {}\n  Referenced from: {}\n  Expected as weak-def export from some loaded dylib",
            self.symbol,
            self.place()
        )
    }

    pub fn flat(&self) -> String {
        format!("symbol not found in flat namespace '{}'", self.symbol)
    }

    pub fn unknown_ordinal(&self, ordinal: i64) -> String {
        format!("unknown library ordinal {ordinal} in {} when binding '{}'", self.user.path, self.symbol)
    }

    fn place(&self) -> String {
        format!("<{}> {}", uuid(self.user), self.user.path)
    }
}

fn uuid(load: &Load) -> &str {
    load.uuid.as_deref().unwrap_or("no uuid")
}
