//! The contract's words for values that have none of their own.

use crate::bundle::EntryKind;
use crate::dyld::{Candidate, Resolution, SearchRule};
use crate::macho::{LoadKind, Signature, SignatureState};

pub fn rule(rule: SearchRule) -> &'static str {
    match rule {
        SearchRule::AlreadyLoaded => "already-loaded",
        SearchRule::SharedCache => "shared-cache",
        SearchRule::Absolute => "absolute",
        SearchRule::Cryptex => "cryptex",
        SearchRule::LoaderPath => "loader-path",
        SearchRule::ExecutablePath => "executable-path",
        SearchRule::Rpath => "rpath",
        SearchRule::Relative => "relative",
        SearchRule::Fallback => "fallback",
        SearchRule::RealPath => "real-path",
        SearchRule::PathVariable => "path-variable",
        SearchRule::FallbackVariable => "fallback-variable",
        SearchRule::ImageSuffix => "image-suffix",
        SearchRule::CatalystSupport => "catalyst-support",
    }
}

/// How a place came to be tried, for people: `rpath @loader_path/../lib of Contents/MacOS/Foo`.
pub fn how(candidate: &Candidate) -> String {
    match (candidate.rule, &candidate.rpath, &candidate.declared_by) {
        (SearchRule::Rpath, Some(rpath), Some(by)) => format!("rpath {rpath} of {by}"),
        (SearchRule::Rpath, Some(rpath), None) => format!("rpath {rpath}"),
        (SearchRule::AlreadyLoaded, ..) => "already loaded".to_owned(),
        (SearchRule::SharedCache, ..) => "macOS's shared cache".to_owned(),
        (SearchRule::Absolute, ..) => "absolute path".to_owned(),
        (SearchRule::Cryptex, ..) => "macOS's cryptex".to_owned(),
        (SearchRule::LoaderPath, ..) => "@loader_path".to_owned(),
        (SearchRule::ExecutablePath, ..) => "@executable_path".to_owned(),
        (SearchRule::Relative, ..) => "relative to the current folder".to_owned(),
        (SearchRule::Fallback, ..) => "fallback folder".to_owned(),
        (SearchRule::RealPath, ..) => "with links resolved".to_owned(),
        (SearchRule::PathVariable, ..) => "folder of a DYLD_ variable".to_owned(),
        (SearchRule::FallbackVariable, ..) => "fallback folder of a DYLD_ variable".to_owned(),
        (SearchRule::ImageSuffix, ..) => "with DYLD_IMAGE_SUFFIX".to_owned(),
        (SearchRule::CatalystSupport, ..) => "Mac Catalyst's support folder".to_owned(),
        (SearchRule::Rpath, None, _) => "rpath".to_owned(),
    }
}

pub fn kind(kind: LoadKind) -> &'static str {
    match kind {
        LoadKind::Required => "required",
        LoadKind::Weak => "weak",
        LoadKind::Reexport => "reexport",
        LoadKind::Upward => "upward",
        LoadKind::Lazy => "lazy",
        LoadKind::Delayed => "delayed",
    }
}

pub fn entry(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Main => "main",
        EntryKind::Helper => "helper",
        EntryKind::HelperApp => "helper-app",
        EntryKind::XpcService => "xpc-service",
        EntryKind::AppExtension => "app-extension",
        EntryKind::PlugIn => "plug-in",
    }
}

pub fn resolution(resolution: &Resolution) -> (&'static str, Option<&str>) {
    match resolution {
        Resolution::Bundled(path) => ("bundled", Some(path.as_str())),
        Resolution::External(path) => ("external", Some(path.as_str())),
        Resolution::System(path) => ("system", Some(path.as_str())),
        Resolution::Missing => ("missing", None),
    }
}

pub fn signature_state(signature: &Signature) -> &'static str {
    match signature.state {
        SignatureState::None => "none",
        SignatureState::Linker => "linker",
        SignatureState::Adhoc => "adhoc",
        SignatureState::Cms => "cms",
        SignatureState::Unreadable => "invalid",
    }
}
