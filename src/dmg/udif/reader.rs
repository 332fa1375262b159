//! Reading UDIF: the tables, the disk behind them at any place, and the checksums. Made for hostile input.

use std::collections::VecDeque;
use std::io::{Read, Seek, SeekFrom};

use crc32fast::Hasher;
use plist::{Dictionary, Value};

use super::super::bytes::{u32_at, u64_at};
use super::super::fault::{Fault, ReadAt};
use super::super::gpt::SECTOR;
use super::super::licence::Resource;
use super::super::verify::Problem;
use super::{Koly, RUN_COMMENT, RUN_END, RUN_IGNORE, RUN_RAW, RUN_ZERO, Run, checksum_at, codec};
use crate::failure::Failure;
use crate::progress::Progress;

/// Limits for what an image may ask to be held at once: its property list, and one chunk.
const MAX_XML: u64 = 64 << 20;
const MAX_CHUNK: u64 = 32 << 20;
/// The list's own depth is six.
const MAX_XML_DEPTH: i32 = 16;
const CACHED_CHUNKS: usize = 4;

/// A stream that can be read at any place.
pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// The table of one partition.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    /// First sector of the disk it covers, and count.
    pub start: u64,
    pub sectors: u64,
    pub checksum: Option<u32>,
    pub runs: Vec<Run>,
}

/// An open image.
pub struct Udif {
    file: Box<dyn ReadSeek>,
    pub koly: Koly,
    /// Whether it has no trailer and is the disk itself, as images that can be written to are.
    pub raw: bool,
    /// In the order of the image, which the master checksum follows.
    pub tables: Vec<Table>,
    /// Table and run of recently decompressed chunks, the last one used at the front.
    cache: VecDeque<((usize, usize), Vec<u8>)>,
}

impl Udif {
    /// A file without a trailer is taken for a disk: whoever looks for a volume in it tells.
    ///
    /// # Errors
    /// [`Fault::Damaged`] when its tables contradict each other, [`Fault::Unsupported`] when it is encrypted.
    pub fn open(file: impl ReadSeek + 'static) -> Result<Udif, Fault> {
        let mut file: Box<dyn ReadSeek> = Box::new(file);
        let size = file.seek(SeekFrom::End(0))?;
        let mut trailer = [0; Koly::SIZE];
        if size >= Koly::SIZE as u64 {
            read_exact_at(&mut *file, size - Koly::SIZE as u64, &mut trailer)?;
        }
        let Some(koly) = Koly::parse(&trailer) else { return Udif::raw(file, size) };
        let xml_end = koly.xml_offset.checked_add(koly.xml_length);
        if koly.xml_length > MAX_XML || xml_end.is_none_or(|end| end > size) {
            return Err(Fault::damaged("has a trailer that points past its end"));
        }
        let mut xml = vec![0; koly.xml_length as usize];
        read_exact_at(&mut *file, koly.xml_offset, &mut xml)?;
        let tables = tables(&xml, koly.data_offset, size)?;
        Ok(Udif { file, koly, raw: false, tables, cache: VecDeque::new() })
    }

