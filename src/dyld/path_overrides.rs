//! The `DYLD_…` variables of a process and of its executable: dyld's `ProcessConfig::PathOverrides`.
//!
//! Not simulated: DYLD_VERSIONED_… (it needs the versions of macOS's own libraries) and what only simulators and Apple's
//! internal systems read.

use std::collections::BTreeMap;

use super::security::Security;
use crate::macho::Slice;
use crate::paths::RuntimePath;

/// Folders and suffixes, in dyld's order: the environment's first, then those of LC_DYLD_ENVIRONMENT.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathOverrides {
    /// `DYLD_LIBRARY_PATH`.
    pub library_paths: Vec<String>,
    /// `DYLD_FRAMEWORK_PATH`.
    pub framework_paths: Vec<String>,
    /// `DYLD_FALLBACK_LIBRARY_PATH`; it replaces the usual fallback folders.
    pub library_fallbacks: Option<Vec<String>>,
    /// `DYLD_FALLBACK_FRAMEWORK_PATH`.
    pub framework_fallbacks: Option<Vec<String>>,
    /// `DYLD_IMAGE_SUFFIX`.
    pub image_suffixes: Vec<String>,
    /// `DYLD_INSERT_LIBRARIES`.
    pub inserted: Vec<String>,
    /// Variables that the process was given and that are switched off for it.
    pub ignored: Vec<String>,
}

impl PathOverrides {
    pub(super) fn new(
        environment: &BTreeMap<String, String>,
        main: &Slice,
        security: &Security,
        executable: &RuntimePath,
    ) -> Self {
        let mut overrides = PathOverrides::default();
        for (name, value) in environment {
            match security.allow_env_vars_path {
                true => overrides.add(name, value.split(':').map(str::to_owned)),
                false => overrides.ignored.push(name.clone()),
            }
        }
        for text in main.dyld_environment.iter().filter(|_| security.allow_embedded_vars) {
            if let Some((name, value)) = text.split_once('=') {
                let folder = executable.parent();
                let expanded = value.split(':').filter_map(|one| expand(one, &folder, security));
                overrides.add(name, expanded);
            }
        }
        overrides
    }

    fn add(&mut self, name: &str, values: impl Iterator<Item = String>) {
        match name {
            "DYLD_LIBRARY_PATH" => self.library_paths.extend(values),
            "DYLD_FRAMEWORK_PATH" => self.framework_paths.extend(values),
            "DYLD_FALLBACK_LIBRARY_PATH" => self.library_fallbacks.get_or_insert_default().extend(values),
            "DYLD_FALLBACK_FRAMEWORK_PATH" => self.framework_fallbacks.get_or_insert_default().extend(values),
            "DYLD_IMAGE_SUFFIX" => self.image_suffixes.extend(values),
            "DYLD_INSERT_LIBRARIES" => self.inserted.extend(values.filter(|path| !path.is_empty())),
            _ => {}
        }
    }

    /// Whether a file on disk may stand in for a library of the shared cache.
    pub(super) fn may_override_cache(&self) -> bool {
        !self.library_paths.is_empty() || !self.framework_paths.is_empty() || !self.image_suffixes.is_empty()
    }
}

/// One path of LC_DYLD_ENVIRONMENT: `@executable_path/` and `@loader_path/` both mean the executable's folder.
fn expand(path: &str, folder: &RuntimePath, security: &Security) -> Option<String> {
    if path.starts_with('@') && !security.allow_at_paths {
        return None;
    }
    let tail = path.strip_prefix("@executable_path/").or_else(|| path.strip_prefix("@loader_path/"));
    Some(match tail {
        Some(tail) => format!("{}/{tail}", folder.as_str().trim_end_matches('/')),
        None => path.to_owned(),
    })
}

/// `path` with a suffix before its last dot: `libx.A.dylib` and `_debug` make `libx.A_debug.dylib`.
pub(super) fn with_suffix(path: &str, suffix: &str) -> String {
    let leaf_at = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[leaf_at..].rfind('.') {
        Some(dot) => format!("{}{suffix}{}", &path[..leaf_at + dot], &path[leaf_at + dot..]),
        None => format!("{path}{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_goes_before_the_last_dot_of_the_name() {
        for (path, expected) in [
            ("/path/foo.dylib", "/path/foo_debug.dylib"),
            ("foo", "foo_debug"),
            ("/a.b/bar", "/a.b/bar_debug"),
            ("/path/bar.A.dylib", "/path/bar.A_debug.dylib"),
        ] {
            assert_eq!(with_suffix(path, "_debug"), expected);
        }
    }
}
