//! A Mach-O file read in parts. A map of it would cost more: taking one away stops every other thread for a moment.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::macho::{Parts, ReadError, is_macho, is_macho_file};

/// Enough for the load commands of most files.
const START: u64 = 4096;

/// Memory that is asked for before the file has shown that it is that long.
const AT_ONCE: u64 = 1 << 20;

/// An open file and its first bytes.
pub(super) struct CodeFile {
    file: File,
    length: u64,
    start: Vec<u8>,
}

impl CodeFile {
    /// Opens the file; `None` when it is no Mach-O file.
    ///
    /// # Errors
    /// Those of opening and reading it.
    pub fn open(path: &Path) -> io::Result<Option<CodeFile>> {
        let file = File::open(path)?;
        let mut start = Vec::with_capacity(START as usize);
        (&file).take(START).read_to_end(&mut start)?;
        if !is_macho(start.get(..8).unwrap_or_default()) {
            return Ok(None);
        }
        let length = file.metadata()?.len();
        let code = CodeFile { file, length, start };
        Ok(is_macho_file(&code).then_some(code))
    }
}

impl Parts for CodeFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn part(&self, at: u64, length: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        let end = at.saturating_add(length).min(self.length);
        if end <= self.start.len() as u64 {
            return Ok(Cow::Borrowed(self.start.get(at as usize..end as usize).unwrap_or_default()));
        }
        let length = end.saturating_sub(at);
        let mut bytes = Vec::with_capacity(length.min(AT_ONCE) as usize);
        let read = (&self.file)
            .seek(SeekFrom::Start(at))
            .and_then(|_| (&self.file).take(length).read_to_end(&mut bytes));
        read.map(|_| Cow::Owned(bytes)).map_err(|error| ReadError(format!("cannot be read: {error}")))
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes what it reads")]
mod tests {
    use super::*;
    use crate::macho::sample::{Sample, signature};
    use crate::macho::{Arch, Container, fat, read, read_file};

    fn slice(arch: Arch, rpaths: usize) -> Vec<u8> {
        let rpaths =
            (0..rpaths).map(|number| format!("@loader_path/a/rather/long/folder/{number}")).collect();
        Sample { rpaths, signature: Some(signature("me", 2)), ..Sample::new(arch) }.build()
    }

    #[test]
    fn the_parts_of_a_file_say_what_the_whole_says() {
        let few = [slice(Arch::X86_64, 1), slice(Arch::ARM64, 2)];
        let many = [slice(Arch::X86_64, 200), slice(Arch::ARM64, 300)];
        let universal = |slices: &[Vec<u8>]| fat::assemble_fat(Container::Fat, slices).unwrap();
        let cut = |bytes: &[u8]| bytes[..bytes.len() - 20].to_vec();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code");
        for bytes in [few[0].clone(), many[1].clone(), cut(&many[0]), universal(&few), universal(&many)] {
            std::fs::write(&path, &bytes).unwrap();
            let code = CodeFile::open(&path).unwrap().expect("Mach-O");
            assert_eq!(read_file(&code), read(&bytes));
        }
        std::fs::write(&path, cut(&universal(&many))).unwrap();
        assert!(CodeFile::open(&path).unwrap().is_some_and(|code| read_file(&code).is_err()));
        std::fs::write(&path, b"#!/bin/sh").unwrap();
        assert!(CodeFile::open(&path).unwrap().is_none());
    }
}
