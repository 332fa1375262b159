//! The flags of whoever signs with an identity: `sign` and `dmg`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::answer::Trouble;
use super::session::Session;
use crate::codesign::Signer;
use crate::failure::Failure;
use crate::workflow::{Password, SignRequest, Timestamps};

/// Bytes beyond which a file is no password's.
const LONGEST_PASSWORD: u64 = 64 << 10;

#[derive(Args)]
pub struct IdentityArgs {
    /// Sign with this identity: PKCS#12 (.p12, .pfx), or PEM with the private key and its certificates.
    #[arg(long, value_name = "FILE.p12")]
    pub identity: Option<PathBuf>,
    /// A file with the identity's password; a line feed at its end is left out.
    #[arg(long, value_name = "FILE", requires = "identity")]
    password_file: Option<PathBuf>,
    /// Whose timestamps to get: by default Apple's for a Developer ID, and none for other identities.
    #[arg(long, value_name = "URL|none")]
    timestamp_url: Option<String>,
}

impl IdentityArgs {
    /// Who signs, and when. What else is asked of the signature is left as usual.
    pub fn request(&self, session: &Session) -> Result<SignRequest, Trouble> {
        let password = self.password_file.as_deref().map(read_password).transpose()?;
        Ok(SignRequest {
            identity: self.identity.clone(),
            password: password.unwrap_or_default(),
            timestamps: match self.timestamp_url.as_deref() {
                None => Timestamps::Usual,
                Some("none") => Timestamps::Nobody,
                Some(url) => Timestamps::Server(url.to_owned()),
            },
            proxy: session.environment.http_proxy.clone(),
            time: session.source_date()?.unwrap_or(session.environment.now),
            ..SignRequest::default()
        })
    }
}

/// Who signs.
#[derive(Serialize)]
pub struct IdentityJson<'a> {
    name: &'a str,
    team: Option<&'a str>,
    /// The names of the certificates, the leaf first.
    authorities: Vec<&'a str>,
    timestamp_url: Option<&'a str>,
}

impl<'a> IdentityJson<'a> {
    pub fn new(signer: &'a Signer) -> Self {
        let identity = signer.identity();
        IdentityJson {
            name: identity.name(),
            team: identity.team(),
            authorities: identity.certificates().iter().map(|one| one.name()).collect(),
            timestamp_url: signer.timestamp_server(),
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
