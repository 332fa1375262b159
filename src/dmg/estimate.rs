//! How large an image will be, format by format, before it is built: by a sample of the very bytes that would be written.
//!
//! Sampling in phases (Cochran, "Sampling Techniques", chapters 9A and 12): very many small pieces, spread evenly over the volume,
//! are compressed by a quick codec. Larger ones are then chosen among them, in the order of how well they compress and by what
//! is left of them, so that each counts the same; zlib compresses all of these, and each codec in question some. The first say how
//! well the volume compresses, the others how the codecs stand to each other, which differs far less from place to place.

use rayon::prelude::*;

use super::assemble;
use super::gpt::{self, SECTOR};
use super::hfsplus::volume::Volume;
use super::licence;
use super::spec::{DmgSpec, Format, PartitionMap};
use super::udif::CHUNK_SECTORS;
use super::udif::codec::{Codec, Packer};
use crate::failure::Failure;
use crate::progress::Progress;

const CHUNK: u64 = CHUNK_SECTORS * SECTOR;
/// Bytes of a small piece, and how many of them there are at most.
const PIECE: usize = 32 << 10;
const PIECES: u64 = 1024;
/// Bytes of a large piece.
const LARGE: usize = 256 << 10;
/// So many chunks are compressed as a whole, whatever the codec.
const FEW: u64 = 5;
/// How many large pieces the usual codec compresses.
const CHOSEN: usize = 48;
/// The quick codec, and the one that others are compared with.
const QUICK: Codec = Codec::Zlib(1);
const USUAL: Codec = Codec::Zlib(6);
/// Bytes of a partition table and its copy, each with its header, and the record for old systems; nearly all of them zeros.
const MAP: u64 = 67 * SECTOR;
/// Of a deviation, for 19 times in 20.
const OFTEN: f64 = 2.0;

/// How large the image will be in one format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    pub format: Format,
    pub bytes: u64,
    /// 19 times in 20 it is no further off than this many bytes. 0 where everything was compressed.
    pub uncertainty: u64,
}

/// Estimates the image of `spec` in every format: its own at its level, the others at their usual ones.
///
/// Nothing is written. Some 60 MB are read, whatever the size, and compressed on all processors; it may run on any thread.
///
/// # Errors
/// What [`super::build`] would say of something that cannot be in a volume, or [`Failure::Cancelled`].
pub fn estimate(spec: &DmgSpec, progress: &Progress) -> Result<Vec<Estimate>, Failure> {
    let tree = assemble::volume_tree(spec, progress)?;
    let volume = assemble::volume(spec, &tree)?;
    let codecs =
        Format::ALL.map(|format| (format, format.codec(spec.level.filter(|_| format == spec.format))));
    let sizes = if volume.size.div_ceil(CHUNK) <= FEW {
        whole(&volume, &codecs, progress)?
    } else {
        sampled(&volume, &codecs, progress)?
    };
    let estimates = codecs.into_iter().zip(sizes).map(|((format, codec), (bytes, off))| Estimate {
        format,
        bytes: bytes as u64 + around(spec, codec, volume.size),
        uncertainty: off as u64,
    });
    Ok(estimates.collect())
}

/// Bytes, and how far off they may be.
type Size = (f64, f64);

/// Every chunk by every codec.
fn whole(volume: &Volume, codecs: &[(Format, Codec)], progress: &Progress) -> Result<Vec<Size>, Failure> {
    let size = |(_, codec): &(Format, Codec)| {
        let mut packer = Packer::new(*codec);
        let mut size = 0.0;
        for chunk in 0..volume.size.div_ceil(CHUNK) {
            progress.step("estimating", "", 0, 0)?;
            size += packed(&mut packer, &bytes(volume, chunk * CHUNK, CHUNK as usize)?);
        }
        Ok((size, 0.0))
    };
    codecs.par_iter().map(size).collect()
}

