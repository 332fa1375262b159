//! Where what a package manager installs stands.

/// Who put a file outside the bundle where it is, as far as its path tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prefix {
    Homebrew,
    MacPorts,
    Fink,
    Nix,
    Conda,
    /// `/Library/Frameworks`.
    Frameworks,
}

impl Prefix {
    /// `None` for a path of nobody's.
    pub fn of(path: &str) -> Option<Self> {
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
        if starts(&["/opt/homebrew/", "/usr/local/opt/", "/usr/local/Cellar/", "/usr/local/lib/"]) {
            Some(Prefix::Homebrew)
        } else if starts(&["/opt/local/"]) {
            Some(Prefix::MacPorts)
        } else if starts(&["/sw/", "/opt/sw/"]) {
            Some(Prefix::Fink)
        } else if starts(&["/nix/store/"]) {
            Some(Prefix::Nix)
        } else if path.contains("conda") || path.contains("miniforge") {
            Some(Prefix::Conda)
        } else if starts(&["/Library/Frameworks/"]) {
            Some(Prefix::Frameworks)
        } else {
            None
        }
    }

    /// "… takes it from Homebrew".
    pub fn words(self) -> &'static str {
        match self {
            Prefix::Homebrew => "Homebrew",
            Prefix::MacPorts => "MacPorts",
            Prefix::Fink => "Fink",
            Prefix::Nix => "the Nix store",
            Prefix::Conda => "a conda environment",
            Prefix::Frameworks => "a framework installed on the build machine",
        }
    }
}
