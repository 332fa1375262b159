//! Checks a bundle's seal: every file, link and nested code against CodeResources
//! (Security, `SecStaticCode::validateResources` and `validateNestedCode`).

use std::collections::{BTreeMap, BTreeSet};

use super::SealProblem;
use super::check_code::{CodeReport, Digests, Identity};
use super::digest::HashType;
use super::layout::{KnownBundle, bundles_at, children, current_version, innermost};
use super::plan::{leads_well, may_stand_beside_contents};
use super::requirement::{Verdict, parse};
use super::seal::{CodeResources, Item, Met, Seal, includes, items};
use crate::bundle::{Bundle, Node};
use crate::macho::Arch;
use crate::paths::BundlePath;

/// `errSecCSBadResource`.
const BAD_RESOURCE: &str = "a sealed resource is missing or invalid";
/// `errSecCSBadNestedCode`.
const BAD_NESTED: &str = "nested code is modified or invalid";
/// `errSecCSBadBundleFormat`.
const BAD_FORMAT: &str = "bundle format unrecognized, invalid, or unsuitable";
/// `errSecCSResourcesInvalid`.
const BAD_SEAL: &str = "the sealed resource directory is invalid";
/// `errSecCSInvalidAssociatedFileData`.
const DETRITUS: &str = "resource fork, Finder information, or similar detritus not allowed";
/// `errSecCSUnsealedFrameworkRoot`.
const FRAMEWORK_ROOT: &str = "unsealed contents present in the root directory of an embedded framework";
/// `errSecCSUnsigned`.
const UNSIGNED: &str = "code object is not signed at all";

/// What all seals of a bundle are checked against.
pub(super) struct Facts<'a> {
    pub model: &'a Bundle,
    pub known: &'a [KnownBundle],
    /// Of Mach-O files by their path, of bundles signed in files by the bundle's.
    pub reports: &'a BTreeMap<BundlePath, CodeReport>,
    /// Of every file that a seal names.
    pub digests: &'a BTreeMap<BundlePath, Digests>,
    /// Files and folders that carry what codesign allows on none, and what that is.
    pub detritus: &'a BTreeMap<BundlePath, String>,
    /// Every seal that can be read.
    pub seals: &'a [(&'a KnownBundle, &'a CodeResources)],
}

/// One seal under check.
pub(super) struct SealCheck<'a> {
    facts: &'a Facts<'a>,
    one: &'a KnownBundle,
    seal: &'a CodeResources,
    /// Those of the code directories that seal it: every file must bear each of them.
    hashes: BTreeSet<HashType>,
    pub checks: u64,
    pub problems: Vec<SealProblem>,
}

impl<'a> SealCheck<'a> {
    pub fn new(
        facts: &'a Facts<'a>,
        one: &'a KnownBundle,
        seal: &'a CodeResources,
        report: Option<&CodeReport>,
    ) -> Self {
        let identities = report.into_iter().flat_map(CodeReport::identities);
        let hashes = identities.flat_map(|identity| identity.hashes.iter().copied()).collect();
        SealCheck { facts, one, seal, hashes, checks: 0, problems: Vec::new() }
    }

    pub fn run(&mut self) {
        let model = self.facts.model;
        self.check_rules();
        self.check_root();
        let mut missing: BTreeSet<&str> = self.seal.files2.keys().map(String::as_str).collect();
        let items = items(&model.nodes, &self.one.bundle, self.one.executable.as_ref(), &self.seal.rules2);
        for item in &items {
            missing.remove(item.inside);
            self.checks += 1;
            if let Some(what) = self.facts.detritus.get(item.path) {
                self.report(item.path, "detritus", DETRITUS, what);
            }
            match self.seal.files2.get(item.inside) {
                _ if item.met == Met::NotAllowed => {
                    self.report(item.path, "not-allowed", BAD_RESOURCE, "it can stand in no bundle")
                }
                None if item.met == Met::FolderAmongCode
                    && bundles_at(&model.nodes, item.path).is_empty() =>
                {
                    let how = "among code a folder with a dot in its name must be a bundle";
                    self.report(item.path, "bundle-format", BAD_FORMAT, how);
                }
                None => self.report(item.path, "sealed-resource-added", BAD_RESOURCE, "file added"),
                Some(seal) => self.check_item(item, seal),
            }
        }
        for inside in missing {
            self.checks += 1;
            let optional = self.seal.files2.get(inside).is_some_and(Seal::is_optional);
            let path = BundlePath::new(inside).map(|inside| self.one.bundle.base.join(inside.as_str()));
            if !optional {
                let path = path.unwrap_or_else(|| self.one.bundle.path.clone());
                self.report(&path, "sealed-resource-missing", BAD_RESOURCE, "file missing");
            }
        }
        self.check_signature_folder();
    }

