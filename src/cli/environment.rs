//! Everything the program takes from its surroundings, read once here and passed in.
#![allow(clippy::disallowed_methods)] // the one place that reads the environment

use std::path::PathBuf;
use std::time::SystemTime;

/// The surroundings.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Whether a window can be opened at all.
    pub has_display: bool,
    /// `SOURCE_DATE_EPOCH` as it stands: seconds since 1970.
    pub source_date_epoch: Option<String>,
    /// The system's temporary folder.
    pub temporary: PathBuf,
    /// The clock, in seconds since 1970.
    pub now: u64,
    /// `http_proxy` or `HTTP_PROXY`, if it is set.
    pub http_proxy: Option<String>,
}

impl Environment {
    pub fn read() -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        // macOS and Windows always have one; elsewhere it is X11 or Wayland, as winit looks for it.
        let needs_server = cfg!(all(unix, not(target_os = "macos")));
        Environment {
            has_display: !needs_server || ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].iter().any(is_set),
            source_date_epoch: std::env::var("SOURCE_DATE_EPOCH").ok().filter(|text| !text.is_empty()),
            temporary: std::env::temp_dir(),
            now: now(),
            http_proxy: ["http_proxy", "HTTP_PROXY"]
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|text| !text.is_empty())),
        }
    }
}

/// The clock, in seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
