//! How the bytes of a chunk are stored: hdiutil's four ways of compressing, each chunk by itself.

use std::io::{self, Read, Write};

use bzip2::read::BzDecoder;
use bzip2::write::BzEncoder;
use libdeflater::{CompressionLvl, Compressor, Decompressor};
use lzfse_rust::{LzfseEncoder, LzfseRingDecoder};
use lzma_rust2::{CheckType, XzOptions, XzReader, XzWriter};

use super::{CHUNK_SECTORS, RUN_ADC, RUN_BZIP2, RUN_LZFSE, RUN_LZMA, RUN_ZLIB, adc};
use crate::dmg::fault::Fault;
use crate::dmg::gpt::SECTOR;

/// How chunks are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    Raw,
    /// zlib (RFC 1950), level 1 to 12.
    Zlib(u8),
    /// bzip2, level 1 to 9.
    Bzip2(u8),
    /// Apple's LZFSE, which has no levels.
    Lzfse,
    /// LZMA2 in an .xz file without a checksum, preset 0 to 9.
    Lzma(u8),
}

/// Bytes of the largest chunk: a dictionary beyond that would stay empty.
const CHUNK: usize = (CHUNK_SECTORS * SECTOR) as usize;
/// The most memory, in KiB, that an .xz chunk may ask for: other writers use dictionaries of up to 64 MiB.
const XZ_MEMORY: u32 = 96 << 10;

impl Codec {
    /// The kind of the runs it makes.
    pub fn kind(self) -> Option<u32> {
        match self {
            Codec::Raw => None,
            Codec::Zlib(_) => Some(RUN_ZLIB),
            Codec::Bzip2(_) => Some(RUN_BZIP2),
            Codec::Lzfse => Some(RUN_LZFSE),
            Codec::Lzma(_) => Some(RUN_LZMA),
        }
    }

    /// Sectors a reader must hold at once, as `hdiutil` writes it.
    pub fn buffers(self) -> u32 {
        match self {
            Codec::Raw => 0,
            Codec::Zlib(_) => 2056,
            Codec::Bzip2(_) | Codec::Lzfse => 2053,
            Codec::Lzma(_) => 2052,
        }
    }
}

/// The compressor of one thread: what it works with is made once.
pub enum Packer {
    Raw,
    Zlib(Compressor),
    Bzip2(bzip2::Compression),
    Lzfse(Box<LzfseEncoder>),
    Lzma(XzOptions),
}

impl Packer {
    pub fn new(codec: Codec) -> Packer {
        match codec {
            Codec::Raw => Packer::Raw,
            Codec::Zlib(level) => {
                Packer::Zlib(Compressor::new(CompressionLvl::new(i32::from(level)).unwrap_or_default()))
            }
            Codec::Bzip2(level) => Packer::Bzip2(bzip2::Compression::new(u32::from(level.clamp(1, 9)))),
            Codec::Lzfse => Packer::Lzfse(Box::default()),
            Codec::Lzma(preset) => {
                let mut options = XzOptions::with_preset(u32::from(preset.min(9)));
                options.lzma_options.dict_size = CHUNK as u32;
                options.set_check_sum_type(CheckType::None);
                Packer::Lzma(options)
            }
        }
    }

    /// The chunk compressed, unless that would not make it smaller.
    pub fn pack(&mut self, chunk: &[u8]) -> Option<Vec<u8>> {
        let mut packed = Vec::new();
        match self {
            Packer::Raw => return None,
            Packer::Zlib(compressor) => {
                // What does not fit is not smaller.
                packed.resize(chunk.len(), 0);
                let length = compressor.zlib_compress(chunk, &mut packed).ok()?;
                packed.truncate(length);
            }
            Packer::Bzip2(level) => {
                let mut encoder = BzEncoder::new(packed, *level);
                encoder.write_all(chunk).ok()?;
                packed = encoder.finish().ok()?;
            }
            Packer::Lzfse(encoder) => {
                encoder.encode_bytes(chunk, &mut packed).ok()?;
            }
            Packer::Lzma(options) => {
                let mut encoder = XzWriter::new(packed, options.clone()).ok()?;
                encoder.write_all(chunk).ok()?;
                packed = encoder.finish().ok()?;
            }
        }
        (packed.len() < chunk.len()).then_some(packed)
    }
}

