//! dyld
