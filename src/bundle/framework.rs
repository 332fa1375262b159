//! Frameworks: their versions and links, what wheels and zips leave of them, and how to make them whole again.

use crate::paths::BundlePath;

/// One `X.framework` folder of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framework {
    pub path: BundlePath,
    /// `X`.
    pub name: String,
    /// The folders of `Versions`, `Current` excluded.
    pub versions: Vec<String>,
    /// The version that `Versions/Current` points to, or the only one there is.
    pub current: Option<String>,
    pub shape: FrameworkShape,
}

/// What state a framework's folder is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameworkShape {
    /// `Versions/V`, `Versions/Current → V` and a top-level link for everything in `Versions/V`.
    Whole,
    /// The versions are there but links are missing or were turned into copies: what wheels and zips do.
    LinksLost,
    /// No `Versions` folder: right on iOS, wrong on macOS.
    Unversioned,
    /// No binary of the framework's name in any version.
    NoBinary,
}