fn sampled(volume: &Volume, codecs: &[(Format, Codec)], progress: &Progress) -> Result<Vec<Size>, Failure> {
    let quick = Quick::measure(volume, progress)?;
    let chosen = quick.choose(volume);
    let mut asked = vec![QUICK, USUAL];
    asked.extend(
        codecs.iter().map(|(_, codec)| *codec).filter(|codec| ![QUICK, USUAL, Codec::Raw].contains(codec)),
    );
    // A piece with a codec is one piece of work, the slow codecs first, so that no processor waits for another at the end.
    let mut work: Vec<(Codec, usize)> = Vec::new();
    for codec in asked {
        work.extend((0..chosen.len()).step_by(step(codec)).map(|index| (codec, index)));
    }
    work.sort_by_key(|(codec, _)| std::cmp::Reverse(step(*codec)));
    let size = |&(codec, index): &(Codec, usize)| {
        progress.step("estimating", "", 0, 0)?;
        let bytes = bytes(volume, chosen[index] * LARGE as u64, LARGE)?;
        let mut packer = Packer::new(codec);
        let length = if codec == QUICK { PIECE } else { LARGE };
        Ok(bytes.chunks(length).map(|piece| packed(&mut packer, piece)).sum())
    };
    let sizes: Vec<f64> = work.par_iter().map(size).collect::<Result<_, Failure>>()?;
    let of = |codec: Codec| -> Vec<(usize, f64)> {
        let own = work.iter().zip(&sizes).filter(|((other, _), _)| *other == codec);
        own.map(|((_, index), size)| (*index, *size)).collect()
    };
    let (small, usual) = (of(QUICK), of(USUAL));
    // Each piece was chosen by what the quick codec left of it, and counts by its inverse.
    let against = |base: &[(usize, f64)], own: &[(usize, f64)]| {
        let find = |list: &[(usize, f64)], index: usize| {
            list.iter().find(|(of, _)| *of == index).map(|(_, size)| *size)
        };
        let pairs = own.iter().filter_map(|(index, size)| {
            let weight = find(&small, *index).filter(|size| *size > 0.0)?;
            Some((find(base, *index)? / weight, size / weight))
        });
        ratio(&pairs.collect::<Vec<_>>())
    };
    let (first, first_off) = against(&small, &usual);
    let all = quick.share * first * volume.size as f64;
    let estimates = codecs.iter().map(|(_, codec)| {
        if *codec == Codec::Raw {
            return (volume.size as f64, 0.0);
        }
        let (ratio, off) = against(&usual, &of(*codec));
        let (gain, sampled) = (gain(*codec), quick.off.hypot(first_off).hypot(off));
        let bytes = all * ratio * gain;
        // A volume of an unusual kind gains nothing by whole chunks.
        (bytes, bytes * (OFTEN * sampled).hypot(1.0 / gain - 1.0))
    });
    Ok(estimates.collect())
}

/// Every how manieth of the chosen pieces a codec compresses, by how slow it is.
fn step(codec: Codec) -> usize {
    match codec {
        Codec::Raw => CHOSEN,
        Codec::Zlib(level) if level > 9 => 8,
        Codec::Lzma(level) if level > 3 => 6,
        Codec::Lzma(_) | Codec::Bzip2(_) => 2,
        Codec::Zlib(_) | Codec::Lzfse => 1,
    }
}

/// What all second numbers come to as a share of the first, and its standard error as a share of itself.
fn ratio(pairs: &[(f64, f64)]) -> (f64, f64) {
    let count = pairs.len() as f64;
    let (base, size) = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    if base == 0.0 || size == 0.0 {
        return (0.0, 0.0);
    }
    let ratio = size / base;
    let squares: f64 = pairs.iter().map(|(base, size)| (size - ratio * base).powi(2)).sum();
    (ratio, (squares / (count - 1.0).max(1.0) / count).sqrt() / (size / count))
}

/// What a chunk comes to as a whole, as a share of its large pieces; measured by `tests/benches/estimate.rs`.
fn gain(codec: Codec) -> f64 {
    match codec {
        Codec::Raw => 1.0,
        Codec::Zlib(_) => 0.992,
        Codec::Lzfse => 0.975,
        Codec::Lzma(_) => 0.943,
        Codec::Bzip2(_) => 0.962,
    }
}

/// `count` numbers below `total`, evenly spread, each in the middle of its stretch.
fn spread(total: u64, count: u64) -> impl Iterator<Item = u64> {
    let count = count.min(total);
    (0..count).map(move |index| (index * 2 + 1) * total / (count * 2))
}

/// Fewer at the end of the volume.
fn bytes(volume: &Volume, at: u64, length: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; (volume.size - at).min(length as u64) as usize];
    volume.read_at(at, &mut bytes)?;
    Ok(bytes)
}

fn packed(packer: &mut Packer, bytes: &[u8]) -> f64 {
    match packer.pack(bytes) {
        _ if bytes.iter().all(|byte| *byte == 0) => 0.0,
        Some(packed) => packed.len() as f64,
        None => bytes.len() as f64,
    }
}

/// What the quick codec leaves of a byte of the volume, and the standard error of that as a share of itself.
struct Quick {
    share: f64,
    off: f64,
    /// Of each small piece, with its number.
    pieces: Vec<(u64, f64)>,
}

impl Quick {
    fn measure(volume: &Volume, progress: &Progress) -> Result<Quick, Failure> {
        let share = |at: &u64| {
            progress.step("estimating", "", 0, 0)?;
            let bytes = bytes(volume, at * PIECE as u64, PIECE)?;
            Ok((*at, packed(&mut Packer::new(QUICK), &bytes) / bytes.len() as f64))
        };
        let places: Vec<u64> = spread(volume.size / PIECE as u64, PIECES).collect();
        let pieces: Vec<(u64, f64)> = places.par_iter().map(share).collect::<Result<_, Failure>>()?;
        let count = pieces.len() as f64;
        let share = pieces.iter().map(|(_, share)| share).sum::<f64>() / count;
        // Neighbours differ less than distant pieces, and the sample takes one from every stretch: Wolter, "Introduction to
        // Variance Estimation", chapter 8, successive differences.
        let squares: f64 = pieces.windows(2).map(|pair| (pair[1].1 - pair[0].1).powi(2)).sum();
        let unseen = 1.0 - (count * PIECE as f64 / volume.size as f64).min(1.0);
        let off = (squares / 2.0 / (count - 1.0).max(1.0) / count * unseen).sqrt();
        Ok(Quick { share, off: off / share.max(f64::MIN_POSITIVE), pieces })
    }

