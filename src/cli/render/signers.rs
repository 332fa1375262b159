//! Who signed, in the words of `codesign -dvv`, and as JSON.

use serde::Serialize;

use super::{CAREFUL, FAINT, Page, count};
use crate::codesign::{Authority, SignedBy, iso_time, moment};

/// Each signer once; `all` signatures there are.
pub fn signers(page: &mut Page, signers: &[SignedBy], all: usize) {
    for signer in signers {
        match &signer.authority {
            Some(authority) => {
                for name in &authority.names {
                    page.put(format!("Authority={name}")).end();
                }
                // What codesign shows of the two, too.
                match (signer.timestamps, signer.signed_times) {
                    (Some(times), _) => page.put(format!("Timestamp={}", span(times))).end(),
                    (None, Some(times)) => page.put(format!("Signed Time={}", span(times))).end(),
                    (None, None) => {}
                }
            }
            None if signer.ad_hoc => page.put("Signature=adhoc").end(),
            None => page.put("Signature=").paint(CAREFUL, "cannot be read").end(),
        }
        page.put(format!("TeamIdentifier={}", signer.team.as_deref().unwrap_or("not set"))).end();
        if let Some(note) = signer.authority.as_ref().and_then(anchor) {
            page.put("  ").paint(CAREFUL, note).end();
        }
        if signers.len() > 1 {
            page.put("  ")
                .paint(FAINT, format!("{} of {}", signer.codes.len(), count(all, "signature")))
                .end();
        }
    }
}

fn span((from, to): (u64, u64)) -> String {
    if from == to { moment(from) } else { format!("{} to {}", moment(from), moment(to)) }
}

/// What a reader has to know about the end of a chain that does not lead to Apple.
fn anchor(authority: &Authority) -> Option<String> {
    let last = authority.names.last()?;
    match (authority.is_apples, authority.is_whole) {
        (true, _) => None,
        (false, true) => Some(format!("not anchored at Apple: the chain ends at {last}")),
        (false, false) => Some(format!("the chain ends at {last}; who issued that is not in the signature")),
    }
}

/// One signer of the document.
#[derive(Serialize)]
pub struct SignerJson<'a> {
    /// Names of the certificates, from the signer's up.
    authority: &'a [String],
    ad_hoc: bool,
    team: Option<&'a str>,
    anchored_at_apple: bool,
    /// Whether the chain leads to a root.
    complete: bool,
    /// First and last second in which the signer's certificate is valid.
    valid: Option<[String; 2]>,
    /// Earliest and latest.
    timestamps: Option<[String; 2]>,
    signed_times: Option<[String; 2]>,
    signatures: usize,
}

impl<'a> SignerJson<'a> {
    pub fn new(signer: &'a SignedBy) -> Self {
        let authority = signer.authority.as_ref();
        let pair = |(from, to): (u64, u64)| [iso_time(from), iso_time(to)];
        SignerJson {
            authority: authority.map_or(&[], |one| &one.names),
            ad_hoc: signer.ad_hoc,
            team: signer.team.as_deref(),
            anchored_at_apple: authority.is_some_and(|one| one.is_apples),
            complete: authority.is_some_and(|one| one.is_whole),
            valid: authority.map(|one| pair(one.valid)),
            timestamps: signer.timestamps.map(pair),
            signed_times: signer.signed_times.map(pair),
            signatures: signer.codes.len(),
        }
    }
}
