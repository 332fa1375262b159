//! One signature decided: what of the old one stays, what comes, what goes.

use std::collections::BTreeSet;

use super::code_directory::{CS_ADHOC, CS_LINKER_SIGNED, CS_REQUIRE_LV, CS_RUNTIME};
use super::entitlements::{DISABLE_LIBRARY_VALIDATION, Entitlements, Kept};
use super::plan::{COMMAND_SIZE, is_executable};
use super::{SignKind, SignOptions, SignStep, identifier};
use crate::bundle::Image;
use crate::macho::{SignatureState, Slice};
use crate::paths::BundlePath;

/// CS_HARD, CS_KILL, CS_RESTRICT, CS_ENFORCEMENT: what code asks of the kernel for itself, which needs no identity.
const FLAGS_THAT_STAY: u32 = 0x1b00;
const GET_TASK_ALLOW: [&str; 2] = ["com.apple.security.get-task-allow", "get-task-allow"];

/// What is to be signed.
pub(super) struct Subject<'a> {
    pub path: &'a BundlePath,
    pub kind: SignKind,
    /// The code itself; a bundle may have none.
    pub image: Option<&'a Image>,
    /// What it is called if its old signature does not say.
    pub name: &'a str,
    /// The XML of its old signature.
    pub old_entitlements: Option<Vec<u8>>,
    /// Whether there is a provisioning profile for it; `None` when nobody can tell yet.
    pub has_profile: Option<bool>,
    /// Whether it is what [`SignOptions::entitlements`] are for.
    pub is_main: bool,
    /// Whether there are libraries that it could load.
    pub has_libraries: bool,
}

/// Whether a process with these entitlements loads libraries of anybody.
pub(super) fn may_load_any_library(entitlements: Option<&Entitlements>) -> bool {
    entitlements.is_some_and(|kept| kept.is_true(DISABLE_LIBRARY_VALIDATION))
}

/// A step in the making.
struct Draft<'a> {
    subject: &'a Subject<'a>,
    options: &'a SignOptions,
    old: Vec<&'a Slice>,
    flags: u32,
    keeps: Vec<String>,
    adds: Vec<String>,
    drops: Vec<String>,
    warnings: Vec<String>,
}

pub(super) fn decide(subject: &Subject, options: &SignOptions) -> SignStep {
    let slices = subject.image.map(|image| &image.file.slices[..]).unwrap_or_default();
    let has_some =
        |slice: &&Slice| matches!(slice.signature.state, SignatureState::Adhoc | SignatureState::Cms);
    let mut draft = Draft {
        subject,
        options,
        old: slices.iter().filter(has_some).collect(),
        flags: if options.signer.is_some() { 0 } else { CS_ADHOC },
        keeps: Vec::new(),
        adds: Vec::new(),
        drops: Vec::new(),
        warnings: Vec::new(),
    };
    let identifier = draft.identifier();
    draft.identities();
    let entitlements = draft.entitlements();
    draft.decide_flags(entitlements.as_ref());
    draft.warn_of_tight_headers(slices);
    let Draft { flags, keeps, adds, drops, warnings, .. } = draft;
    let (path, kind) = (subject.path.clone(), subject.kind);
    SignStep { path, kind, identifier, flags, entitlements, keeps, adds, drops, warnings }
}

