//! The arguments of every command that looks at a bundle.

use std::path::PathBuf;

use clap::Args;

use super::answer::Trouble;
use super::session::Session;
use crate::bundle::SearchRoots;
use crate::dyld::{Conditions, OsProfile};
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
    #[command(flatten)]
    pub conditions: ConditionArgs,
    /// A macOS SDK (a folder), or a list of the libraries in a shared cache (a file, one path a line).
    #[arg(long, value_name = "PATH")]
    pub sdk: Option<PathBuf>,
}

/// Under which conditions dyld is simulated.
#[derive(Args)]
pub struct ConditionArgs {
    /// Whose dyld is simulated; the newest unless given.
    #[arg(long, value_name = "VERSION", value_parser = os)]
    os: Option<OsProfile>,
    /// A DYLD_ variable of the process, such as DYLD_LIBRARY_PATH=/opt/lib; repeatable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,
    /// Whether the process runs hardened; as its signature says unless given.
    #[arg(long, value_name = "on|off", value_parser = ["on", "off"])]
    hardened: Option<String>,
    /// Simulate a Mac that could not map its shared cache.
    #[arg(long)]
    no_shared_cache: bool,
}

#[derive(Args)]
pub struct Roots {
    /// Where an absolute path of the build machine lives on this one, such as /opt/homebrew=/mnt/brew; repeatable.
    #[arg(long = "root", value_name = "FROM=TO", value_parser = root)]
    roots: Vec<(RuntimePath, PathBuf)>,
}

impl Look {
    pub fn inspect(&self, session: &Session) -> Result<Inspection, Trouble> {
        let (conditions, sdk) = (self.conditions.conditions(), self.sdk.clone());
        let options = InspectOptions { conditions, sdk, ..self.roots.options()? };
        Ok(workflow::inspect(&self.bundle, &options, &session.progress())?)
    }
}

impl ConditionArgs {
    /// Whether the user chose the macOS.
    pub fn names_os(&self) -> bool {
        self.os.is_some()
    }

    pub fn conditions(&self) -> Conditions {
        Conditions {
            os: self.os.unwrap_or_default(),
            environment: self.env.iter().cloned().collect(),
            hardened: self.hardened.as_deref().map(|word| word == "on"),
            no_shared_cache: self.no_shared_cache,
        }
    }
}

fn os(text: &str) -> Result<OsProfile, String> {
    OsProfile::from_name(text).ok_or_else(|| {
        let known: Vec<&str> = OsProfile::ALL.iter().map(|os| os.name()).collect();
        format!("what its dyld does is not known here; known are {}", known.join(", "))
    })
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if name.starts_with("DYLD_") => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as DYLD_NAME=VALUE; dyld reads no other variables".to_owned()),
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
    fn only_variables_of_dyld_are_taken() {
        assert!(variable("DYLD_LIBRARY_PATH=/a:/b=c").is_ok_and(|(_, value)| value == "/a:/b=c"));
        assert!(variable("PATH=/a").is_err() && variable("DYLD_LIBRARY_PATH").is_err());
        assert!(os("11").is_err_and(|why| why.ends_with("12, 13, 14, 15, 15.4, 26")));
    }

    #[test]
    fn an_arch_the_bundle_lacks_is_named_with_those_it_has() {
        let error = choose_arch(Some(Arch::X86_64), [Arch::ARM64], "Foo.app".as_ref()).unwrap_err();
        assert_eq!(error.line(), "Foo.app: has no x86_64 code to start; it has arm64.");
        let first = choose_arch(None, [Arch::ARM64, Arch::X86_64], "Foo.app".as_ref()).unwrap();
        assert_eq!(first, Some(Arch::ARM64));
    }
}
