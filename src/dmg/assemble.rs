//! From a specification to the bytes of its image: the volume's tree, and the disk around the volume.

use std::io::Write;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::alias::Alias;
use super::background;
use super::gpt::{self, Gpt, SECTOR};
use super::hfsplus::volume::{Identity, Volume};
use super::hfsplus::{self, FINDER_CUSTOM_ICON, FINDER_INVISIBLE, FINDER_NO_EXTENSION, unicode};
use super::licence;
use super::spec::{DmgSpec, ItemSource, PartitionMap};
use super::stored::Images;
use super::tree::{Content, Tree, cnid};
use super::udif::writer::{Fill, Part, Writer};
use crate::failure::Failure;
use crate::progress::Progress;

const BACKGROUND_FOLDER: &str = ".background";
const BACKGROUND_FILE: &str = "background.tiff";

/// The volume's tree: first what belongs to the window, then the user's items.
pub fn volume_tree(spec: &DmgSpec, progress: &Progress) -> Result<Tree, Failure> {
    let mut tree = Tree::new();
    let alias = match background::pictures(&spec.layout)? {
        Some(pictures) => Some(add_background(spec, &mut tree, background::tiff(&pictures)?)?),
        None => None,
    };
    if let Some(icon) = &spec.volume_icon {
        let index = tree.add_bytes(0, ".VolumeIcon.icns", icon.clone())?;
        tree.entries[index].finder.creator = *b"icnC";
        tree.entries[index].finder.flags = FINDER_INVISIBLE;
        tree.entries[0].finder.flags = FINDER_CUSTOM_ICON;
    }
    let index = tree.add_bytes(0, ".DS_Store", spec.layout.ds_store(alias.as_ref())?)?;
    tree.entries[index].finder.flags = FINDER_INVISIBLE;
    let mut images = Images::default();
    for item in &spec.items {
        let index = tree.entries.len();
        match &item.source {
            ItemSource::Local(path) => tree.add_local(0, &item.name, path, progress)?,
            ItemSource::Link(target) => {
                tree.add_link(0, &item.name, target, &Path::new("/").join(&item.name))?;
            }
            ItemSource::Stored { image, path } => {
                tree.add_stored(0, &item.name, &images.open(image)?, path, progress)?;
                tree.entries[index].finder.flags &= !FINDER_NO_EXTENSION;
            }
        }
        if item.hide_extension && !matches!(item.source, ItemSource::Link(_)) {
            tree.entries[index].finder.flags |= FINDER_NO_EXTENSION;
        }
    }
    Ok(tree)
}

fn add_background(spec: &DmgSpec, tree: &mut Tree, tiff: Vec<u8>) -> Result<Alias, Failure> {
    let origin = Path::new("/").join(BACKGROUND_FOLDER);
    let folder = tree.add(0, BACKGROUND_FOLDER, Content::Folder, &origin)?;
    tree.entries[folder].finder.flags = FINDER_INVISIBLE;
    let file = tree.add_bytes(folder, BACKGROUND_FILE, tiff)?;
    Ok(Alias {
        volume: String::from_utf16_lossy(&unicode::to_disk(&spec.volume_name)),
        folder: BACKGROUND_FOLDER.into(),
        file: BACKGROUND_FILE.into(),
        folder_cnid: cnid(folder),
        file_cnid: cnid(file),
        date: hfsplus::date(spec.epoch).unwrap_or(0),
    })
}

/// The volume of a tree, planned to the last block.
pub fn volume(spec: &DmgSpec, tree: &Tree) -> Result<Volume, Failure> {
    let date = hfsplus::date(spec.epoch).unwrap_or(0);
    let id = derive(&seed(spec, tree), "volume");
    let id = u64::from_be_bytes(std::array::from_fn(|index| id[index]));
    Volume::plan(tree, Identity { name: &spec.volume_name, date, id })
}

/// Writes the whole image and answers the size of its volume.
pub fn write_image(
    spec: &DmgSpec,
    tree: &Tree,
    out: impl Write,
    path: &Path,
    threads: usize,
    progress: &Progress,
) -> Result<u64, Failure> {
    let (seed, volume) = (seed(spec, tree), volume(spec, tree)?);
    let mut writer = Writer::new(out, path, spec.format.codec(spec.level), threads);
    let mut stream = volume.stream();
    let mut done = 0;
    let mut fill = |buf: &mut [u8]| {
        progress.bytes("compressing", &spec.volume_name, done, volume.size)?;
        done += buf.len() as u64;
        stream.fill(buf)
    };
    let sectors = volume.size / SECTOR;
    match spec.partition_map {
        PartitionMap::Bare => {
            writer.partition(Part { name: "whole disk (Apple_HFS : 0)", start: 0, sectors }, &mut fill)?;
        }
        PartitionMap::Gpt => {
            let ids = (gpt::guid(derive(&seed, "disk")), gpt::guid(derive(&seed, "partition")));
            write_disk(&mut writer, &Gpt::around(sectors, ids.0, ids.1), sectors, &mut fill)?;
        }
    }
    let licence = licence::resources(&spec.licences);
    let (mut out, _) = writer.finish(gpt::guid(derive(&seed, "segment")), &licence)?;
    out.flush().map_err(|error| Failure::io(path, "write", &error))?;
    Ok(volume.size)
}

/// The volume with its partition table around it, part by part under hdiutil's names.
fn write_disk(writer: &mut Writer<impl Write>, gpt: &Gpt, sectors: u64, fill: Fill) -> Result<(), Failure> {
    let part = |name, start, sectors| Part { name, start, sectors };
    let table = gpt.table.len() as u64 / SECTOR;
    writer.bytes(part("Protective Master Boot Record (MBR : 0)", 0, 1), &gpt.protective)?;
    writer.bytes(part("GPT Header (Primary GPT Header : 1)", 1, 1), &gpt.primary_header)?;
    writer.bytes(part("GPT Partition Data (Primary GPT Table : 2)", 2, table), &gpt.table)?;
    writer.free(part(" (Apple_Free : 3)", gpt.free_before.0, gpt.free_before.1));
    writer.partition(part("disk image (Apple_HFS : 4)", gpt::FIRST, sectors), fill)?;
    writer.free(part(" (Apple_Free : 5)", gpt.free_after.0, gpt.free_after.1));
    writer.bytes(part("GPT Partition Data (Backup GPT Table : 6)", gpt.backup_table, table), &gpt.table)?;
    writer.bytes(part("GPT Header (Backup GPT Header : 7)", gpt.total - 1, 1), &gpt.backup_header)
}

/// What the image's identifiers are made from: its name, date and everything in it but the bytes of local files.
fn seed(spec: &DmgSpec, tree: &Tree) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(format!("{}\0{}\0", spec.volume_name, spec.epoch));
    for (index, entry) in tree.entries.iter().enumerate() {
        hash.update(tree.path(index));
        hash.update(match &entry.content {
            Content::Folder => "\0folder\0".to_owned(),
            Content::File { size, executable, .. } => format!("\0file\0{size}\0{executable}\0"),
            Content::Link { target } => format!("\0link\0{target}\0"),
        });
        for (name, value) in tree.beside(index) {
            hash.update(format!("{name}\0{}\0", value.len()));
        }
    }
    hash.finalize().into()
}

fn derive(seed: &[u8; 32], label: &str) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(seed);
    hash.update(label);
    let hash: [u8; 32] = hash.finalize().into();
    std::array::from_fn(|index| hash[index])
}