    fn check_rules(&mut self) {
        self.checks += 1;
        if self.seal.rules2.are_weak(self.one.bundle.has_resources_folder(&self.facts.model.nodes)) {
            let path = self.one.bundle.code_resources();
            self.report(
                &path,
                "weak-rules",
                "resource envelope is obsolete (custom omit rules)",
                "its rules leave files out",
            );
        }
    }

    /// Nothing may stand beside `Contents`.
    fn check_root(&mut self) {
        let bundle = &self.one.bundle;
        if bundle.base.file_name() != "Contents" {
            return;
        }
        for (path, node) in children(&self.facts.model.nodes, &bundle.folder) {
            self.checks += 1;
            let plain = match node {
                Node::File { mode, .. } => mode & 0o111 == 0,
                _ => *path == bundle.base,
            };
            if !plain || !may_stand_beside_contents(path.file_name()) {
                self.report(
                    path,
                    "unsealed-root",
                    "unsealed contents present in the bundle root",
                    path.file_name(),
                );
            }
        }
    }

    fn check_item(&mut self, item: &Item, seal: &Seal) {
        let node = self.facts.model.nodes.get(item.path);
        match (seal, node) {
            (Seal::Code { .. }, Some(Node::Link { .. })) => {
                self.report(
                    item.path,
                    "sealed-resource-modified",
                    BAD_RESOURCE,
                    "sealed as code but is a link",
                );
            }
            (Seal::Code { cdhash, requirement }, _) => self.check_nested(item.path, cdhash, requirement),
            (Seal::Link { target, .. }, Some(Node::Link { target: found })) if target == found => {
                self.check_link(item.path);
            }
            (Seal::Link { target, .. }, _) => {
                let how = format!("sealed as a link to {target}");
                self.report(item.path, "sealed-resource-modified", BAD_RESOURCE, &how);
            }
            (Seal::File { sha1, sha256, .. }, Some(Node::File { .. })) => {
                if let Some(how) = self.difference(item.path, sha1.as_deref(), sha256.as_deref()) {
                    self.report(item.path, "sealed-resource-modified", BAD_RESOURCE, how);
                }
            }
            (Seal::File { .. }, _) => {
                self.report(
                    item.path,
                    "sealed-resource-modified",
                    BAD_RESOURCE,
                    "sealed as a file but is none",
                );
            }
        }
    }

