//! Who signed what: the signatures of a verification by signer.

use super::authority::Authority;
use super::{SignedCode, Verification};

/// Everything that one signer signed, in the words of `codesign -dvv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    /// Who: names of the certificates, the chain's end and the like. `None` for ad hoc code, and where a CMS cannot be read.
    pub authority: Option<Authority>,
    pub ad_hoc: bool,
    /// The team that the code says it is of.
    pub team: Option<String>,
    /// Where the signatures are among [`Verification::codes`].
    pub codes: Vec<usize>,
    /// The earliest and the latest timestamp of a server, in seconds since 1970.
    pub timestamps: Option<(u64, u64)>,
    /// The earliest and the latest time that the signer itself states.
    pub signed_times: Option<(u64, u64)>,
}

impl Verification {
    /// Each distinct signer, in the order in which their first code stands.
    pub fn signers(&self) -> Vec<SignedBy> {
        signers(&self.codes)
    }
}

fn signers(codes: &[SignedCode]) -> Vec<SignedBy> {
    let mut signers: Vec<SignedBy> = Vec::new();
    for (at, code) in codes.iter().enumerate() {
        let authority = code.authority.as_ref();
        let same = |one: &&mut SignedBy| {
            let chains = (one.authority.as_ref().map(chain_of), authority.map(chain_of));
            (one.ad_hoc, &one.team) == (code.ad_hoc, &code.team) && chains.0 == chains.1
        };
        let known = match signers.iter_mut().find(same) {
            Some(known) => known,
            None => {
                signers.push(SignedBy {
                    authority: code.authority.clone(),
                    ad_hoc: code.ad_hoc,
                    team: code.team.clone(),
                    codes: Vec::new(),
                    timestamps: None,
                    signed_times: None,
                });
                let Some(last) = signers.last_mut() else { continue };
                last
            }
        };
        known.codes.push(at);
        let time = |of: fn(&Authority) -> Option<u64>| authority.and_then(of);
        known.timestamps = widened(known.timestamps, time(|one| one.timestamp));
        known.signed_times = widened(known.signed_times, time(|one| one.signed_time));
    }
    signers
}

/// What of an authority is the same for all that it signed.
fn chain_of(authority: &Authority) -> (&[String], bool, bool, (u64, u64)) {
    (&authority.names, authority.is_apples, authority.is_whole, authority.valid)
}

fn widened(span: Option<(u64, u64)>, time: Option<u64>) -> Option<(u64, u64)> {
    match (span, time) {
        (Some((from, to)), Some(time)) => Some((from.min(time), to.max(time))),
        (span, time) => span.or(time.map(|time| (time, time))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::BundlePath;

    fn code(path: &str, names: &[&str], timestamp: Option<u64>) -> SignedCode {
        let authority = Authority {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            timestamp,
            ..Authority::default()
        };
        SignedCode {
            seals_resources: false,
            path: BundlePath::new(path).unwrap(),
            arch: None,
            identifier: path.to_owned(),
            team: None,
            cdhash: None,
            ad_hoc: names.is_empty(),
            authority: Some(authority).filter(|one| !one.names.is_empty()),
            designated: None,
            says_designated: false,
        }
    }

    #[test]
    fn each_signer_is_named_once_with_the_times_of_all_it_signed() {
        let codes = [
            code("a", &["Ann", "Root"], Some(20)),
            code("b", &[], None),
            code("c", &["Ann", "Root"], Some(10)),
            code("d", &["Ann"], None),
        ];
        let signers = signers(&codes);
        let seen: Vec<_> =
            signers.iter().map(|one| (one.ad_hoc, one.codes.clone(), one.timestamps)).collect();
        assert_eq!(
            seen,
            [(false, vec![0, 2], Some((10, 20))), (true, vec![1], None), (false, vec![3], None)]
        );
    }
}
