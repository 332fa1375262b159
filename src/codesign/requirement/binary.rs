//! Requirements as blobs: operations in Polish notation, every number big-endian, data as length (`u32`) and bytes
//! filled up to four (Security, `requirement.h`, `reqreader.cpp`, `reqmaker.h`).

use super::oid;
use super::{Comparison, DEEPEST, Expression, Field, Match, Slot};
use crate::codesign::blob::{BLOB_HEADER, MAGIC_REQUIREMENT, MAGIC_REQUIREMENTS, blob, u32_at};

/// `exprForm`; the other kind, a lightweight code requirement in DER, stands in slots of its own.
const EXPRESSIONS: u32 = 1;
/// More than a signature ever holds; there are five types.
const MAX_REQUIREMENTS: usize = 32;

const FALSE: u32 = 0;
const TRUE: u32 = 1;
const IDENT: u32 = 2;
const APPLE_ANCHOR: u32 = 3;
const ANCHOR_HASH: u32 = 4;
const INFO_KEY_VALUE: u32 = 5;
const AND: u32 = 6;
const OR: u32 = 7;
const CD_HASH: u32 = 8;
const NOT: u32 = 9;
const INFO_KEY_FIELD: u32 = 10;
const CERT_FIELD: u32 = 11;
const TRUSTED_CERT: u32 = 12;
const TRUSTED_CERTS: u32 = 13;
const CERT_GENERIC: u32 = 14;
const APPLE_GENERIC_ANCHOR: u32 = 15;
const ENTITLEMENT_FIELD: u32 = 16;
const CERT_POLICY: u32 = 17;
const NAMED_ANCHOR: u32 = 18;
const NAMED_CODE: u32 = 19;
const PLATFORM: u32 = 20;
const NOTARIZED: u32 = 21;
const CERT_FIELD_DATE: u32 = 22;
const LEGACY_DEV_ID: u32 = 23;
/// `opGenericFalse` and `opGenericSkip`: what may be done with an operation that is not known; its size follows.
const GENERIC_FALSE: u32 = 0x8000_0000;
const GENERIC_SKIP: u32 = 0x4000_0000;
const FLAGS: u32 = 0xff00_0000;

const EXISTS: u32 = 0;
const ABSENT: u32 = 14;
/// `matchEqual` … `matchGreaterEqual`, in order from 1.
const TEXTS: [Comparison; 8] = [
    Comparison::Equal,
    Comparison::Contains,
    Comparison::BeginsWith,
    Comparison::EndsWith,
    Comparison::Less,
    Comparison::Greater,
    Comparison::LessOrEqual,
    Comparison::GreaterOrEqual,
];
/// `matchOn` … `matchOnOrAfter`, in order from 9.
const TIMES: [Comparison; 5] = [
    Comparison::Equal,
    Comparison::Less,
    Comparison::Greater,
    Comparison::LessOrEqual,
    Comparison::GreaterOrEqual,
];

/// The set of a signature: each requirement with its type, in the order of the index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::codesign) struct Requirements(pub Vec<(u32, Expression)>);

impl Requirements {
    /// Reads the blob of slot 2: magic, length, count, then type and offset of each.
    ///
    /// # Errors
    /// A clause that says what is malformed.
    pub fn read(set: &[u8]) -> Result<Requirements, String> {
        let malformed = || "its requirement set is malformed".to_owned();
        if u32_at(set, 0) != Some(MAGIC_REQUIREMENTS)
            || u32_at(set, 4).map(|size| size as usize) != Some(set.len())
        {
            return Err(malformed());
        }
        let count = u32_at(set, 8).map(|count| count as usize).filter(|count| *count <= MAX_REQUIREMENTS);
        let index = count.and_then(|count| set.get(12..12 + 8 * count)).ok_or_else(malformed)?;
        let each = index.chunks_exact(8).map(|entry| {
            let at = u32_at(entry, 4).ok_or_else(malformed)? as usize;
            let rest = set.get(at..).filter(|_| at >= 12 + index.len()).ok_or_else(malformed)?;
            let size = u32_at(rest, 4).ok_or_else(malformed)? as usize;
            let expression = read(rest.get(..size).ok_or_else(malformed)?)?;
            Ok((u32_at(entry, 0).unwrap_or(0), expression))
        });
        each.collect::<Result<_, _>>().map(Requirements)
    }