    /// The resources of these kinds beside the tables.
    pub fn resources(&mut self, kinds: &[&'static str]) -> Result<Vec<Resource>, Fault> {
        if self.raw {
            return Ok(Vec::new());
        }
        // It has been read once already, so that it is no longer than it may be.
        let mut xml = vec![0; self.koly.xml_length.min(MAX_XML) as usize];
        read_exact_at(&mut *self.file, self.koly.xml_offset, &mut xml)?;
        let list = property_list(&xml)?;
        let mut found = Vec::new();
        for kind in kinds {
            let entries = resource_fork(&list).and_then(|fork| fork.get(kind)).and_then(Value::as_array);
            for entry in entries.into_iter().flatten().filter_map(Value::as_dictionary) {
                let id = entry.get("ID").and_then(Value::as_string).and_then(|id| id.parse().ok());
                let data = entry.get("Data").and_then(Value::as_data);
                let name = entry.get("Name").and_then(Value::as_string).unwrap_or_default().to_owned();
                found.extend(id.zip(data).map(|(id, data)| Resource { kind, id, name, data: data.to_vec() }));
            }
        }
        Ok(found)
    }

    /// A file without a trailer as one chunk that is not compressed; nothing in it has a checksum.
    fn raw(mut file: Box<dyn ReadSeek>, size: u64) -> Result<Udif, Fault> {
        if let Some(what) = trailer_kind(&mut *file) {
            return Err(Fault::Unsupported(what.to_owned()));
        }
        let sectors = size / SECTOR;
        let run = Run { kind: RUN_RAW, sector: 0, sectors, offset: 0, length: sectors * SECTOR };
        let table = Table { name: "disk".to_owned(), start: 0, sectors, checksum: None, runs: vec![run] };
        let koly = Koly {
            data_offset: 0,
            data_length: size,
            segment_id: [0; 16],
            data_checksum: None,
            xml_offset: 0,
            xml_length: 0,
            master_checksum: None,
            partitioned: false,
            sectors,
        };
        Ok(Udif { file, koly, raw: true, tables: vec![table], cache: VecDeque::new() })
    }

    /// The table whose partition holds this sector of the disk.
    fn table_at(&self, sector: u64) -> Option<usize> {
        self.tables.iter().position(|table| table.start <= sector && sector - table.start < table.sectors)
    }

    /// Fills `buf` from byte `skip` of a run on.
    fn read_run(&mut self, table: usize, index: usize, skip: u64, buf: &mut [u8]) -> Result<(), Fault> {
        let run = self.tables[table].runs[index];
        match run.kind {
            RUN_ZERO | RUN_IGNORE => buf.fill(0),
            RUN_RAW => {
                if skip + buf.len() as u64 > run.length {
                    return Err(Fault::damaged("has a chunk that is shorter than it says"));
                }
                read_exact_at(&mut *self.file, run.offset + skip, buf)?;
            }
            _ => {
                let chunk = self.chunk(table, index)?;
                let skip = skip as usize;
                let part = chunk.get(skip..skip + buf.len());
                buf.copy_from_slice(
                    part.ok_or_else(|| Fault::damaged("has a chunk that is shorter than it says"))?,
                );
            }
        }
        Ok(())
    }

    /// A compressed chunk, decompressed.
    fn chunk(&mut self, table: usize, index: usize) -> Result<&[u8], Fault> {
        if let Some(at) = self.cache.iter().position(|(key, _)| *key == (table, index)) {
            self.cache.swap(0, at);
        } else {
            let bytes = self.unpacked(self.tables[table].runs[index])?;
            self.cache.truncate(CACHED_CHUNKS - 1);
            self.cache.push_front(((table, index), bytes));
        }
        Ok(&self.cache[0].1)
    }

    fn unpacked(&mut self, run: Run) -> Result<Vec<u8>, Fault> {
        let size = run.sectors.saturating_mul(SECTOR);
        if size > MAX_CHUNK || run.length > 2 * MAX_CHUNK {
            return Err(Fault::damaged("has a chunk larger than any writer makes"));
        }
        self.file.seek(SeekFrom::Start(run.offset))?;
        let mut packed = Vec::new();
        (&mut self.file).take(run.length).read_to_end(&mut packed)?;
        codec::unpack(run.kind, &packed, size as usize)
    }

    /// Reads everything, and answers which checksum does not fit and which sector no chunk covers.
    ///
    /// # Errors
    /// A [`Fault`] when the file cannot be read at all or uses an unknown codec, or the user cancels.
    pub fn checksum_problems(&mut self, progress: &Progress) -> Result<Vec<Problem>, CheckError> {
        let mut problems = Vec::new();
        let mut say = |code: &'static str, message: String| {
            problems.push(Problem { path: String::new(), code, message });
        };
        let (mut done, total) = (0, self.koly.sectors.saturating_mul(SECTOR));
        let mut master = Hasher::new();
        for table in 0..self.tables.len() {
            let name = self.tables[table].name.trim().to_owned();
            if let Some(sector) = gap(&self.tables[table]) {
                say("coverage", format!("no chunk of \"{name}\" covers sector {sector}"));
            }
            match self.table_checksum(table, &mut done, total, progress) {
                Ok(found) => {
                    let said = self.tables[table].checksum;
                    if said.is_some_and(|said| said != found) {
                        say("checksum", format!("the content of \"{name}\" does not have its checksum"));
                    }
                    master.update(&said.unwrap_or(0).to_be_bytes());
                }
                Err(CheckError::Fault(Fault::Damaged(what))) => say("chunk", format!("\"{name}\" {what}")),
                Err(other) => return Err(other),
            }
        }
        if self.koly.master_checksum.is_some_and(|said| said != master.finalize()) {
            say("master-checksum", "the checksums of its parts do not have their checksum".into());
        }
        let covered: u64 = self.tables.iter().map(|table| table.sectors).fold(0, u64::saturating_add);
        if covered != self.koly.sectors {
            say("coverage", format!("its parts cover {covered} sectors of {}", self.koly.sectors));
        }
        if self.koly.data_checksum.is_some() && self.data_checksum()? != self.koly.data_checksum {
            say("data-checksum", "its compressed data does not have its checksum".into());
        }
        Ok(problems)
    }

