//! codesign
