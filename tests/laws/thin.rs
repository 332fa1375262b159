//! Files of the build machine, as the thinnest Mach-O that can be read.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

use std::fs;
use std::path::Path;

use bundlewright::macho::{FileType, LoadKind, SignatureState, Slice};

use crate::model::Item;

/// Writes the items with absolute paths below `root`.
pub fn write(items: &[Item], root: &Path) {
    for item in items.iter().filter(|item| item.path.starts_with('/')) {
        let path = root.join(&item.path[1..]);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match &item.link {
            Some(target) => std::os::unix::fs::symlink(target, path).unwrap(),
            None => fs::write(path, item.slices.first().map(bytes).unwrap_or_default()).unwrap(),
        }
    }
}

fn bytes(slice: &Slice) -> Vec<u8> {
    let mut commands: Vec<Vec<u8>> = Vec::new();
    commands.extend(slice.install_name.iter().map(|name| dylib(0xd, name.as_str())));
    commands.extend(slice.uses.iter().map(|used| {
        let command = match used.kind {
            LoadKind::Weak => 0x8000_0018,
            LoadKind::Reexport => 0x8000_001f,
            LoadKind::Upward => 0x8000_0023,
            LoadKind::Lazy => 0x20,
            LoadKind::Required | LoadKind::Delayed => 0xc,
        };
        dylib(command, used.name.as_str())
    }));
    commands.extend(slice.rpaths.iter().map(|rpath| command(0x8000_001c, &[12], rpath.as_str())));
    let build = slice.build.unwrap();
    commands.extend(slice.uuid.iter().map(|uuid| command(0x1b, &words(uuid), "")));
    commands.push(command(0x32, &[build.platform.0, build.min_os.0, build.sdk.0, 0], ""));
    let blob = if slice.signature.state == SignatureState::None { vec![0; 16] } else { ad_hoc() };
    // The header may need more than a page: two segments and a signature come to the commands so far.
    let page = (32 + commands.iter().map(Vec::len).sum::<usize>() + 160).next_multiple_of(PAGE) as u32;
    if slice.signature.state != SignatureState::None {
        commands.push(command(0x1d, &[page, blob.len() as u32], ""));
    }
    commands.insert(0, segment("__TEXT", [0, page, 0, page], 5));
    commands.insert(1, segment("__LINKEDIT", [page, page, page, blob.len() as u32], 1));
    let size: usize = commands.iter().map(Vec::len).sum();
    let file_type = match slice.file_type {
        FileType::Execute => 2,
        FileType::Bundle => 8,
        _ => 6,
    };
    // MH_MAGIC_64, the architecture, the type, the commands, MH_TWOLEVEL.
    let (arch, count) = (slice.arch, commands.len() as u32);
    let header = [0xfeed_facf, arch.cpu_type, arch.cpu_subtype, file_type, count, size as u32, 0x80, 0];
    let mut bytes: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(commands.concat());
    bytes.resize(page as usize, 0);
    bytes.extend(blob);
    bytes
}

/// The sixteen bytes of a UUID as a load command's words.
fn words(uuid: &str) -> [u32; 4] {
    let digits: String = uuid.chars().filter(|digit| *digit != '-').collect();
    std::array::from_fn(|at| u32::from_str_radix(&digits[8 * at..8 * at + 8], 16).unwrap().swap_bytes())
}

const PAGE: usize = 0x4000;

/// LC_SEGMENT_64 without sections: vmaddr, vmsize, fileoff, filesize.
fn segment(name: &str, places: [u32; 4], permissions: u32) -> Vec<u8> {
    let mut bytes: Vec<u8> = [0x19u32, 72].iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(name.as_bytes());
    bytes.resize(24, 0);
    bytes.extend(places.iter().flat_map(|&place| u64::from(place).to_le_bytes()));
    bytes.extend([permissions, permissions, 0, 0].iter().flat_map(|word| word.to_le_bytes()));
    bytes
}

/// An ad hoc signature that covers nothing: a code directory with the name `me` (`cs_blobs.h`, big-endian).
fn ad_hoc() -> Vec<u8> {
    let directory = [0xfade_0c02_u32, 47, 0x20100, 2, 47, 44, 0, 0, 0, 0, 0];
    let words = [0xfade_0cc0_u32, 20 + 47, 1, 0, 20].into_iter().chain(directory);
    words.flat_map(u32::to_be_bytes).chain(*b"me\0").collect()
}

fn dylib(number: u32, name: &str) -> Vec<u8> {
    command(number, &[24, 2, 0x10000, 0x10000], name)
}

/// A load command: number, size, words, then a text padded to 8 bytes.
fn command(number: u32, words: &[u32], text: &str) -> Vec<u8> {
    let fixed = 8 + 4 * words.len();
    let size = if text.is_empty() { fixed } else { (fixed + text.len() + 1).next_multiple_of(8) };
    let head = [number, size as u32];
    let mut bytes: Vec<u8> = head.iter().chain(words).flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(text.as_bytes());
    bytes.resize(size, 0);
    bytes
}