    fn table_checksum(
        &mut self,
        table: usize,
        done: &mut u64,
        total: u64,
        progress: &Progress,
    ) -> Result<u32, CheckError> {
        let mut checksum = Hasher::new();
        let mut buf = vec![0; 1 << 20];
        for index in 0..self.tables[table].runs.len() {
            let run = self.tables[table].runs[index];
            let size = run.sectors.saturating_mul(SECTOR);
            *done = done.saturating_add(size);
            match run.kind {
                RUN_IGNORE => continue,
                RUN_ZERO => {
                    checksum.combine(&zeros(size));
                    continue;
                }
                _ => {}
            }
            let mut at = 0;
            while at < size {
                progress.step("checking", "", done.saturating_sub(size - at), total)?;
                let part = (size - at).min(buf.len() as u64) as usize;
                self.read_run(table, index, at, &mut buf[..part])?;
                checksum.update(&buf[..part]);
                at += part as u64;
            }
        }
        Ok(checksum.finalize())
    }

    fn data_checksum(&mut self) -> Result<Option<u32>, Fault> {
        let mut checksum = Hasher::new();
        let mut buf = vec![0; 1 << 20];
        self.file.seek(SeekFrom::Start(self.koly.data_offset))?;
        let mut data = (&mut self.file).take(self.koly.data_length);
        let mut read = 0;
        loop {
            match data.read(&mut buf)? {
                0 => break,
                count => {
                    checksum.update(&buf[..count]);
                    read += count as u64;
                }
            }
        }
        Ok((read == self.koly.data_length).then(|| checksum.finalize()))
    }
}

/// The checksum of `count` zeros, without going over them: a hostile image may claim any number.
fn zeros(mut count: u64) -> Hasher {
    let mut all = Hasher::new();
    let mut power = Hasher::new();
    power.update(&[0]);
    while count > 0 {
        if count % 2 == 1 {
            all.combine(&power);
        }
        let half = power.clone();
        power.combine(&half);
        count /= 2;
    }
    all
}

/// Why checking stopped.
#[derive(Debug)]
pub enum CheckError {
    Fault(Fault),
    Cancelled,
}

impl CheckError {
    pub fn in_file(self, path: &std::path::Path) -> Failure {
        match self {
            CheckError::Fault(fault) => fault.in_file(path),
            CheckError::Cancelled => Failure::Cancelled,
        }
    }
}

