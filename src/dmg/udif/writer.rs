//! Writing UDIF: chunks are compressed by several threads and written in order, so the bytes never depend on their number.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use crc32fast::Hasher;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use plist::{Dictionary, Value};

use super::super::bytes::{Put, is_zero};
use super::super::gpt::SECTOR;
use super::codec::{Codec, Packer};
use super::{CHUNK_SECTORS, Koly, RUN_END, RUN_IGNORE, RUN_RAW, RUN_ZERO, Run, put_checksum};
use crate::dmg::licence::Resource;
use crate::failure::Failure;

/// A part of the disk: its name in the image, first sector and count.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub name: &'a str,
    pub start: u64,
    pub sectors: u64,
}

/// Fills a buffer with the next bytes of a partition.
pub type Fill<'a> = &'a mut dyn FnMut(&mut [u8]) -> Result<(), Failure>;

/// An image being written to `out`, from its first byte.
pub struct Writer<'a, W> {
    out: W,
    /// The file's name, for messages.
    path: &'a Path,
    codec: Codec,
    threads: usize,
    written: u64,
    data: Hasher,
    /// Name, table and checksum of each partition.
    tables: Vec<(String, Vec<u8>, u32)>,
    /// Sectors of the disk so far.
    sectors: u64,
}

/// A chunk ready to be written.
struct Packed {
    kind: u32,
    bytes: Vec<u8>,
    length: usize,
    checksum: Hasher,
}

impl<'a, W: Write> Writer<'a, W> {
    pub fn new(out: W, path: &'a Path, codec: Codec, threads: usize) -> Self {
        let threads = threads.max(1);
        Writer { out, path, codec, threads, written: 0, data: Hasher::new(), tables: Vec::new(), sectors: 0 }
    }

    /// A partition of which nothing matters.
    pub fn free(&mut self, part: Part) {
        let run = Run { kind: RUN_IGNORE, sector: 0, sectors: part.sectors, offset: self.written, length: 0 };
        self.table(part, &[run], 0);
    }

    /// A partition that is at hand.
    pub fn bytes(&mut self, part: Part, bytes: &[u8]) -> Result<(), Failure> {
        let mut rest = bytes;
        self.partition(part, &mut |buf| {
            let (now, later) = rest.split_at(buf.len().min(rest.len()));
            buf[..now.len()].copy_from_slice(now);
            rest = later;
            Ok(())
        })
    }

    /// A partition whose bytes `fill` gives, chunk by chunk, in order.
    pub fn partition(&mut self, part: Part, fill: Fill) -> Result<(), Failure> {
        let codec = self.codec;
        let threads = self.threads.min(part.sectors.div_ceil(CHUNK_SECTORS) as usize).max(1);
        std::thread::scope(|scope| {
            let (to_workers, work) = bounded(threads);
            let (done, from_workers) = unbounded();
            for _ in 0..threads {
                let (work, done) = (work.clone(), done.clone());
                scope.spawn(move || pack_all(codec, &work, &done));
            }
            drop((work, done));
            self.in_order(part, fill, threads, to_workers, &from_workers)
        })
    }

    /// Reads, hands out and writes; no more than `2 × threads + 1` chunks are in memory.
    fn in_order(
        &mut self,
        part: Part,
        fill: Fill,
        threads: usize,
        to_workers: Sender<(usize, Vec<u8>)>,
        from_workers: &Receiver<(usize, Packed)>,
    ) -> Result<(), Failure> {
        let chunks = part.sectors.div_ceil(CHUNK_SECTORS) as usize;
        let (mut read, mut next) = (0, 0);
        let mut waiting = BTreeMap::new();
        let mut runs = Vec::with_capacity(chunks);
        let mut checksum = Hasher::new();
        while next < chunks {
            while read < chunks && read - next <= 2 * threads {
                let left = part.sectors - read as u64 * CHUNK_SECTORS;
                let mut chunk = vec![0; (left.min(CHUNK_SECTORS) * SECTOR) as usize];
                fill(&mut chunk)?;
                to_workers.send((read, chunk)).map_err(|_| self.lost())?;
                read += 1;
            }
            let (index, packed) = from_workers.recv().map_err(|_| self.lost())?;
            waiting.insert(index, packed);
            while let Some(packed) = waiting.remove(&next) {
                checksum.combine(&packed.checksum);
                runs.push(self.write_run(next as u64 * CHUNK_SECTORS, packed)?);
                next += 1;
            }
        }
        self.table(part, &runs, checksum.finalize());
        Ok(())
    }

