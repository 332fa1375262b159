//! RFC 3161: a server's word for when a signature was there. How to reach the server is the caller's.

use sha2::{Digest, Sha256};

use super::asn1::{
    Element, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, element, from_ber, sequence,
};
use super::cms::key::Hash;
use super::cms::read::Message;
use super::cms::timestamp::Stamp;

/// Apple's server, which notarization asks for.
pub const APPLE_TIMESTAMP_SERVER: &str = "http://timestamp.apple.com/ts01";

/// Media types of the request and of its answer (RFC 3161, 3.4).
pub const TIMESTAMP_QUERY: &str = "application/timestamp-query";
pub const TIMESTAMP_REPLY: &str = "application/timestamp-reply";

/// 2.16.840.1.101.3.4.2.1.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

/// Brings a `TimeStampReq` in DER to a server.
pub trait TimestampServer: Send + Sync {
    /// What people call it: its URL.
    fn name(&self) -> &str;

    /// The `TimeStampResp` that the server answers.
    ///
    /// # Errors
    /// Why there is none, as a clause: "could not be reached: connection refused".
    fn answer(&self, request: &[u8]) -> Result<Vec<u8>, String>;
}

/// Asks `server` for a token over `signature`, the value of a CMS signature.
///
/// # Errors
/// Why there is none, as a clause about the server.
pub(super) fn token(server: &dyn TimestampServer, signature: &[u8]) -> Result<Vec<u8>, String> {
    let imprint = Sha256::digest(signature);
    token_of(&server.answer(&request(&imprint))?, &imprint)
}

/// A `TimeStampReq`: version 1, the imprint, and the wish for the server's certificate. A nonce would have to be random; the
/// imprint of a signature is asked for once.
fn request(imprint: &[u8]) -> Vec<u8> {
    sequence(&[&element(INTEGER, &[1]), &message_imprint(imprint), &element(BOOLEAN, &[0xff])])
}

const BOOLEAN: u8 = 0x01;

fn message_imprint(imprint: &[u8]) -> Vec<u8> {
    let algorithm = sequence(&[&element(OBJECT_IDENTIFIER, SHA256), &NULL]);
    sequence(&[&algorithm, &element(OCTET_STRING, imprint)])
}

/// The token in a `TimeStampResp`, if it is about `imprint`.
fn token_of(response: &[u8], imprint: &[u8]) -> Result<Vec<u8>, String> {
    let malformed = || "answers with something that is no timestamp".to_owned();
    let response = from_ber(response).ok_or_else(malformed)?;
    let parts =
        Element::read(&response).and_then(|response| response.parts(SEQUENCE)).ok_or_else(malformed)?;
    let status = parts.first().and_then(|status| status.parts(SEQUENCE)).ok_or_else(malformed)?;
    match status.first().and_then(Element::number) {
        Some(0 | 1) => {}
        Some(_) => return Err(refusal(&status)),
        None => return Err(malformed()),
    }
    let token = parts.get(1).ok_or_else(malformed)?;
    let stamp = Message::read(token.whole).as_ref().and_then(Stamp::read).ok_or_else(malformed)?;
    if stamp.hash != Some(Hash::Sha256) || stamp.imprint != imprint {
        return Err("answers with a timestamp of another signature".to_owned());
    }
    Ok(token.whole.to_vec())
}

/// A server's own words, where it has some (`PKIFreeText`).
fn refusal(status: &[Element]) -> String {
    let words = status.iter().find_map(|part| part.parts(SEQUENCE));
    let words: Vec<String> = words
        .into_iter()
        .flatten()
        .map(|text| {
            String::from_utf8_lossy(text.contents).chars().filter(|one| !one.is_control()).take(200).collect()
        })
        .collect();
    match words.is_empty() {
        true => "refuses to give a timestamp".to_owned(),
        false => format!("refuses to give a timestamp: {}", words.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::asn1::{CONTEXT_0, SET};
    use super::*;

    /// A token that nobody signed: enough for what is looked at here.
    fn response(status: u8, imprint: &[u8]) -> Vec<u8> {
        let object = |dotted: &str| {
            element(OBJECT_IDENTIFIER, der::asn1::ObjectIdentifier::new_unwrap(dotted).as_bytes())
        };
        let info = sequence(&[
            &element(INTEGER, &[1]),
            &object("1.2.3"),
            &message_imprint(imprint),
            &element(INTEGER, &[9]),
            &element(0x18, b"20260601000000Z"),
        ]);
        let content = sequence(&[
            &object("1.2.840.113549.1.9.16.1.4"),
            &element(CONTEXT_0, &element(OCTET_STRING, &info)),
        ]);
        let signed_data =
            sequence(&[&element(INTEGER, &[3]), &element(SET, &[]), &content, &element(SET, &[])]);
        let token = sequence(&[&object("1.2.840.113549.1.7.2"), &element(CONTEXT_0, &signed_data)]);
        let words = sequence(&[&element(0x0c, b"quota used up")]);
        sequence(&[&sequence(&[&element(INTEGER, &[status]), &words]), &token])
    }

    struct Server(fn(&[u8]) -> Result<Vec<u8>, String>);

    impl TimestampServer for Server {
        fn name(&self) -> &str {
            "http://made.up"
        }

        fn answer(&self, request: &[u8]) -> Result<Vec<u8>, String> {
            (self.0)(request)
        }
    }

    #[test]
    fn a_token_about_the_signature_is_taken_and_no_other() {
        let imprint_in = |request: &[u8]| request[request.len() - 35..request.len() - 3].to_vec();
        assert!(
            token(
                &Server(|request| Ok(response(0, &request[request.len() - 35..request.len() - 3]))),
                b"value"
            )
            .is_ok()
        );
        assert_eq!(imprint_in(&request(&[7; 32])), [7; 32]);
        let other = token(&Server(|_| Ok(response(0, &[1; 32]))), b"value").unwrap_err();
        assert!(other.contains("another signature"), "{other}");
    }

    #[test]
    fn a_refusal_and_nonsense_are_told_apart() {
        let refused = token(&Server(|_| Ok(response(2, &[1; 32]))), b"value").unwrap_err();
        assert_eq!(refused, "refuses to give a timestamp: quota used up");
        for nonsense in [&b"<html>"[..], &[], &[0x30, 0], &[0x30, 5, 0x30, 3, 2, 1, 0]] {
            assert!(token_of(nonsense, &[0; 32]).unwrap_err().contains("no timestamp"), "{nonsense:?}");
        }
    }
}