    pub fn get(&self, kind: u32) -> Option<&Expression> {
        self.0.iter().find(|(other, _)| *other == kind).map(|(_, expression)| expression)
    }
}

/// Reads one requirement: magic, length, kind, operations.
///
/// # Errors
/// A clause that says what is malformed or not supported.
pub(in crate::codesign) fn read(requirement: &[u8]) -> Result<Expression, String> {
    let sized = u32_at(requirement, 4).map(|size| size as usize) == Some(requirement.len());
    if u32_at(requirement, 0) != Some(MAGIC_REQUIREMENT) || !sized {
        return Err("a requirement of it is malformed".to_owned());
    }
    if u32_at(requirement, 8) != Some(EXPRESSIONS) {
        return Err("a requirement of it is of a kind that is not supported".to_owned());
    }
    let mut reader = Reader { bytes: requirement.get(BLOB_HEADER + 4..).unwrap_or_default() };
    reader
        .expression(0)
        .ok_or_else(|| "a requirement of it holds an operation that cannot be read".to_owned())
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn expression(&mut self, depth: usize) -> Option<Expression> {
        if depth > DEEPEST {
            return None;
        }
        let operation = self.word()?;
        Some(match operation & !FLAGS {
            FALSE => Expression::Never,
            TRUE => Expression::Always,
            IDENT => Expression::Identifier(self.data()?),
            APPLE_ANCHOR => Expression::AppleAnchor,
            APPLE_GENERIC_ANCHOR => Expression::AppleGenericAnchor,
            ANCHOR_HASH => Expression::CertificateHash(self.slot()?, self.data()?),
            INFO_KEY_VALUE => Expression::Info(self.data()?, Match::Text(Comparison::Equal, self.data()?)),
            AND => Expression::All(self.chain(AND, depth)?),
            OR => Expression::Any(self.chain(OR, depth)?),
            CD_HASH => Expression::Cdhash(self.data()?),
            NOT => Expression::Not(Box::new(self.expression(depth + 1)?)),
            INFO_KEY_FIELD => Expression::Info(self.data()?, self.matching()?),
            ENTITLEMENT_FIELD => Expression::Entitlement(self.data()?, self.matching()?),
            CERT_FIELD => self.certificate(Field::Named)?,
            CERT_GENERIC => self.certificate(|oid| Field::Extension(oid::dotted(&oid)))?,
            CERT_POLICY => self.certificate(|oid| Field::Policy(oid::dotted(&oid)))?,
            CERT_FIELD_DATE => self.certificate(|oid| Field::Timestamp(oid::dotted(&oid)))?,
            TRUSTED_CERT => Expression::TrustedCertificate(self.slot()?),
            TRUSTED_CERTS => Expression::TrustedChain,
            NAMED_ANCHOR => Expression::NamedAnchor(self.data()?),
            NAMED_CODE => Expression::NamedCode(self.data()?),
            PLATFORM => Expression::Platform(self.word()? as i32),
            NOTARIZED => Expression::Notarized,
            LEGACY_DEV_ID => Expression::Legacy,
            number if operation & (GENERIC_FALSE | GENERIC_SKIP) != 0 => {
                let size = self.word()? as usize;
                self.bytes = self.bytes.get(size..)?;
                match operation & GENERIC_FALSE {
                    0 => Expression::UnknownSkipped(number, Box::new(self.expression(depth + 1)?)),
                    _ => Expression::UnknownFalse(number),
                }
            }
            _ => return None,
        })
    }

    /// `op op a b c` is `(a op b) op c`: the first operation is read already.
    fn chain(&mut self, operation: u32, depth: usize) -> Option<Vec<Expression>> {
        let mut terms = 2;
        while u32_at(self.bytes, 0) == Some(operation) {
            self.word();
            terms += 1;
        }
        (0..terms).map(|_| self.expression(depth + 1)).collect()
    }

    fn certificate(&mut self, field: impl Fn(Vec<u8>) -> Field) -> Option<Expression> {
        Some(Expression::Certificate(self.slot()?, field(self.data()?), self.matching()?))
    }

    fn matching(&mut self) -> Option<Match> {
        let operation = self.word()?;
        let among =
            |from: u32, known: &[Comparison]| known.get(operation.checked_sub(from)? as usize).copied();
        Some(match (operation, among(1, &TEXTS), among(9, &TIMES)) {
            (EXISTS, ..) => Match::Exists,
            (ABSENT, ..) => Match::Absent,
            (_, Some(comparison), _) => Match::Text(comparison, self.data()?),
            (_, _, Some(comparison)) => {
                let (high, low) = (self.word()?, self.word()?);
                Match::Time(comparison, (u64::from(high) << 32 | u64::from(low)) as i64)
            }
            _ => Match::Unknown(operation, self.data()?),
        })
    }

    fn slot(&mut self) -> Option<Slot> {
        self.word().map(|slot| Slot(slot as i32))
    }

    fn word(&mut self) -> Option<u32> {
        let word = u32_at(self.bytes, 0)?;
        self.bytes = self.bytes.get(4..)?;
        Some(word)
    }

    fn data(&mut self) -> Option<Vec<u8>> {
        let size = self.word()? as usize;
        let data = self.bytes.get(..size)?;
        // What fills the last word up may be missing at the very end.
        self.bytes = self.bytes.get(size.next_multiple_of(4)..).unwrap_or_default();
        Some(data.to_vec())
    }
}