impl Draft<'_> {
    fn team(&self) -> Option<&str> {
        self.options.signer.as_ref().and_then(|signer| signer.identity().team())
    }

    fn identifier(&mut self) -> String {
        let Subject { name, image, .. } = *self.subject;
        let old = self.old.iter().find_map(|slice| slice.signature.identifier.as_deref());
        // With an identity the mark that makes an ad hoc identifier unique is of no use.
        let is_made_unique = |old: &&str| {
            self.options.signer.is_some() && *old == identifier::unique(name, image) && *old != name
        };
        match old.filter(|old| identifier::is_usable(old) && !is_made_unique(old)) {
            Some(old) => {
                self.keeps.push("identifier".to_owned());
                old.to_owned()
            }
            None if self.options.signer.is_some() => name.to_owned(),
            None => identifier::unique(name, image),
        }
    }

    /// The identities behind the old signatures, each once.
    fn identities(&mut self) {
        let team = self.team().map(str::to_owned);
        let with_cms = self.old.iter().filter(|slice| slice.signature.state == SignatureState::Cms);
        let teams: BTreeSet<Option<&str>> = with_cms.map(|slice| slice.signature.team.as_deref()).collect();
        for old in teams {
            match old {
                Some(old) if Some(old) == team.as_deref() => self.keeps.push(format!("team {old}")),
                Some(old) => self.drops.push(format!("signature of team {old}")),
                None => self.drops.push("signature with a certificate".to_owned()),
            }
        }
    }

    fn entitlements(&mut self) -> Option<Entitlements> {
        let is_executable = self.subject.image.is_some_and(is_executable);
        let given = self.options.entitlements.as_ref().filter(|_| self.subject.is_main && is_executable);
        let entitlements = match given {
            Some(given) => self.given(given),
            None => self.kept(),
        };
        let signs_developer_id =
            self.options.signer.as_ref().is_some_and(|signer| signer.identity().is_developer_id());
        let debugged =
            GET_TASK_ALLOW.iter().find(|key| entitlements.as_ref().is_some_and(|all| all.is_true(key)));
        if let Some(key) = debugged.filter(|_| signs_developer_id) {
            self.warnings.push(format!(
                "{key} lets a debugger in, and notarization refuses it: sign with entitlements without it"
            ));
        }
        entitlements
    }

    fn given(&mut self, given: &Entitlements) -> Option<Entitlements> {
        self.adds.push(format!("{} as given", counted(given.len())));
        let old = self
            .subject
            .old_entitlements
            .as_deref()
            .and_then(|xml| Entitlements::keep(xml, true).entitlements);
        let gone: Vec<&String> =
            old.iter().flat_map(|old| old.keys().map(|(key, _)| key)).filter(|key| !given.has(key)).collect();
        self.drops.extend(gone.iter().map(|key| format!("entitlement {key}")));
        let granted = self.granted();
        for key in given.restricted() {
            self.warnings.push(match granted {
                true => self.needs_grant(key),
                false => format!("{key} needs a provisioning profile and a certificate of Apple's: macOS kills the program at launch"),
            });
        }
        (given.len() > 0).then(|| given.clone())
    }

    fn kept(&mut self) -> Option<Entitlements> {
        let granted = self.granted();
        let kept = self.subject.old_entitlements.as_deref().map(|xml| Entitlements::keep(xml, granted));
        let Kept { entitlements, restricted, unreadable } = kept.unwrap_or_default();
        let count = entitlements.as_ref().map_or(0, Entitlements::len);
        if count > 0 {
            self.keeps.push(counted(count));
        }
        for key in &restricted {
            if granted {
                self.warnings.push(self.needs_grant(key));
            } else {
                self.drops.push(format!("entitlement {key}"));
                self.warnings
                    .push(format!("{key} needs a provisioning profile: what it allows stops working"));
            }
        }
        if let Some(why) = &unreadable {
            self.drops.push("entitlements".to_owned());
            self.warnings.push(format!("the entitlements are lost: {why}"));
        }
        entitlements
    }

    /// Whether a provisioning profile may grant what only it can.
    fn granted(&self) -> bool {
        let is_apples = self.options.signer.as_ref().is_some_and(|signer| signer.identity().is_apples());
        is_apples && self.subject.has_profile != Some(false)
    }

    fn needs_grant(&self, key: &str) -> String {
        match self.subject.has_profile {
            Some(_) => format!(
                "{key} has to be granted to this certificate by embedded.provisionprofile: else macOS kills the program at launch"
            ),
            None => {
                format!("{key} needs a provisioning profile: without one macOS kills the program at launch")
            }
        }
    }

    /// The hardened runtime and library validation compare teams, and code without one is of no team, not of the same.
    fn decide_flags(&mut self, entitlements: Option<&Entitlements>) {
        let old = self.old.iter().fold(0, |flags, slice| flags | slice.signature.flags) & !CS_LINKER_SIGNED;
        self.flags |= old & FLAGS_THAT_STAY;
        let may_load_any = may_load_any_library(entitlements);
        let who = if self.options.signer.is_some() {
            "a certificate without a team"
        } else {
            "an ad hoc signature"
        };
        let was_hardened = old & CS_RUNTIME != 0;
        if was_hardened && !self.options.hardened_runtime && self.team().is_none() && !may_load_any {
            self.drops.push(format!("hardened runtime ({who} cannot keep it with bundled libraries)"));
        } else if was_hardened || self.options.hardened_runtime {
            self.flags |= CS_RUNTIME;
            let said = if was_hardened { &mut self.keeps } else { &mut self.adds };
            said.push("hardened runtime".to_owned());
            let refuses = self.team().is_none() && !may_load_any && self.subject.has_libraries;
            if refuses && self.subject.image.is_some_and(is_executable) {
                self.warnings.push(format!(
                    "with the hardened runtime and {who} macOS refuses the bundle's libraries (mapping process and mapped \
                     file (non-platform) have different Team IDs): sign with a Developer ID, or with the entitlement \
                     {DISABLE_LIBRARY_VALIDATION}"
                ));
            }
        }
        if old & CS_REQUIRE_LV != 0 {
            if self.team().is_some() {
                self.flags |= CS_REQUIRE_LV;
                self.keeps.push("library validation".to_owned());
            } else {
                let who = if self.options.signer.is_some() { who } else { "ad hoc code" };
                self.drops.push(format!("library validation ({who} has no team to compare)"));
            }
        }
    }

    fn warn_of_tight_headers(&mut self, slices: &[Slice]) {
        let tight = |slice: &&Slice| {
            slice.signature.state == SignatureState::None && slice.header_room < COMMAND_SIZE
        };
        if let Some(slice) = slices.iter().find(tight) {
            self.warnings.push(format!(
                "the {} header has no room for LC_CODE_SIGNATURE: signing will refuse it; relink with -Wl,-headerpad,0x20",
                slice.arch
            ));
        }
    }
}

fn counted(entitlements: usize) -> String {
    if entitlements == 1 { "1 entitlement".to_owned() } else { format!("{entitlements} entitlements") }
}
