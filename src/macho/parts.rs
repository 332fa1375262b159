//! A file's bytes, a part at a time: what describes code is a small share of it.

use std::borrow::Cow;

use super::ReadError;

/// Where the bytes of one file come from.
pub trait Parts {
    /// Of the whole file, in bytes.
    fn length(&self) -> u64;

    /// Up to `length` bytes from `at` on; fewer where the file ends.
    ///
    /// # Errors
    /// When they cannot be read.
    fn part(&self, at: u64, length: u64) -> Result<Cow<'_, [u8]>, ReadError>;
}

impl Parts for &[u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn part(&self, at: u64, length: u64) -> Result<Cow<'_, [u8]>, ReadError> {
        let end = at.saturating_add(length).min(self.length());
        let range = usize::try_from(at).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
        Ok(Cow::Borrowed(self.get(range).unwrap_or_default()))
    }
}
