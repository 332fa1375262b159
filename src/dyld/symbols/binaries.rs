//! The bytes of every loaded image, mapped once each, and their tables of symbols.

use std::collections::HashMap;
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::bundle::{Bundle, Image, ImageId, Mapped, map};
use crate::dyld::Graph;
use crate::dyld::host::best_slice;
use crate::macho::exports_trie::Export;
use crate::macho::symbols::{Exports, SliceSymbols};
use crate::macho::{Arch, ReadError, Slice};

/// One slice of one image as the processes of one architecture use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BinaryId(u32);

/// The mapped files. Pages come in as they are read and may go again: memory stays flat.
pub(super) struct Maps<'g> {
    binaries: Vec<Choice<'g>>,
    ids: HashMap<(&'g ImageId, Arch), BinaryId>,
    files: HashMap<&'g ImageId, Result<Mapped, String>>,
}

/// The slice that processes of one architecture take.
struct Choice<'g> {
    process: Arch,
    image: &'g Image,
    slice: usize,
}

/// What is known of one binary.
pub(super) struct Binary<'m> {
    pub image: &'m ImageId,
    /// The architecture of the processes that take it.
    pub process: Arch,
    /// That of the slice.
    pub arch: Arch,
    /// Why not, when its tables cannot be read.
    pub symbols: Result<Symbols<'m>, String>,
}

pub(super) struct Symbols<'m> {
    pub slice: SliceSymbols<'m>,
    exports: Exports<'m>,
    /// The whole trie, decoded when the first name is looked for; `None` when it is malformed somewhere.
    decoded: OnceLock<Option<HashMap<Box<[u8]>, Export<'m>>>>,
}

impl<'m> Symbols<'m> {
    /// Decoding a trie once costs as much as a few hundred walks, and a library has thousands of users' imports.
    ///
    /// # Errors
    /// When the trie is malformed on the way to `name`.
    pub fn find(&self, name: &[u8]) -> Result<Option<Export<'m>>, ReadError> {
        let Exports::Trie(trie) = &self.exports else { return self.exports.find(name) };
        let decode = || {
            let mut all = HashMap::new();
            let whole = trie.for_each(|name, export| {
                all.entry(name.into()).or_insert(export);
            });
            whole.ok().map(|()| all)
        };
        match self.decoded.get_or_init(decode) {
            Some(all) => Ok(all.get(name).copied()),
            None => trie.find(name),
        }
    }
}

impl<'g> Maps<'g> {
    /// Maps every image that a launch of `graph` loads.
    pub fn open(bundle: &'g Bundle, graph: &'g Graph) -> Self {
        let mut maps = Maps { binaries: Vec::new(), ids: HashMap::new(), files: HashMap::new() };
        let mut images: Vec<&'g Image> = Vec::new();
        for launch in &graph.launches {
            for load in launch.loads.own() {
                if maps.ids.contains_key(&(&load.image, launch.arch)) {
                    continue;
                }
                let Some(image) = graph.image(bundle, &load.image) else { continue };
                let Some(slice) = best_slice(image, launch.arch) else { continue };
                let id = BinaryId(maps.binaries.len() as u32);
                maps.ids.insert((&load.image, launch.arch), id);
                maps.binaries.push(Choice { process: launch.arch, image, slice });
                images.push(image);
            }
        }
        images.sort_by(|a, b| a.id.cmp(&b.id));
        images.dedup_by(|a, b| a.id == b.id);
        maps.files = images
            .par_iter()
            .map(|image| (&image.id, map(&image.local).map_err(|error| error.to_string())))
            .collect();
        maps
    }

    pub fn id(&self, image: &ImageId, arch: Arch) -> Option<BinaryId> {
        self.ids.get(&(image, arch)).copied()
    }

    pub fn slice(&self, id: BinaryId) -> &'g Slice {
        let choice = &self.binaries[id.0 as usize];
        &choice.image.file.slices[choice.slice]
    }

    /// The tables of every binary, found but not decoded.
    pub fn read(&self) -> Binaries<'_> {
        let read = |choice: &Choice<'g>| {
            let (image, slice) = (&choice.image.id, &choice.image.file.slices[choice.slice]);
            let symbols = self.symbols(image, slice.offset, slice.size);
            Binary { image, process: choice.process, arch: slice.arch, symbols }
        };
        Binaries(self.binaries.par_iter().map(read).collect())
    }

    fn symbols(&self, image: &ImageId, offset: u64, size: u64) -> Result<Symbols<'_>, String> {
        let bytes = match self.files.get(image) {
            Some(Ok(bytes)) => &**bytes,
            Some(Err(why)) => return Err(why.clone()),
            None => return Err("is not there".to_owned()),
        };
        let range = usize::try_from(offset).ok().zip(usize::try_from(offset.saturating_add(size)).ok());
        let slice = range.and_then(|(start, end)| bytes.get(start..end));
        let slice = slice.ok_or_else(|| "is shorter than it was when it was scanned".to_owned())?;
        let slice = SliceSymbols::read(slice).map_err(|error| error.0)?;
        let exports = slice.exports().map_err(|error| error.0)?;
        Ok(Symbols { slice, exports, decoded: OnceLock::new() })
    }
}

pub(super) struct Binaries<'m>(Vec<Binary<'m>>);

impl<'m> Binaries<'m> {
    pub fn get(&self, id: BinaryId) -> &Binary<'m> {
        &self.0[id.0 as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Binary<'m>> {
        self.0.iter()
    }
}