impl Expression {
    /// The blob that codesign would write.
    pub fn to_blob(&self) -> Vec<u8> {
        let mut operations = EXPRESSIONS.to_be_bytes().to_vec();
        write(&mut operations, self);
        blob(MAGIC_REQUIREMENT, &operations)
    }
}

fn write(out: &mut Vec<u8>, expression: &Expression) {
    match expression {
        Expression::Never => put(out, FALSE),
        Expression::Always => put(out, TRUE),
        Expression::Identifier(identifier) => with_data(out, IDENT, identifier),
        Expression::AppleAnchor => put(out, APPLE_ANCHOR),
        Expression::AppleGenericAnchor => put(out, APPLE_GENERIC_ANCHOR),
        Expression::NamedAnchor(name) => with_data(out, NAMED_ANCHOR, name),
        Expression::NamedCode(name) => with_data(out, NAMED_CODE, name),
        Expression::CertificateHash(slot, hash) => {
            put(out, ANCHOR_HASH);
            with_data(out, slot.0 as u32, hash);
        }
        Expression::Certificate(slot, field, matching) => {
            let (operation, key) = match field {
                Field::Named(name) => (CERT_FIELD, Some(name.clone())),
                Field::Extension(dotted) => (CERT_GENERIC, oid::der(dotted)),
                Field::Policy(dotted) => (CERT_POLICY, oid::der(dotted)),
                Field::Timestamp(dotted) => (CERT_FIELD_DATE, oid::der(dotted)),
            };
            put(out, operation);
            with_data(out, slot.0 as u32, &key.unwrap_or_default());
            write_match(out, matching);
        }
        Expression::TrustedCertificate(slot) => {
            put(out, TRUSTED_CERT);
            put(out, slot.0 as u32);
        }
        Expression::TrustedChain => put(out, TRUSTED_CERTS),
        Expression::Info(key, matching) => {
            with_data(out, INFO_KEY_FIELD, key);
            write_match(out, matching);
        }
        Expression::Entitlement(key, matching) => {
            with_data(out, ENTITLEMENT_FIELD, key);
            write_match(out, matching);
        }
        Expression::Cdhash(hash) => with_data(out, CD_HASH, hash),
        Expression::Platform(platform) => {
            put(out, PLATFORM);
            put(out, *platform as u32);
        }
        Expression::Notarized => put(out, NOTARIZED),
        Expression::Legacy => put(out, LEGACY_DEV_ID),
        Expression::Not(inner) => {
            put(out, NOT);
            write(out, inner);
        }
        Expression::All(terms) => write_chain(out, AND, terms),
        Expression::Any(terms) => write_chain(out, OR, terms),
        Expression::UnknownFalse(number) => {
            put(out, number | GENERIC_FALSE);
            put(out, 0);
        }
        Expression::UnknownSkipped(number, next) => {
            put(out, number | GENERIC_SKIP);
            put(out, 0);
            write(out, next);
        }
    }
}

