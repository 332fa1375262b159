//! What dyld prints of a missing symbol (`Loader::resolveSymbol`). The wording is that of macOS 13 and later; macOS 12
//! names no UUIDs and puts names into parentheses.

use super::SYSTEM_UUID;
use super::processes::{End, Loaded};
use crate::dyld::graph::Load;
use crate::dyld::message::too_new;
use crate::dyld::{OsProfile, ProcessConfig};

/// Who asks for which symbol, in which process.
pub(super) struct Request<'r> {
    pub user: &'r Loaded<'r>,
    pub symbol: &'r str,
    pub config: &'r ProcessConfig,
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
        let symbol = self.symbol;
        if self.is_macos_12() {
            let user = &self.user.load.path;
            return format!(
                "Symbol not found: ({symbol})\n  Referenced from: '{user}'\n  Expected in: '{path}'"
            );
        }
        let what = complaint.map_or(format!("Symbol not found: {symbol}"), str::to_owned);
        let newer = too_new(self.config, self.user.slice).unwrap_or_default();
        format!("{what}\n  Referenced from: {}{newer}\n  Expected in:     <{uuid}> {path}", self.place())
    }

    pub fn weak_definition(&self) -> String {
        format!(
            "Symbol not found: {}\n  Referenced from: {}\n  Expected as weak-def export from some loaded dylib",
            self.symbol,
            self.place()
        )
    }

    pub fn flat(&self) -> String {
        match self.is_macos_12() {
            true => format!("symbol not found in flat namespace ({})", self.symbol),
            false => format!("symbol not found in flat namespace '{}'", self.symbol),
        }
    }

    pub fn unknown_ordinal(&self, ordinal: i64) -> String {
        let (user, symbol) = (&self.user.load.path, self.symbol);
        match self.is_macos_12() {
            true => format!("unknown library ordinal {ordinal} in '{user}' when binding ({symbol})"),
            false => format!("unknown library ordinal {ordinal} in {user} when binding '{symbol}'"),
        }
    }

    fn is_macos_12(&self) -> bool {
        self.config.os < OsProfile::MacOs13
    }

    fn place(&self) -> String {
        format!("<{}> {}", uuid(self.user.load), self.user.load.path)
    }
}

fn uuid(load: &Load) -> &str {
    load.uuid.as_deref().unwrap_or("no uuid")
}
