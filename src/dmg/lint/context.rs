//! What lints need beside the specification: read once, so that looking at every change of a layout costs nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use super::super::background::{self, Pictures};
use super::super::hfsplus::unicode;
use super::super::layout::DmgLayout;
use super::super::spec::{DmgSpec, ItemSource};
use crate::failure::Failure;
use crate::progress::Progress;

/// What was read for the lints of a specification.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// Major and minor number of the oldest system that the app runs on.
    pub minimum_system: Option<(u32, u32)>,
    /// The pictures behind the icons, or why there are none.
    pub backdrop: Result<Option<Pictures>, Failure>,
    /// Names inside of items that HFS+ cannot hold.
    pub(super) faults: Vec<NameFault>,
}

/// A name inside of an item that cannot be in the volume.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NameFault {
    pub item: String,
    /// Its path in the item.
    pub path: String,
    /// The name it collides with; without one it is too long.
    pub beside: Option<String>,
}

impl Context {
    /// Reads the background's pictures and the names of everything that goes in.
    ///
    /// # Errors
    /// [`Failure::Cancelled`] alone: what cannot be read is told by the build.
    pub fn read(
        spec: &DmgSpec,
        minimum_system: Option<(u32, u32)>,
        progress: &Progress,
    ) -> Result<Context, Failure> {
        let mut faults = Vec::new();
        for item in &spec.items {
            // What another image holds has been on HFS+ already.
            if let ItemSource::Local(path) = &item.source {
                name_faults(&item.name, path, progress, &mut faults)?;
            }
        }
        Ok(Context { minimum_system, backdrop: background::pictures(&spec.layout), faults })
    }

    /// Draws or reads the background of a changed layout anew.
    pub fn repaint(&mut self, layout: &DmgLayout) {
        self.backdrop = background::pictures(layout);
    }
}

fn name_faults(
    item: &str,
    path: &Path,
    progress: &Progress,
    faults: &mut Vec<NameFault>,
) -> Result<(), Failure> {
    let Ok(start) = fs::canonicalize(path) else { return Ok(()) };
    // The names of one folder, folded; a folder's come one after the other but for what is in its own folders.
    let mut folders: Vec<BTreeMap<Vec<u16>, String>> = Vec::new();
    for found in WalkDir::new(&start).min_depth(1).sort_by_file_name() {
        let Ok(found) = found else { continue };
        let Some(name) = found.file_name().to_str() else { continue };
        progress.step("reading", name, 0, 0)?;
        folders.truncate(found.depth());
        folders.resize_with(found.depth(), BTreeMap::new);
        let Some(folder) = folders.last_mut() else { continue };
        let inside = || found.path().strip_prefix(&start).unwrap_or(found.path());
        let fault = |beside| NameFault {
            item: item.to_owned(),
            path: inside().to_string_lossy().replace('\\', "/"),
            beside,
        };
        let units = unicode::to_disk(name);
        if units.len() > unicode::MAX_NAME {
            faults.push(fault(None));
        }
        if let Some(other) = folder.insert(unicode::fold(&units), name.to_owned()) {
            faults.push(fault(Some(other)));
        }
    }
    Ok(())
}