fn write_chain(out: &mut Vec<u8>, operation: u32, terms: &[Expression]) {
    (1..terms.len()).for_each(|_| put(out, operation));
    terms.iter().for_each(|term| write(out, term));
}

fn write_match(out: &mut Vec<u8>, matching: &Match) {
    let number = |from: u32, known: &[Comparison], comparison: &Comparison| {
        from + known.iter().position(|other| other == comparison).unwrap_or(0) as u32
    };
    match matching {
        Match::Exists => put(out, EXISTS),
        Match::Absent => put(out, ABSENT),
        Match::Text(comparison, text) => with_data(out, number(1, &TEXTS, comparison), text),
        Match::Time(comparison, time) => {
            put(out, number(9, &TIMES, comparison));
            out.extend(time.to_be_bytes());
        }
        Match::Unknown(operation, data) => with_data(out, *operation, data),
    }
}

fn put(out: &mut Vec<u8>, word: u32) {
    out.extend(word.to_be_bytes());
}

/// `word`, then data.
fn with_data(out: &mut Vec<u8>, word: u32, data: &[u8]) {
    put(out, word);
    put(out, data.len() as u32);
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::super::{DESIGNATED, parse};
    use super::*;

    fn set(requirement: &[u8]) -> Vec<u8> {
        let index: Vec<u8> = [1, DESIGNATED, 20].iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
        blob(MAGIC_REQUIREMENTS, &[&index, requirement].concat())
    }

    #[test]
    fn a_set_gives_the_designated_one() {
        let requirement = parse("identifier x and anchor apple").unwrap();
        let set = set(&requirement.to_blob());
        assert_eq!(Requirements::read(&set).unwrap().get(DESIGNATED), Some(&requirement));
        for length in 0..set.len() {
            assert!(Requirements::read(&set[..length]).is_err());
        }
    }

    #[test]
    fn operations_of_the_future_say_what_may_be_done_with_them() {
        let with = |operations: &[u32]| {
            let words = std::iter::once(&EXPRESSIONS).chain(operations);
            read(&blob(MAGIC_REQUIREMENT, &words.flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>()))
        };
        assert_eq!(with(&[99 | GENERIC_FALSE, 4, 7]), Ok(Expression::UnknownFalse(99)));
        let skipped = Expression::UnknownSkipped(99, Box::new(Expression::Always));
        assert_eq!(with(&[99 | GENERIC_SKIP, 4, 7, 1]), Ok(skipped));
        assert!(with(&[99, 4, 7]).is_err());
        assert!(with(&[99 | GENERIC_FALSE, 5, 7]).is_err());
        assert_eq!(with(&[5, 1, 0x6100_0000, 1, 0x6200_0000]).unwrap().to_string(), "info[a] = b");
        assert!(with(&[NOT; 1000]).is_err());
        assert!(with(&[AND; 1000]).is_err());
    }
}