    /// The large pieces to be compressed by the others, in the order of how well they compress.
    fn choose(&self, volume: &Volume) -> Vec<u64> {
        let last = (volume.size / LARGE as u64).saturating_sub(1);
        let mut sorted = self.pieces.clone();
        sorted.sort_by(|one, other| one.1.total_cmp(&other.1));
        let step = sorted.iter().map(|(_, share)| share).sum::<f64>() / CHOSEN as f64;
        let (mut passed, mut next) = (0.0, step / 2.0);
        let mut chosen = Vec::with_capacity(CHOSEN);
        for (piece, share) in sorted {
            passed += share;
            while next < passed {
                chosen.push((piece * PIECE as u64 / LARGE as u64).min(last));
                next += step;
            }
        }
        chosen
    }
}

/// Bytes around the volume's own: tables in base64, the property list, the trailer, the partition table and licences.
fn around(spec: &DmgSpec, codec: Codec, volume: u64) -> u64 {
    let base64 = |bytes: u64| bytes * 4 / 3 * 53 / 52; // a line feed for each line of 52
    let runs = volume.div_ceil(CHUNK) * 40;
    let (tables, map) = match spec.partition_map {
        PartitionMap::Gpt if codec == Codec::Raw => (8, MAP),
        PartitionMap::Gpt => (8, 600),
        PartitionMap::Bare => (1, 0),
    };
    let licences: usize = licence::resources(&spec.licences).iter().map(|one| one.data.len() + 150).sum();
    let own = base64(runs + tables * 284 + 1032 + licences as u64);
    own + tables * 200 + 1_200 + map + gpt::SECTOR
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::*;
    use crate::progress::Cancelled;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// An app of text that becomes less and less regular, and of noise.
    fn app(folder: &Path, kilobytes: u32) -> PathBuf {
        let app = folder.join("Foo.app");
        fs::create_dir(&app).unwrap();
        let mut state = 1_u32;
        let mut noise = move |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % most
        };
        for file in 0..8 {
            let mut bytes = Vec::new();
            while bytes.len() < (kilobytes << 10) as usize / 8 {
                bytes.extend_from_slice(format!("{:x} ", noise(3 << (4 * file % 24))).as_bytes());
            }
            fs::write(app.join(format!("{file}.txt")), bytes).unwrap();
        }
        app
    }

    fn built(spec: &DmgSpec, folder: &Path, format: Format) -> u64 {
        let spec = DmgSpec { format, ..spec.clone() };
        build(&spec, &folder.join("x.dmg"), &Progress::silent()).unwrap().bytes
    }

    #[test]
    fn a_small_image_is_compressed_as_a_whole_and_known_to_the_kilobyte() {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = DmgSpec::for_app(&app(folder.path(), 2 << 10), "Foo 1", 0).unwrap();
        for map in [PartitionMap::Gpt, PartitionMap::Bare] {
            spec.partition_map = map;
            for Estimate { format, bytes, uncertainty } in estimate(&spec, &Progress::silent()).unwrap() {
                let built = built(&spec, folder.path(), format);
                assert!(bytes.abs_diff(built) <= 1024 && uncertainty == 0, "{format:?} {bytes} {built}");
            }
        }
    }

    #[test]
    fn a_sample_tells_the_size_within_what_it_says_and_twice_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let spec = DmgSpec::for_app(&app(folder.path(), 24 << 10), "Foo 1", 0).unwrap();
        let estimates = estimate(&spec, &Progress::silent()).unwrap();
        assert_eq!(estimates, estimate(&spec, &Progress::silent()).unwrap());
        for format in [Format::Ulfo, Format::Udzo, Format::Udro] {
            let found = estimates.iter().find(|one| one.format == format).unwrap();
            let built = built(&spec, folder.path(), format);
            assert!(found.bytes.abs_diff(built) <= found.uncertainty.max(2048), "{found:?} {built}");
            assert!(found.uncertainty < built / 4, "{found:?} says nothing");
        }
    }

    #[test]
    fn it_can_be_cancelled_and_says_what_cannot_be_built() {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = DmgSpec::for_app(&app(folder.path(), 8 << 10), "Foo 1", 0).unwrap();
        let progress = Progress::new(|step| if step.verb == "estimating" { Err(Cancelled) } else { Ok(()) });
        assert_eq!(estimate(&spec, &progress), Err(Failure::Cancelled));
        spec.items.push(spec.items[0].clone());
        assert!(estimate(&spec, &Progress::silent()).unwrap_err().to_string().contains("ignores case"));
    }
}