impl From<Fault> for CheckError {
    fn from(fault: Fault) -> Self {
        CheckError::Fault(fault)
    }
}

impl From<crate::progress::Cancelled> for CheckError {
    fn from(_: crate::progress::Cancelled) -> Self {
        CheckError::Cancelled
    }
}

impl ReadAt for Udif {
    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> Result<(), Fault> {
        let mut done = 0;
        while done < buf.len() {
            let place = at.checked_add(done as u64).ok_or_else(|| Fault::damaged("points past its end"))?;
            let sector = place / SECTOR;
            let missing = || Fault::damaged(format!("has no chunk for sector {sector}"));
            let table = self.table_at(sector).ok_or_else(missing)?;
            let inside = sector - self.tables[table].start;
            let runs = &self.tables[table].runs;
            let index =
                runs.partition_point(|run| run.sector <= inside).checked_sub(1).ok_or_else(missing)?;
            let run = runs[index];
            if inside - run.sector >= run.sectors {
                return Err(missing());
            }
            let skip = (inside - run.sector) * SECTOR + place % SECTOR;
            let left = run.sectors.saturating_mul(SECTOR) - skip;
            let part = usize::try_from(left).map_or(buf.len() - done, |left| left.min(buf.len() - done));
            self.read_run(table, index, skip, &mut buf[done..done + part])?;
            done += part;
        }
        Ok(())
    }

    fn size(&self) -> u64 {
        self.koly.sectors.saturating_mul(SECTOR)
    }
}

fn read_exact_at(file: &mut dyn ReadSeek, at: u64, buf: &mut [u8]) -> Result<(), Fault> {
    file.seek(SeekFrom::Start(at))?;
    Ok(file.read_exact(buf)?)
}

/// What a file without a trailer is instead, where that is known.
fn trailer_kind(file: &mut dyn ReadSeek) -> Option<&'static str> {
    let mut start = [0; 8];
    read_exact_at(file, 0, &mut start).ok()?;
    (&start == b"encrcdsa").then_some("is an encrypted disk image, which cannot be read yet")
}

const NO_TABLES: &str = "has a property list without its tables";

fn property_list(xml: &[u8]) -> Result<Value, Fault> {
    if depth(xml) > MAX_XML_DEPTH {
        return Err(Fault::damaged(NO_TABLES));
    }
    Value::from_reader_xml(xml).map_err(|_| Fault::damaged(NO_TABLES))
}

fn resource_fork(list: &Value) -> Option<&Dictionary> {
    list.as_dictionary()?.get("resource-fork")?.as_dictionary()
}

fn tables(xml: &[u8], data_offset: u64, file_size: u64) -> Result<Vec<Table>, Fault> {
    let bad = || Fault::damaged(NO_TABLES);
    let list = property_list(xml)?;
    let blkx = resource_fork(&list).and_then(|fork| fork.get("blkx")).and_then(Value::as_array);
    let blkx = blkx.ok_or_else(bad)?;
    blkx.iter()
        .map(|entry| {
            let entry = entry.as_dictionary().ok_or_else(bad)?;
            let name = entry.get("Name").and_then(Value::as_string).unwrap_or_default();
            let data = entry.get("Data").and_then(Value::as_data).ok_or_else(bad)?;
            table(name, data, data_offset, file_size)
                .ok_or_else(|| Fault::damaged("has a bad table of chunks"))
        })
        .collect()
}

/// How deep elements nest, so that a hostile list cannot exhaust the stack.
fn depth(xml: &[u8]) -> i32 {
    let (mut now, mut deepest) = (0, 0);
    for at in xml.iter().enumerate().filter(|(_, byte)| **byte == b'<').map(|(at, _)| at) {
        let rest = &xml[at..];
        if rest.starts_with(b"<dict") || rest.starts_with(b"<array") {
            now += 1;
        } else if rest.starts_with(b"</dict") || rest.starts_with(b"</array") {
            now -= 1;
        }
        deepest = deepest.max(now);
    }
    deepest
}

