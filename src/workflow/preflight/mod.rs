//! Would Apple's notary accept this? Looks at an app, a disk image, a program or a folder, and goes through the checklist.

mod app;
mod image;
mod inside;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::bundle::{self, Node};
use crate::codesign::{self, code_faults, credentials};
use crate::diagnose::preflight::{self, Code, Hit, Image, Kind, Preflight, Submission};
use crate::failure::Failure;
use crate::macho::{self, MachFile};
use crate::paths::BundlePath;
use crate::progress::Progress;

/// What a preflight needs to be told.
#[derive(Debug, Clone)]
pub struct PreflightOptions {
    /// Where a disk image may be unpacked for the time of the look: the system's temporary folder.
    pub temporary: PathBuf,
    /// Seconds since 1970, for what expires.
    pub today: Option<u64>,
}

/// # Errors
/// [`Failure`] when there is nothing at `path` that could be submitted, it cannot be read, or the user stops it.
pub fn preflight(path: &Path, options: &PreflightOptions, progress: &Progress) -> Result<Preflight, Failure> {
    let submission = gather(path, options, progress)?;
    Ok(preflight::preflight(&submission, &path.to_string_lossy()))
}

/// Takes apart what stands at `path`.
///
/// # Errors
/// As [`preflight`].
pub fn gather(path: &Path, options: &PreflightOptions, progress: &Progress) -> Result<Submission, Failure> {
    let about = path.metadata().map_err(|error| Failure::io(path, "open", &error))?;
    let name =
        path.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let submission = Submission {
        name: name.unwrap_or_else(|| path.display().to_string()),
        today: options.today,
        ..Submission::default()
    };
    let mut gathered = Gathered { submission, progress };
    if about.is_dir() {
        gathered.folder(path)?;
    } else {
        gathered.file(path, options)?;
    }
    gathered.submission.codes.sort_by(|a, b| a.path.cmp(&b.path));
    gathered.submission.faults.sort();
    gathered.submission.unread.sort();
    Ok(gathered.submission)
}

struct Gathered<'a> {
    submission: Submission,
    progress: &'a Progress,
}

impl Gathered<'_> {
    /// An app, or a folder with apps and other things.
    fn folder(&mut self, path: &Path) -> Result<(), Failure> {
        if is_bundle(path) {
            self.submission.kind = Kind::App;
            return self.app(path, "");
        }
        self.submission.kind = Kind::Folder;
        self.tree(path)
    }

    /// A disk image or a Mach-O file.
    fn file(&mut self, path: &Path, options: &PreflightOptions) -> Result<(), Failure> {
        let bytes = bundle::map(path).map_err(|error| Failure::io(path, "read", &error))?;
        if macho::is_macho(&bytes) {
            self.submission.kind = Kind::Code;
            let name = self.submission.name.clone();
            let found = loose(&name, &bytes);
            self.add(found);
            return Ok(());
        }
        if !codesign::is_disk_image(&bytes) {
            let what = "is neither an app nor a disk image nor a program nor a folder";
            return Err(Failure::new(path, what, "name one of these; unpack an archive first"));
        }
        self.submission.kind = Kind::DiskImage;
        let credentials = codesign::image_credentials(&bytes);
        drop(bytes);
        self.submission.image = Some(Image { credentials, faults: image::faults(path, self.progress)? });
        self.submission.faults.extend(image::signature_faults(path, self.progress)?);
        image::unpacked(path, &options.temporary, self.progress, |volume| match volume {
            Ok(volume) => self.tree(volume),
            Err(why) => {
                self.submission.unread.push(hit("", why));
                Ok(())
            }
        })
    }

    /// Bundles as bundles, everything else file by file.
    fn tree(&mut self, root: &Path) -> Result<(), Failure> {
        let shown = self.submission.name.clone();
        let listing = bundle::list(root, |seen| self.progress.step("listing", &shown, seen, 0))?;
        self.submission.unread.extend(listing.problems.iter().map(|one| hit("", one.to_string())));
        let mut bundles: Vec<BundlePath> = Vec::new();
        for (path, node) in &listing.nodes {
            let is_inside = bundles.iter().any(|other| path.is_under(other));
            if *node == Node::Folder && !is_inside && is_bundle(&path.to_local(root)) {
                bundles.push(path.clone());
            }
        }
        for bundle in &bundles {
            self.app(&bundle.to_local(root), bundle.as_str())?;
        }
        let files = listing.nodes.iter().filter(|(path, node)| {
            matches!(node, Node::File { length: 1.., .. }) && !bundles.iter().any(|one| path.is_under(one))
        });
        let files: Vec<&BundlePath> = files.map(|(path, _)| path).collect();
        self.loose_files(root, "", &files)
    }

    /// Files by themselves: code, and what holds code.
    fn loose_files(&mut self, root: &Path, holder: &str, files: &[&BundlePath]) -> Result<(), Failure> {
        let found: Vec<Found> = files
            .par_iter()
            .map(|path| {
                self.progress.step("looking into", path.as_str(), 0, 0)?;
                let shown = preflight::inside(holder, path.as_str());
                Ok(inside::file(&shown, &path.to_local(root), self.progress)?)
            })
            .collect::<Result<_, Failure>>()?;
        found.into_iter().for_each(|one| self.add(one));
        Ok(())
    }

    fn add(&mut self, found: Found) {
        let submission = &mut self.submission;
        submission.codes.extend(found.codes);
        submission.faults.extend(found.faults);
        submission.packages.extend(found.packages);
        submission.unread.extend(found.unread);
        submission.opened += found.opened;
    }
}

/// What one file, and everything in it, adds to a submission.
#[derive(Default)]
struct Found {
    codes: Vec<Code>,
    faults: Vec<Hit>,
    packages: Vec<preflight::Package>,
    unread: Vec<Hit>,
    opened: usize,
}

/// Whether codesign would take the folder for an app or a bundle of another kind.
fn is_bundle(path: &Path) -> bool {
    path.join("Contents/Info.plist").is_file() || path.join("Contents/MacOS").is_dir()
}

fn hit(path: &str, message: impl Into<String>) -> Hit {
    Hit { path: path.to_owned(), archs: Vec::new(), message: message.into() }
}

/// The slices of one Mach-O file that carry signatures or should.
fn codes(path: &str, bytes: &[u8], file: &MachFile) -> Vec<Code> {
    let slices = file.slices.iter().zip(credentials(bytes, file));
    let signable = slices.filter_map(|(slice, credentials)| Some((slice, credentials?)));
    let code = |(slice, credentials): (&macho::Slice, _)| Code {
        path: path.to_owned(),
        arch: slice.arch,
        file_type: slice.file_type,
        platform: slice.build.map(|build| build.platform),
        sdk: slice.build.map(|build| build.sdk),
        credentials,
    };
    signable.map(code).collect()
}

/// One Mach-O file that is in no bundle, verified by itself.
fn loose(path: &str, bytes: &[u8]) -> Found {
    let codes = match macho::read(bytes) {
        Ok(file) => codes(path, bytes, &file),
        Err(why) => {
            let faults = vec![hit(path, format!("cannot be read as Mach-O: {why}"))];
            return Found { faults, ..Found::default() };
        }
    };
    // What is not signed is told as such.
    let faults = code_faults(bytes).into_iter().filter(|fault| fault.code != "unsigned");
    let faults = faults.map(|fault| Hit {
        path: path.to_owned(),
        archs: fault.arch.into_iter().collect(),
        message: fault.message,
    });
    Found { faults: faults.collect(), codes, ..Found::default() }
}
