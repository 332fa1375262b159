//! `sign`: sign a bundle or a Mach-O file, ad hoc or with an identity.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, Trouble};
use super::later::not_yet;
use super::render::{CAREFUL, FAINT, GOOD, Page, count};
use super::session::Session;
use crate::codesign::{self, SignKind, SignPlan, SignStep};
use crate::failure::Failure;
use crate::workflow::{self, Password, SignRequest, Signed, Timestamps};

/// Bytes beyond which a file is no password's.
const LONGEST_PASSWORD: u64 = 64 << 10;

/// Sign a bundle or a Mach-O file; ad hoc by default.
#[derive(Args)]
pub struct Sign {
    /// The .app or Mach-O file.
    #[arg(value_name = "BUNDLE|MACHO")]
    path: PathBuf,
    /// Sign with this identity: PKCS#12 (.p12, .pfx), or PEM with the private key and its certificates.
    #[arg(long, value_name = "FILE.p12")]
    identity: Option<PathBuf>,
    /// A file with the identity's password; a line feed at its end is left out.
    #[arg(long, value_name = "FILE", requires = "identity")]
    password_file: Option<PathBuf>,
    /// Entitlements for the app's main executable, in place of those it has. Helpers keep theirs.
    #[arg(long, value_name = "FILE")]
    entitlements: Option<PathBuf>,
    /// Turn on the hardened runtime in all code; without it, it stays where it is on and can be.
    #[arg(long)]
    hardened_runtime: bool,
    /// Whose timestamps to get: by default Apple's for a Developer ID, and none for other identities.
    #[arg(long, value_name = "URL|none")]
    timestamp_url: Option<String>,
    /// Print the plan and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct SignJson<'a> {
    schema: u32,
    name: &'a str,
    signed: bool,
    identity: Option<IdentityJson<'a>>,
    steps: Vec<StepJson<'a>>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct IdentityJson<'a> {
    name: &'a str,
    team: Option<&'a str>,
    /// The names of the certificates, the leaf first.
    authorities: Vec<&'a str>,
    timestamp_url: Option<&'a str>,
}

#[derive(Serialize)]
struct StepJson<'a> {
    path: &'a str,
    kind: &'static str,
    identifier: &'a str,
    flags: Vec<&'static str>,
    keeps: &'a [String],
    adds: &'a [String],
    drops: &'a [String],
    warnings: &'a [String],
}

impl Sign {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        if self.path.is_file() && self.path.extension().is_some_and(|end| end.eq_ignore_ascii_case("dmg")) {
            return Err(not_yet("signing a disk image"));
        }
        let options = self.request(session)?.read()?;
        let signed = match self.dry_run {
            true => workflow::plan_signing(&self.path, &options, &session.progress())?,
            false => workflow::sign(&self.path, &options, &session.progress())?,
        };
        Ok(Answer::done(if self.json { self.in_json(&signed) } else { self.in_text(&signed) }))
    }

    fn request(&self, session: &Session) -> Result<SignRequest, Trouble> {
        let password = self.password_file.as_deref().map(read_password).transpose()?;
        Ok(SignRequest {
            identity: self.identity.clone(),
            password: password.unwrap_or_default(),
            entitlements: self.entitlements.clone(),
            hardened_runtime: self.hardened_runtime,
            timestamps: match self.timestamp_url.as_deref() {
                None => Timestamps::Usual,
                Some("none") => Timestamps::Nobody,
                Some(url) => Timestamps::Server(url.to_owned()),
            },
            proxy: session.environment.http_proxy.clone(),
            time: session.source_date()?.unwrap_or(session.environment.now),
        })
    }

    fn in_json(&self, signed: &Signed) -> String {
        let identity = signed.plan.signer.as_ref().map(|signer| IdentityJson {
            name: signer.identity().name(),
            team: signer.identity().team(),
            authorities: signer.identity().certificates().iter().map(|one| one.name()).collect(),
            timestamp_url: signer.timestamp_server(),
        });
        let json = SignJson {
            schema: 1,
            name: &signed.name,
            signed: !self.dry_run,
            identity,
            steps: signed.plan.steps.iter().map(StepJson::new).collect(),
            warnings: &signed.plan.warnings,
        };
        // Strings, numbers and lists of them always serialise.
        serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
    }

    fn in_text(&self, signed: &Signed) -> String {
        let SignPlan { steps, signer, warnings } = &signed.plan;
        let mut page = Page::default();
        for step in steps {
            let path = if step.path.is_root() { signed.name.as_str() } else { step.path.as_str() };
            page.put(path).paint(FAINT, format!(" as {}", step.identifier)).end();
            for (word, texts) in [("keeps", &step.keeps), ("gets", &step.adds)] {
                texts.iter().for_each(|text| page.paint(FAINT, format!("  {word}: {text}")).end());
            }
            for (word, texts) in [("loses", &step.drops), ("mind", &step.warnings)] {
                texts.iter().for_each(|text| page.paint(CAREFUL, format!("  {word}: {text}")).end());
            }
        }
        warnings.iter().for_each(|text| page.paint(CAREFUL, format!("mind: {text}")).end());
        let how = match signer {
            Some(signer) => format!("signed by {}", signer.identity().name()),
            None => "signed ad hoc".to_owned(),
        };
        page.put(self.path.display()).put(": ");
        match self.dry_run {
            true => page.put(format!("would be {how}")),
            false => page.paint(GOOD, how),
        };
        page.put(format!(", {}", count(steps.len(), "signature"))).end();
        page.into_text()
    }
}

impl<'a> StepJson<'a> {
    fn new(step: &'a SignStep) -> Self {
        StepJson {
            path: step.path.as_str(),
            kind: match step.kind {
                SignKind::Code => "code",
                SignKind::Bundle => "bundle",
            },
            identifier: &step.identifier,
            flags: codesign::flag_names(step.flags),
            keeps: &step.keeps,
            adds: &step.adds,
            drops: &step.drops,
            warnings: &step.warnings,
        }
    }
}

/// The text of the file without one line feed at its end.
fn read_password(path: &Path) -> Result<Password, Failure> {
    let refuse =
        |what: &str| Failure::new(path, what, "name a file that holds the password and nothing else");
    if fs::metadata(path).is_ok_and(|about| about.len() > LONGEST_PASSWORD) {
        return Err(refuse("is too long for a password"));
    }
    let bytes = fs::read(path).map_err(|error| Failure::io(path, "read", &error))?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("holds no text in UTF-8"))?;
    Ok(Password::from_lines(text))
}
