//! The arguments of every command that looks at a bundle.

use std::path::PathBuf;

use clap::Args;

use super::answer::Trouble;
use super::session::Session;
use crate::bundle::SearchRoots;
use crate::failure::Failure;
use crate::macho::Arch;
use crate::paths::RuntimePath;
use crate::workflow::{self, InspectOptions, Inspection};

#[derive(Args)]
pub struct Look {
    /// The app bundle.
    pub bundle: PathBuf,
    #[command(flatten)]
    pub roots: Roots,
    /// Whose dyld is simulated; the newest unless given.
    #[arg(long, value_name = "VERSION", value_parser = ["12", "13", "14", "15", "15.4", "26"])]
    pub os: Option<String>,
}

#[derive(Args)]
pub struct Roots {
    /// Where an absolute path of the build machine lives on this one, such as /opt/homebrew=/mnt/brew; repeatable.
    #[arg(long = "root", value_name = "FROM=TO", value_parser = root)]
    roots: Vec<(RuntimePath, PathBuf)>,
}

/// The newest system, whose dyld every launch is simulated with.
const NEWEST: &str = "26";

impl Look {
    pub fn inspect(&self, session: &Session) -> Result<Inspection, Trouble> {
        if let Some(os) = self.older_os() {
            session.note(&format!(
                "--os {os} changes nothing yet: simulating other systems is not available, this is macOS {NEWEST}"
            ));
        }
        let options = self.roots.options()?;
        Ok(workflow::inspect(&self.bundle, &options, &session.progress())?)
    }

    /// The `--os` given, when it is not the one simulated.
    pub fn older_os(&self) -> Option<&str> {
        self.os.as_deref().filter(|os| *os != NEWEST)
    }
}

impl Roots {
    pub fn options(&self) -> Result<InspectOptions, Trouble> {
        for (from, to) in &self.roots {
            if !to.is_dir() {
                return Err(
                    Failure::new(to, "is not a folder", format!("give --root {from}= a folder")).into()
                );
            }
        }
        Ok(InspectOptions::new(SearchRoots { roots: self.roots.clone(), ..SearchRoots::default() }))
    }
}

fn root(text: &str) -> Result<(RuntimePath, PathBuf), String> {
    match text.split_once('=') {
        Some((from, to)) if from.starts_with('/') && !to.is_empty() => {
            let from = from.trim_end_matches('/');
            Ok((RuntimePath::new(if from.is_empty() { "/" } else { from }), PathBuf::from(to)))
        }
        _ => Err("write it as /path/on/the/build/machine=folder-here".to_owned()),
    }
}

pub fn arch(text: &str) -> Result<Arch, String> {
    Arch::from_name(text)
        .ok_or_else(|| "no such architecture; the usual ones are arm64 and x86_64".to_owned())
}

/// The architecture asked for, checked against what the bundle has; otherwise the first it has.
pub fn choose_arch(
    wanted: Option<Arch>,
    there: impl IntoIterator<Item = Arch>,
    what: &std::path::Path,
) -> Result<Option<Arch>, Trouble> {
    let mut have: Vec<Arch> = there.into_iter().collect();
    have.dedup();
    match wanted {
        Some(arch) if !have.contains(&arch) => {
            let mut names: Vec<String> = have.iter().map(Arch::to_string).collect();
            names.sort();
            names.dedup();
            let next = match names.is_empty() {
                true => "leave --arch out".to_owned(),
                false => format!("it has {}", names.join(", ")),
            };
            Err(Failure::new(what, format!("has no {arch} code to start"), next).into())
        }
        Some(arch) => Ok(Some(arch)),
        None => Ok(have.first().copied()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_maps_an_absolute_path() {
        let (from, to) = root("/opt/homebrew/=/mnt/a=b").unwrap();
        assert_eq!((from.as_str(), to), ("/opt/homebrew", PathBuf::from("/mnt/a=b")));
        assert!(root("opt=/x").is_err() && root("/opt").is_err() && root("/opt=").is_err());
    }

    #[test]
    fn an_arch_the_bundle_lacks_is_named_with_those_it_has() {
        let error = choose_arch(Some(Arch::X86_64), [Arch::ARM64], "Foo.app".as_ref()).unwrap_err();
        assert_eq!(error.line(), "Foo.app: has no x86_64 code to start; it has arm64.");
        let first = choose_arch(None, [Arch::ARM64, Arch::X86_64], "Foo.app".as_ref()).unwrap();
        assert_eq!(first, Some(Arch::ARM64));
    }
}
