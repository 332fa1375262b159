//! What tells a file from every other, and from itself once it was written to.

/// Taken with [`stamp`](super::stamp).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Device and inode.
    pub file: (u64, u64),
    pub length: u64,
    /// When its contents changed last: seconds and nanoseconds.
    pub modified: (i64, i64),
    /// When anything about it changed last, which nobody can set: a new hard link counts too.
    pub changed: (i64, i64),
}

impl Stamp {
    /// Whether both are of one file that was not written to in between, however often it was linked.
    pub fn has_same_contents(&self, other: &Stamp) -> bool {
        (self.file, self.length, self.modified) == (other.file, other.length, other.modified)
    }
}