/// The chunk of `size` bytes that is stored as `packed` in a run of this kind.
///
/// # Errors
/// [`Fault::Damaged`] when it does not come to exactly `size` bytes, [`Fault::Unsupported`] for a kind not known here.
pub fn unpack(kind: u32, packed: &[u8], size: usize) -> Result<Vec<u8>, Fault> {
    match kind {
        RUN_ZLIB => {
            let mut bytes = vec![0; size];
            let length = Decompressor::new().zlib_decompress(packed, &mut bytes);
            match length {
                Ok(length) if length == size => Ok(bytes),
                Ok(_) => Err(wrong_size()),
                Err(libdeflater::DecompressionError::InsufficientSpace) => Err(wrong_size()),
                Err(_) => Err(damaged()),
            }
        }
        RUN_BZIP2 => read(BzDecoder::new(packed), size),
        RUN_LZFSE => read(LzfseRingDecoder::default().reader_bytes(packed), size),
        RUN_LZMA => read(XzReader::new_mem_limit(packed, false, XZ_MEMORY), size),
        RUN_ADC => match adc::unpack(packed, size) {
            Some(bytes) if bytes.len() == size => Ok(bytes),
            Some(_) => Err(wrong_size()),
            None => Err(damaged()),
        },
        kind => Err(Fault::Unsupported(format!("has a chunk of the unknown kind {kind:#x}"))),
    }
}

/// Reads one byte more than there should be, so that too much is noticed and nothing is without bounds.
fn read(decoder: impl Read, size: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(size);
    match decoder.take(size as u64 + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() == size => Ok(bytes),
        Ok(_) => Err(wrong_size()),
        Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
            Err(Fault::damaged("has a chunk that asks for more memory than any writer needs"))
        }
        Err(_) => Err(damaged()),
    }
}

fn wrong_size() -> Fault {
    Fault::damaged("has a chunk of the wrong size")
}

fn damaged() -> Fault {
    Fault::damaged("has a chunk that cannot be decompressed")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub const ALL: [Codec; 4] = [Codec::Zlib(6), Codec::Bzip2(9), Codec::Lzfse, Codec::Lzma(1)];

    fn text() -> Vec<u8> {
        (0..60_000_u32).flat_map(|number| format!("{} ", number * number).into_bytes()).take(CHUNK).collect()
    }

    #[test]
    fn what_is_packed_is_unpacked_the_same() {
        for codec in ALL {
            let mut packer = Packer::new(codec);
            for length in [1_000, 4_096, text().len()] {
                let chunk = &text()[..length];
                let packed = packer.pack(chunk).unwrap();
                let kind = codec.kind().unwrap();
                assert!(unpack(kind, &packed, length).unwrap() == chunk, "{codec:?}");
                assert!(unpack(kind, &packed, length - 1).is_err(), "{codec:?} too short");
                assert!(unpack(kind, &packed, length + 1).is_err(), "{codec:?} too long");
                assert_eq!(
                    Packer::new(codec).pack(chunk).as_ref(),
                    Some(&packed),
                    "{codec:?} remembers nothing"
                );
            }
        }
    }

    #[test]
    fn each_kind_begins_as_hdiutil_writes_it() {
        let begins: [&[u8]; 4] = [&[0x78], b"BZh9", b"bvx", &[0xFD, b'7', b'z', b'X', b'Z', 0, 0, 0]];
        for (codec, begins) in ALL.into_iter().zip(begins) {
            let packed = Packer::new(codec).pack(&text()).unwrap();
            assert!(packed.starts_with(begins), "{codec:?} {:x?}", &packed[..8]);
        }
    }

    #[test]
    fn noise_is_left_as_it_is() {
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(50_000)
        .collect();
        for codec in ALL {
            assert_eq!(Packer::new(codec).pack(&noise), None, "{codec:?}");
        }
    }

    #[test]
    fn a_damaged_chunk_is_an_error_wherever_it_is_cut_or_changed() {
        for codec in ALL {
            let chunk = &text()[..3_000];
            let packed = Packer::new(codec).pack(chunk).unwrap();
            let kind = codec.kind().unwrap();
            for cut in 0..packed.len() {
                // An end mark that is missing changes nothing of the content.
                if let Ok(bytes) = unpack(kind, &packed[..cut], chunk.len()) {
                    assert!(bytes == chunk, "{codec:?} cut at {cut}");
                }
            }
            for at in 0..packed.len() {
                for bits in [0x01, 0x80, 0xFF] {
                    let mut changed = packed.clone();
                    changed[at] ^= bits;
                    let _ = unpack(kind, &changed, chunk.len());
                }
            }
        }
    }
}