    /// A file bears the hash of each kind that its seal's code directories are of; other hashes are not looked at
    /// (`ResourceSeal::hash`, with SHA-1 in the place of what is not there).
    fn difference(
        &self,
        path: &BundlePath,
        sha1: Option<&[u8]>,
        sha256: Option<&[u8]>,
    ) -> Option<&'static str> {
        let Some(found) = self.facts.digests.get(path) else { return Some("file cannot be read") };
        let needs = |hash| self.hashes.contains(&hash);
        let needs_strong = self.hashes.iter().any(|hash| *hash != HashType::Sha1);
        match () {
            () if needs_strong && sha256.is_none() => Some("its seal holds no SHA-256 hash"),
            () if needs_strong && found.sha256.as_deref() != sha256 => Some("file modified"),
            () if needs(HashType::Sha1) && found.sha1.as_deref() != sha1 => Some("file modified"),
            () => None,
        }
    }

    fn check_link(&mut self, path: &BundlePath) {
        const INVALID: &str = "invalid destination for symbolic link in bundle";
        self.checks += 1;
        if !leads_well(self.facts.model, path) {
            return self.report(path, "invalid-link", INVALID, "it leads to nothing in the bundle");
        }
        let Some(target) = self.facts.model.real_path(path) else { return };
        if !self.is_sealed_place(&target) {
            let how = format!("it leads to {target}, which no seal covers");
            self.report(path, "invalid-link", INVALID, &how);
        }
    }

    /// Whether the innermost of the seals around `target`, from this one outwards, covers it
    /// (`SecStaticCode::validateSymlinkResource`).
    fn is_sealed_place(&self, target: &BundlePath) -> bool {
        let mut scope = Some(self.one);
        while let Some(one) = scope {
            if let Some(inside) = target.strip_prefix(&one.bundle.base) {
                let seal = self.facts.seals.iter().find(|(other, _)| other.bundle == one.bundle);
                let executable = one.executable.as_ref() == Some(target);
                return executable || seal.is_none_or(|(_, seal)| includes(&seal.rules2, inside));
            }
            scope = innermost(self.facts.known, &one.bundle.folder);
        }
        false
    }

    fn check_nested(&mut self, path: &BundlePath, cdhash: &[u8], requirement: &str) {
        let nodes = &self.facts.model.nodes;
        if !matches!(nodes.get(path), Some(Node::Folder)) {
            let report = self.facts.reports.get(path);
            return self.check_identities(path, path, report, cdhash, requirement);
        }
        let Some(current) = current_version(nodes, path) else {
            return self.report(path, "bundle-format", BAD_FORMAT, "nested code was sealed here");
        };
        self.check_framework(path);
        for version in bundles_at(nodes, path) {
            let known = self.facts.known.iter().find(|one| one.bundle == version);
            let code = known.filter(|one| one.has_code).and_then(|one| one.executable.as_ref());
            let report = self.facts.reports.get(code.unwrap_or(&version.path));
            // Only the current version is what the hash names; the others have to meet the requirement alone.
            let cdhash = if version.path == current.path { cdhash } else { &[] };
            self.check_identities(path, &version.path, report, cdhash, requirement);
        }
    }

    fn check_identities(
        &mut self,
        path: &BundlePath,
        signed: &BundlePath,
        report: Option<&CodeReport>,
        cdhash: &[u8],
        requirement: &str,
    ) {
        let Some(report) = report.filter(|report| report.identities().next().is_some()) else {
            return self.report(
                signed,
                "nested-unsigned",
                UNSIGNED,
                &format!("sealed as code {}", self.in_seal()),
            );
        };
        let mut verdicts = Vec::new();
        for (arch, identity) in &report.slices {
            self.checks += 1;
            match identity {
                None if !report_has(report, *arch, "unsigned") => {
                    self.report_arch(
                        signed,
                        Some(*arch),
                        "nested-unsigned",
                        UNSIGNED,
                        &format!("sealed as code {}", self.in_seal()),
                    );
                }
                None => {}
                Some(identity) => match parse(requirement).map(|read| read.evaluate(&identity.subject())) {
                    None => {
                        self.report(path, "seal-malformed", BAD_SEAL, "its sealed requirement cannot be read")
                    }
                    Some(Verdict::No) => self.report_requirement(signed, *arch, identity, requirement),
                    Some(verdict) => verdicts.push((verdict, identity)),
                },
            }
        }
        // Where the requirement hangs on certificates, which are not looked at, the sealed hash has to do.
        let unknown =
            !verdicts.is_empty() && verdicts.iter().all(|(verdict, _)| *verdict == Verdict::Unknown);
        let named = cdhash.is_empty()
            || verdicts.iter().any(|(_, identity)| identity.cdhash.is_some_and(|own| own.0 == cdhash));
        if unknown && !named {
            let how = format!("it is not the code that was sealed {}", self.in_seal());
            self.report(signed, "nested-requirement", BAD_NESTED, &how);
        }
    }

    fn report_requirement(&mut self, path: &BundlePath, arch: Arch, identity: &Identity, requirement: &str) {
        let what = if identity.has_cms || !requirement.starts_with("cdhash") {
            format!("it is not what {requirement} asks for")
        } else {
            "it was changed or replaced after it was sealed".to_owned()
        };
        self.report_arch(
            path,
            Some(arch),
            "nested-requirement",
            BAD_NESTED,
            &format!("{what} {}", self.in_seal()),
        );
    }

    /// A framework holds `Versions` and links into `Versions/Current`, nothing else.
    fn check_framework(&mut self, folder: &BundlePath) {
        let nodes = &self.facts.model.nodes;
        let versions = folder.join("Versions");
        if nodes.get(&versions) != Some(&Node::Folder) {
            return;
        }
        self.checks += 1;
        let Some(Node::Link { target: current }) = nodes.get(&versions.join("Current")) else {
            let words = "bundle format is ambiguous (could be app or framework)";
            return self.report(folder, "framework-structure", words, "Versions/Current is not a link");
        };
        if !is_name_of_version(current) {
            let how = format!("Versions/Current leads to {current}, which is no version");
            return self.report(&versions.join("Current"), "framework-structure", FRAMEWORK_ROOT, &how);
        }
        let namesake = |name: &str, target: &str| {
            let target = target.strip_prefix("./").unwrap_or(target);
            [current, "Current"].iter().any(|version| target == format!("Versions/{version}/{name}"))
        };
        let plain = |mode: &u32| mode & 0o111 == 0;
        let at_top = children(nodes, folder).filter(|(path, node)| match node {
            Node::Link { target } => !namesake(path.file_name(), target),
            Node::File { mode, .. } => {
                !(matches!(path.file_name(), ".DS_Store" | "module.map") && plain(mode))
            }
            Node::Folder => **path != versions,
            Node::Other => true,
        });
        let in_versions = children(nodes, &versions).filter(|(path, node)| match (path.file_name(), node) {
            ("Current", _) | (_, Node::Folder) => false,
            (".DS_Store", Node::File { mode, .. }) => !plain(mode),
            _ => true,
        });
        let strays: Vec<&BundlePath> = at_top.chain(in_versions).map(|(path, _)| path).collect();
        for path in strays {
            self.report(path, "framework-structure", FRAMEWORK_ROOT, path.file_name());
        }
    }

    fn check_signature_folder(&mut self) {
        const DETACHED: [&str; 7] = [
            "CodeSignature",
            "CodeDirectory",
            "CodeRequirements",
            "CodeRequirements-1",
            "CodeEntitlements",
            "CodeEntitlementDER",
            "CodeTopDirectory",
        ];
        for (path, node) in children(&self.facts.model.nodes, &self.one.bundle.signature_folder()) {
            self.checks += 1;
            let name = path.file_name();
            // Beside embedded signatures CodeSignature may stand empty, as old codesign left it.
            let known = name == "CodeResources"
                || !self.one.has_code && DETACHED.contains(&name)
                || name == "CodeSignature" && matches!(node, Node::File { length: 0, .. });
            if !known || !matches!(node, Node::File { .. }) {
                self.report(path, "sealed-resource-added", BAD_RESOURCE, "file added to _CodeSignature");
            }
        }
    }

    fn in_seal(&self) -> String {
        match self.one.bundle.path.as_str() {
            "" => "(in the app's seal)".to_owned(),
            path => format!("(in the seal of {path})"),
        }
    }

    fn report(&mut self, path: &BundlePath, code: &'static str, words: &str, how: &str) {
        self.report_arch(path, None, code, words, how);
    }

    fn report_arch(
        &mut self,
        path: &BundlePath,
        arch: Option<Arch>,
        code: &'static str,
        words: &str,
        how: &str,
    ) {
        let message = format!("{words}: {how}");
        self.problems.push(SealProblem { path: path.clone(), arch, code, message });
    }
}

/// `^(\./)?(\.\.[^/]+|\.?[^\./][^/]*)$` of `BundleDiskRep::validateFrameworkRoot`: one name, which is not `.` or `..`.
fn is_name_of_version(target: &str) -> bool {
    let name = target.strip_prefix("./").unwrap_or(target);
    !name.contains('/') && !matches!(name, "" | "." | "..")
}

fn report_has(report: &CodeReport, arch: Arch, code: &str) -> bool {
    report.faults.iter().any(|fault| fault.arch == Some(arch) && fault.code == code)
}
