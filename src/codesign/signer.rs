//! An identity at work: who signs, at what time, and who vouches for the time.

use std::fmt;
use std::sync::Arc;

use super::blob::{BLOB_HEADER, empty_requirements};
use super::cms::write::Signed;
use super::designated::Designated;
use super::embedded::Refusal;
use super::identity::Identity;
use super::timestamp::{self, TimestampServer};
use crate::failure::Failure;

/// Bytes kept free for a CMS signature, as Security's `signer.cpp` does: how long it is hangs on the timestamp, and the code
/// that is signed says how long its signature is.
const RESERVED: usize = 18_000;
/// Bytes of certificates that [`RESERVED`] has room for, beside a timestamp with its own.
const CERTIFICATES_IN_RESERVED: usize = 8_000;

/// Signs code directories with an identity.
#[derive(Clone)]
pub struct Signer {
    identity: Arc<Identity>,
    /// Seconds since 1970.
    time: u64,
    timestamps: Option<Arc<dyn TimestampServer>>,
}

impl Signer {
    /// Signs with `identity`, and says that it was at `time`, in seconds since 1970. `timestamps` is asked about each
    /// signature.
    ///
    /// # Errors
    /// [`Failure`] when code must not be signed with the identity at that time: see [`Identity::check`].
    pub fn new(
        identity: Identity,
        time: u64,
        timestamps: Option<Arc<dyn TimestampServer>>,
    ) -> Result<Signer, Failure> {
        identity.check(time)?;
        Ok(Signer { identity: Arc::new(identity), time, timestamps })
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The server that is asked for timestamps.
    pub fn timestamp_server(&self) -> Option<&str> {
        self.timestamps.as_deref().map(TimestampServer::name)
    }

    /// What about the identity keeps others from trusting what it signs.
    pub(super) fn warnings(&self) -> Vec<String> {
        let identity = self.identity();
        let mut warnings = Vec::new();
        if !identity.is_apples() {
            warnings.push(format!(
                "{} is not issued by Apple: Gatekeeper stops what it signs on other Macs, and notarization refuses it",
                identity.name()
            ));
        }
        if identity.is_incomplete() {
            let issuer = identity.certificates().last().and_then(|last| last.issuer_name.as_deref());
            warnings.push(format!(
                "the identity's file lacks the certificate of {}: append it, or a Mac that does not know it cannot check the \
                 signature (Apple's are at apple.com/certificateauthority)",
                issuer.unwrap_or("its issuer")
            ));
        }
        if identity.is_developer_id() && self.timestamps.is_none() {
            warnings.push("there will be no timestamp: notarization refuses the signature".to_owned());
        }
        warnings
    }

    /// The requirement set for code of this identifier.
    pub(super) fn requirements(&self, identifier: &str) -> Vec<u8> {
        Designated::of(identifier, &self.identity).set()
    }

    /// The designated requirement that code of this identifier carries, as text, if it is `requirements`.
    pub(super) fn requirement_text(&self, identifier: &str, requirements: &[u8]) -> Option<String> {
        let designated = Designated::of(identifier, &self.identity);
        (designated.set() == requirements).then(|| designated.text())
    }

    /// Bytes of the slot for the signature, known before there is one.
    pub(super) fn reserved(&self) -> usize {
        let certificates: usize = self.identity.certificates().iter().map(|one| one.der.len()).sum();
        BLOB_HEADER + RESERVED + certificates.saturating_sub(CERTIFICATES_IN_RESERVED)
    }

    /// The CMS signature over `directories`, of which the first is that of slot 0.
    pub(super) fn sign(&self, directories: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
        let signed = Signed::new(&self.identity, self.time, directories).ok_or_else(|| {
            let what = format!("could not be signed with {}", self.identity.path().display());
            Refusal::new(what, "export the identity again")
        })?;
        let token = self.timestamps.as_deref().map(|server| {
            timestamp::token(server, &signed.value).map_err(|why| {
                Refusal::new(
                    format!("got no timestamp: {} {why}", server.name()),
                    "try again later, name another server with --timestamp-url, or do without one with --timestamp-url none",
                )
            })
        });
        let cms = signed.encode(token.transpose()?.as_deref());
        if cms.len() + BLOB_HEADER > self.reserved() {
            return Err(Refusal::new(
                format!(
                    "has a signature of {} bytes, more than the {} kept for it",
                    cms.len(),
                    self.reserved()
                ),
                "name a timestamp server that sends fewer certificates",
            ));
        }
        Ok(cms)
    }
}

/// The requirement set of code that `signer` signs; ad hoc code has none to make.
pub(super) fn requirements(signer: Option<&Signer>, identifier: &str) -> Vec<u8> {
    signer.map_or_else(empty_requirements, |signer| signer.requirements(identifier))
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("identity", &self.identity)
            .field("time", &self.time)
            .field("timestamps", &self.timestamp_server())
            .finish()
    }
}

impl PartialEq for Signer {
    fn eq(&self, other: &Self) -> bool {
        (&self.identity, self.time, self.timestamp_server())
            == (&other.identity, other.time, other.timestamp_server())
    }
}

impl Eq for Signer {}
