//! What is known of the simulated macOS: the built-in tables, and the SDK or the list of libraries that the user named.

use std::path::Path;

use crate::bundle::Bundle;
use crate::dyld::known::KnownSystem;
use crate::dyld::sdk::{CacheList, Sdk};
use crate::dyld::symbols::{self, SymbolReport};
use crate::dyld::{Graph, OsProfile};
use crate::failure::Failure;

/// One macOS.
#[derive(Debug, Default)]
pub struct System {
    os: OsProfile,
    sdk: Option<Sdk>,
    cache: Option<CacheList>,
}

impl System {
    /// The macOS `os`; `named` is a folder with an SDK, or a file with the paths of its shared cache, one a line.
    ///
    /// # Errors
    /// [`Failure`] when `named` is neither.
    pub fn open(os: OsProfile, named: Option<&Path>) -> Result<Self, Failure> {
        let Some(named) = named else { return Ok(System { os, ..System::default() }) };
        let next = "name a macOS SDK, or a file with the paths of a shared cache, one a line";
        let failure = |why: String| Failure::new(named, why, next);
        if named.is_dir() {
            return Ok(System { os, sdk: Some(Sdk::open(named).map_err(failure)?), cache: None });
        }
        let text = std::fs::read_to_string(named).map_err(|error| Failure::io(named, "read", &error))?;
        Ok(System { os, sdk: None, cache: Some(CacheList::read(&text).map_err(failure)?) })
    }

    /// Every symbol that a launch of `graph` lacks.
    pub fn check(&self, bundle: &Bundle, graph: &Graph) -> SymbolReport {
        symbols::check(bundle, graph, &self.known())
    }

    pub fn known(&self) -> KnownSystem<'_> {
        KnownSystem { os: self.os.version(), sdk: self.sdk.as_ref(), cache: self.cache.as_ref() }
    }
}