fn table(name: &str, mish: &[u8], data_offset: u64, file_size: u64) -> Option<Table> {
    if !mish.starts_with(b"mish") {
        return None;
    }
    let (start, sectors) = (u64_at(mish, 8)?, u64_at(mish, 16)?);
    start.checked_add(sectors)?.checked_mul(SECTOR)?;
    let base = data_offset.checked_add(u64_at(mish, 24)?)?;
    let entries = mish.get(204..)?.chunks_exact(40).take(u32_at(mish, 200)? as usize);
    let mut runs: Vec<Run> = Vec::new();
    for entry in entries {
        let kind = u32_at(entry, 0)?;
        match kind {
            RUN_END => break,
            RUN_COMMENT => continue,
            _ => {}
        }
        let run = Run {
            kind,
            sector: u64_at(entry, 8)?,
            sectors: u64_at(entry, 16)?,
            offset: base.checked_add(u64_at(entry, 24)?)?,
            length: u64_at(entry, 32)?,
        };
        let stored = !matches!(kind, RUN_ZERO | RUN_IGNORE);
        let in_file = run.offset.checked_add(run.length).is_some_and(|end| end <= file_size);
        let in_part = run.sector.checked_add(run.sectors).is_some_and(|end| end <= sectors);
        let in_order = runs.last().is_none_or(|last| last.sector + last.sectors <= run.sector);
        if !in_part || !in_order || (stored && !in_file) {
            return None;
        }
        if run.sectors > 0 {
            runs.push(run);
        }
    }
    Some(Table { name: name.to_owned(), start, sectors, checksum: checksum_at(mish, 64), runs })
}

/// The first sector of a partition that no run covers.
fn gap(table: &Table) -> Option<u64> {
    let mut next = 0;
    for run in &table.runs {
        if run.sector != next {
            return Some(next);
        }
        next += run.sectors;
    }
    (next != table.sectors).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::super::super::DiskImage;
    use super::*;
    use std::io::Cursor;

    #[test]
    fn what_is_not_a_disk_image_is_called_so() {
        for bytes in [vec![], vec![0; 4096]] {
            let Err(Fault::Unsupported(what)) = DiskImage::try_open(Cursor::new(bytes)) else {
                panic!("opened")
            };
            assert!(what.contains("not a disk image"), "{what}");
        }
        let mut encrypted = b"encrcdsa".to_vec();
        encrypted.resize(4096, 0);
        assert!(
            matches!(Udif::open(Cursor::new(encrypted)), Err(Fault::Unsupported(what)) if what.contains("encrypted"))
        );
    }

    #[test]
    fn zeros_have_the_checksum_of_zeros() {
        for count in [0, 1, 2, 511, 512, 100_000] {
            assert_eq!(zeros(count).finalize(), crc32fast::hash(&vec![0; count as usize]));
        }
    }

    #[test]
    fn a_hostile_trailer_or_list_is_damage_not_a_panic() {
        let mut koly = Koly {
            data_offset: u64::MAX,
            data_length: u64::MAX,
            segment_id: [0; 16],
            data_checksum: None,
            xml_offset: 0,
            xml_length: u64::MAX,
            master_checksum: None,
            partitioned: false,
            sectors: u64::MAX,
        };
        assert!(matches!(Udif::open(Cursor::new(koly.bytes())), Err(Fault::Damaged(_))));
        let nested = "<array>".repeat(100_000);
        koly.xml_length = nested.len() as u64;
        let file = [nested.as_bytes(), &koly.bytes()].concat();
        assert!(matches!(Udif::open(Cursor::new(file)), Err(Fault::Damaged(_))));
    }
}