    fn write_run(&mut self, sector: u64, packed: Packed) -> Result<Run, Failure> {
        let offset = self.written;
        self.write(&packed.bytes)?;
        self.data.update(&packed.bytes);
        Ok(Run {
            kind: packed.kind,
            sector,
            sectors: packed.length as u64 / SECTOR,
            offset,
            length: packed.bytes.len() as u64,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes).map_err(|error| Failure::io(self.path, "write", &error))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// A thread that compresses is gone, which only its panic can cause.
    fn lost(&self) -> Failure {
        Failure::new(self.path, "could not be compressed", "report this as a fault of Bundlewright")
    }

    fn table(&mut self, part: Part, runs: &[Run], checksum: u32) {
        let mut mish = Vec::with_capacity(204 + (runs.len() + 1) * 40);
        mish.extend_from_slice(b"mish");
        mish.u32(1);
        mish.u64(part.start);
        mish.u64(part.sectors);
        mish.u64(0); // runs count from the start of the file
        mish.u32(self.codec.buffers());
        mish.u32(self.tables.len() as u32);
        mish.zeros(24);
        put_checksum(&mut mish, checksum);
        mish.u32(runs.len() as u32 + 1);
        let end = Run { kind: RUN_END, sector: part.sectors, sectors: 0, offset: self.written, length: 0 };
        for run in runs.iter().chain([&end]) {
            mish.u32(run.kind);
            mish.u32(0);
            for number in [run.sector, run.sectors, run.offset, run.length] {
                mish.u64(number);
            }
        }
        self.sectors = self.sectors.max(part.start + part.sectors);
        self.tables.push((part.name.to_owned(), mish, checksum));
    }

    /// Writes the property list, with `resources` in it, and the trailer; answers the stream and its length.
    pub fn finish(mut self, segment_id: [u8; 16], resources: &[Resource]) -> Result<(W, u64), Failure> {
        let data_length = self.written;
        let xml = self.property_list(resources)?;
        self.write(&xml)?;
        let mut master = Hasher::new();
        self.tables.iter().for_each(|(_, _, checksum)| master.update(&checksum.to_be_bytes()));
        let koly = Koly {
            data_offset: 0,
            data_length,
            segment_id,
            data_checksum: Some(self.data.clone().finalize()),
            xml_offset: data_length,
            xml_length: xml.len() as u64,
            master_checksum: Some(master.finalize()),
            // One volume is one table; around a partition map there are several.
            partitioned: self.tables.len() > 1,
            sectors: self.sectors,
        };
        self.write(&koly.bytes())?;
        Ok((self.out, self.written))
    }

    fn property_list(&self, resources: &[Resource]) -> Result<Vec<u8>, Failure> {
        let tables = self
            .tables
            .iter()
            .enumerate()
            .map(|(index, (name, mish, _))| resource(index as i64 - 1, mish.clone(), name, Some(name)));
        // A driver table that says nothing; every image of hdiutil has it.
        let mut drivers = vec![0; 1032];
        drivers[516..520].copy_from_slice(&[0, 1, 0, 1]);
        let mut fork = Dictionary::from_iter([
            ("blkx", Value::Array(tables.collect())),
            ("plst", Value::Array(vec![resource(0, drivers, "", None)])),
        ]);
        for kind in resources.chunk_by(|a, b| a.kind == b.kind) {
            let of_kind = |one: &Resource| resource(i64::from(one.id), one.data.clone(), &one.name, None);
            fork.insert(kind[0].kind.to_owned(), Value::Array(kind.iter().map(of_kind).collect()));
        }
        let list = Value::Dictionary(Dictionary::from_iter([("resource-fork", Value::Dictionary(fork))]));
        let mut xml = Vec::new();
        list.to_writer_xml(&mut xml).map_err(|error| {
            Failure::new(self.path, format!("could not write its tables: {error}"), "try again")
        })?;
        xml.push(b'\n');
        Ok(xml)
    }
}

fn resource(id: i64, data: Vec<u8>, name: &str, cf_name: Option<&str>) -> Value {
    let text = |text: &str| Value::String(text.to_owned());
    let mut entry = Dictionary::new();
    entry.insert("Attributes".into(), text("0x0050"));
    if let Some(cf_name) = cf_name {
        entry.insert("CFName".into(), text(cf_name));
    }
    entry.insert("Data".into(), Value::Data(data));
    entry.insert("ID".into(), Value::String(id.to_string()));
    entry.insert("Name".into(), text(name));
    Value::Dictionary(entry)
}

fn pack_all(codec: Codec, work: &Receiver<(usize, Vec<u8>)>, done: &Sender<(usize, Packed)>) {
    let mut packer = Packer::new(codec);
    for (index, chunk) in work {
        if done.send((index, pack(chunk, codec, &mut packer))).is_err() {
            return;
        }
    }
}

fn pack(chunk: Vec<u8>, codec: Codec, packer: &mut Packer) -> Packed {
    let mut checksum = Hasher::new();
    checksum.update(&chunk);
    let length = chunk.len();
    if is_zero(&chunk) {
        return Packed { kind: RUN_ZERO, bytes: Vec::new(), length, checksum };
    }
    match codec.kind().zip(packer.pack(&chunk)) {
        Some((kind, bytes)) => Packed { kind, bytes, length, checksum },
        None => Packed { kind: RUN_RAW, bytes: chunk, length, checksum },
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fault::ReadAt;
    use super::super::reader::Udif;
    use super::*;
    use std::io::Cursor;

    /// Three chunks: text, zeros, noise.
    fn content() -> Vec<u8> {
        let mut bytes = b"all work and no play ".repeat(50_000);
        bytes.resize(1 << 20, b'x');
        bytes.resize(2 << 20, 0);
        let mut state = 1_u32;
        bytes.extend(
            std::iter::repeat_with(|| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .take(512 * 100),
        );
        bytes
    }

    fn image(codec: Codec, threads: usize) -> Vec<u8> {
        let bytes = content();
        let sectors = bytes.len() as u64 / SECTOR;
        let mut writer = Writer::new(Vec::new(), Path::new("x.dmg"), codec, threads);
        writer.bytes(Part { name: "disk", start: 0, sectors }, &bytes).unwrap();
        writer.free(Part { name: "free", start: sectors, sectors: 7 });
        writer.finish([1; 16], &[]).unwrap().0
    }

    #[test]
    fn what_is_written_is_read_back_whatever_the_codec_and_threads() {
        for codec in [Codec::Raw, Codec::Zlib(6), Codec::Bzip2(9), Codec::Lzfse, Codec::Lzma(0)] {
            let one = image(codec, 1);
            assert!(one == image(codec, 3), "{codec:?}");
            let mut udif = Udif::open(Cursor::new(one)).unwrap();
            let mut bytes = vec![1; content().len() + 7 * 512];
            udif.read_at(0, &mut bytes).unwrap();
            assert!(bytes[..content().len()] == content());
            assert!(bytes[content().len()..].iter().all(|&byte| byte == 0));
            assert!(udif.checksum_problems(&crate::progress::Progress::silent()).unwrap().is_empty());
            let kinds: Vec<u32> = udif.tables[0].runs.iter().map(|run| run.kind).collect();
            assert_eq!(kinds, [codec.kind().unwrap_or(RUN_RAW), RUN_ZERO, RUN_RAW]);
        }
    }

    #[test]
    fn an_error_of_the_source_ends_the_writing() {
        let mut writer = Writer::new(Vec::new(), Path::new("x.dmg"), Codec::Zlib(1), 2);
        let part = Part { name: "disk", start: 0, sectors: 1 << 20 };
        let mut left = 5;
        let result = writer.partition(part, &mut |_| {
            left -= 1;
            if left == 0 { Err(Failure::Cancelled) } else { Ok(()) }
        });
        assert_eq!(result, Err(Failure::Cancelled));
    }
}
