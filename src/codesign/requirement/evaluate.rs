//! Holds a requirement against code (Security, `reqinterp.cpp`).

use std::cmp::Ordering;

use plist::{Dictionary, Value};

use super::{Comparison, Expression, Field, Match, Slot};
use crate::codesign::certificate::Certificate;
use crate::codesign::code_directory::Cdhash;

/// What is known of the code that a requirement is about.
#[derive(Clone, Copy)]
pub(in crate::codesign) struct Subject<'a> {
    pub identifier: &'a str,
    pub team: Option<&'a str>,
    /// Of the strongest code directory, the only one that counts.
    pub cdhash: Option<Cdhash>,
    /// `CS_CodeDirectory.platform`: not 0 in Apple's own system.
    pub platform: u8,
    pub certificates: Chain<'a>,
    pub info: Keys<'a>,
    pub entitlements: Keys<'a>,
}

/// The certificates that code was signed with.
#[derive(Clone, Copy)]
pub(in crate::codesign) enum Chain<'a> {
    /// Ad hoc code has none.
    None,
    /// There is a CMS signature, and nobody looked into it or it does not hold.
    Unread,
    /// From the leaf up. A chain that is not `whole` ends below its root.
    Read { certificates: &'a [Certificate], whole: bool },
}

/// A property list whose keys are asked for.
#[derive(Clone, Copy)]
pub(in crate::codesign) enum Keys<'a> {
    None,
    Unread,
    Read(&'a Dictionary),
}

/// What a requirement says of a subject. `Unknown` where it hangs on what nobody here can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::codesign) enum Verdict {
    Yes,
    No,
    Unknown,
}

impl Expression {
    pub fn evaluate(&self, subject: &Subject) -> Verdict {
        match self {
            Expression::Never | Expression::UnknownFalse(_) => Verdict::No,
            Expression::Always => Verdict::Yes,
            Expression::Identifier(identifier) => sure(identifier == subject.identifier.as_bytes()),
            Expression::Cdhash(hash) => sure(subject.cdhash.is_some_and(|own| own.0[..] == hash[..])),
            Expression::Platform(platform) => sure(i32::from(subject.platform) == *platform),
            Expression::Not(inner) => not(inner.evaluate(subject)),
            Expression::All(terms) => {
                terms.iter().fold(Verdict::Yes, |all, term| and(all, term.evaluate(subject)))
            }
            Expression::Any(terms) => {
                terms.iter().fold(Verdict::No, |any, term| or(any, term.evaluate(subject)))
            }
            Expression::UnknownSkipped(_, next) => next.evaluate(subject),
            Expression::Info(key, asked) => key_matches(subject.info, key, asked),
            Expression::Entitlement(key, asked) => key_matches(subject.entitlements, key, asked),
            Expression::AppleAnchor => {
                // certificateHasField of macOSSWSigningMarker below Apple's own intermediate.
                const MARKER: &str = "1.2.840.113635.100.6.22";
                let of_apple = |one: &Certificate| {
                    one.subject_field("CN") == Some("Apple Code Signing Certification Authority")
                        && one.subject_field("O") == Some("Apple Inc.")
                };
                let below_root = with_certificate(subject, Slot(-2), |one| one.is_some_and(of_apple));
                let leaf = with_certificate(subject, Slot::LEAF, |one| {
                    one.is_some_and(|one| one.has_extension(MARKER))
                });
                and(and(is_of_apple(subject), below_root), leaf)
            }
            Expression::AppleGenericAnchor => is_of_apple(subject),
            Expression::CertificateHash(slot, hash) => {
                with_certificate(subject, *slot, |one| one.is_some_and(|one| one.sha1()[..] == hash[..]))
            }
            Expression::Certificate(slot, field, asked) => certificate(subject, *slot, field, asked),
            // What a Mac trusts, and what Apple's servers know, is not in the code; ad hoc code has nothing to trust.
            Expression::TrustedCertificate(_) | Expression::TrustedChain | Expression::Legacy => {
                match subject.certificates {
                    Chain::None => Verdict::No,
                    _ => Verdict::Unknown,
                }
            }
            Expression::Notarized | Expression::NamedAnchor(_) | Expression::NamedCode(_) => Verdict::Unknown,
        }
    }
}

fn certificate(subject: &Subject, slot: Slot, field: &Field, asked: &Match) -> Verdict {
    // The leaf's organizational unit is the team that the code directory names.
    if let (Chain::Unread, Slot::LEAF, Field::Named(name), Match::Text(Comparison::Equal, unit), Some(team)) =
        (subject.certificates, slot, field, asked, subject.team)
        && name == b"subject.OU"
        && unit != team.as_bytes()
    {
        return Verdict::No;
    }
    if matches!(field, Field::Timestamp(_)) && !matches!(subject.certificates, Chain::None) {
        return Verdict::Unknown;
    }
    with_certificate(subject, slot, |one| match (one, field) {
        // No certificate has no such time, which is what `absent` asks for; elsewhere it just fails.
        (None, Field::Timestamp(_)) => holds(asked, None),
        (None, _) => false,
        (Some(one), Field::Named(name)) => {
            let name = std::str::from_utf8(name).ok().and_then(|name| name.strip_prefix("subject."));
            let value = name.and_then(|name| one.subject_field(name));
            value.is_some_and(|value| holds(asked, Some(&Value::String(value.to_owned()))))
        }
        (Some(one), Field::Extension(oid)) => holds(asked, present(one.has_extension(oid)).as_ref()),
        (Some(one), Field::Policy(oid)) => holds(asked, present(one.has_policy(oid)).as_ref()),
        (Some(_), Field::Timestamp(_)) => false,
    })
}

fn present(is_there: bool) -> Option<Value> {
    is_there.then_some(Value::Boolean(true))
}

/// What `says` holds of the certificate at `slot`, which may be none.
fn with_certificate(
    subject: &Subject,
    slot: Slot,
    says: impl FnOnce(Option<&Certificate>) -> bool,
) -> Verdict {
    match subject.certificates {
        Chain::None => sure(says(None)),
        Chain::Unread => Verdict::Unknown,
        Chain::Read { certificates, whole } => match at(certificates, slot) {
            Some(one) if whole || slot.0 >= 0 => sure(says(Some(one))),
            None if whole => sure(says(None)),
            _ => Verdict::Unknown,
        },
    }
}

fn at(chain: &[Certificate], slot: Slot) -> Option<&Certificate> {
    let from_end = if slot.0 < 0 { chain.len() as i64 } else { 0 };
    chain.get(usize::try_from(from_end + i64::from(slot.0)).ok()?)
}

fn is_of_apple(subject: &Subject) -> Verdict {
    with_certificate(subject, Slot::ROOT, |root| root.is_some_and(|root| root.is_apple_root))
}

fn key_matches(keys: Keys, key: &[u8], asked: &Match) -> Verdict {
    let keys = match keys {
        Keys::Unread => return Verdict::Unknown,
        Keys::None => None,
        Keys::Read(keys) => Some(keys),
    };
    let value = keys.zip(std::str::from_utf8(key).ok()).and_then(|(keys, key)| keys.get(key));
    sure(holds(asked, value))
}

fn holds(asked: &Match, value: Option<&Value>) -> bool {
    let Some(value) = value else { return *asked == Match::Absent };
    if let Value::Array(each) = value
        && each.iter().any(|one| holds(asked, Some(one)))
    {
        return true;
    }
    match (asked, value) {
        (Match::Exists, value) => *value != Value::Boolean(false),
        (Match::Text(comparison, wanted), Value::String(text)) => {
            std::str::from_utf8(wanted).is_ok_and(|wanted| compare_texts(*comparison, text, wanted))
        }
        (Match::Time(comparison, wanted), Value::Date(date)) => {
            let since_2001 = seconds_since_2001(*date);
            let order = since_2001.cmp(wanted);
            match comparison {
                Comparison::Equal => order.is_eq(),
                Comparison::Less => order.is_lt(),
                Comparison::Greater => order.is_gt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::GreaterOrEqual => order.is_ge(),
                _ => false,
            }
        }
        _ => false,
    }
}

fn seconds_since_2001(date: plist::Date) -> i64 {
    const FROM_1970: i64 = 978_307_200;
    let time = std::time::SystemTime::from(date);
    let seconds = match time.duration_since(std::time::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    };
    seconds.saturating_sub(FROM_1970)
}

fn compare_texts(comparison: Comparison, text: &str, wanted: &str) -> bool {
    match comparison {
        Comparison::Equal => text == wanted,
        Comparison::Contains => !wanted.is_empty() && text.contains(wanted),
        Comparison::BeginsWith => !wanted.is_empty() && text.starts_with(wanted),
        Comparison::EndsWith => !wanted.is_empty() && text.ends_with(wanted),
        Comparison::Less => numerically(text, wanted).is_lt(),
        Comparison::Greater => numerically(text, wanted).is_gt(),
        Comparison::LessOrEqual => numerically(text, wanted).is_le(),
        Comparison::GreaterOrEqual => numerically(text, wanted).is_ge(),
    }
}

/// Runs of digits compare as numbers (`kCFCompareNumerically`): 1.9 comes before 1.10.
fn numerically(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let (run_left, run_right) = (digits(left), digits(right));
        if !run_left.is_empty() && !run_right.is_empty() {
            let (a, b) = (run_left.trim_start_matches('0'), run_right.trim_start_matches('0'));
            let order = a.len().cmp(&b.len()).then_with(|| a.cmp(b));
            if order.is_ne() {
                return order;
            }
            (left, right) = (&left[run_left.len()..], &right[run_right.len()..]);
            continue;
        }
        let (a, b) = (left.chars().next(), right.chars().next());
        match (a, b) {
            (Some(a), Some(b)) if a == b => {
                (left, right) = (&left[a.len_utf8()..], &right[b.len_utf8()..]);
            }
            _ => return a.cmp(&b),
        }
    }
}

fn digits(text: &str) -> &str {
    &text[..text.find(|mark: char| !mark.is_ascii_digit()).unwrap_or(text.len())]
}

fn sure(holds: bool) -> Verdict {
    if holds { Verdict::Yes } else { Verdict::No }
}

fn not(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Yes => Verdict::No,
        Verdict::No => Verdict::Yes,
        Verdict::Unknown => Verdict::Unknown,
    }
}

fn and(left: Verdict, right: Verdict) -> Verdict {
    not(or(not(left), not(right)))
}

fn or(left: Verdict, right: Verdict) -> Verdict {
    match (left, right) {
        (Verdict::Yes, _) | (_, Verdict::Yes) => Verdict::Yes,
        (Verdict::No, Verdict::No) => Verdict::No,
        _ => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{of_cdhashes, parse};
    use super::*;

    const CDHASH: Cdhash = Cdhash([0xab; 20]);

    fn made(fields: &[(&str, &str)], extensions: &[&str]) -> Certificate {
        Certificate {
            fields: fields.iter().map(|(oid, value)| ((*oid).to_owned(), (*value).to_owned())).collect(),
            extensions: extensions.iter().map(|oid| (*oid).to_owned()).collect(),
            ..Certificate::default()
        }
    }

    fn chain() -> [Certificate; 3] {
        let name = ("2.5.4.3", "Developer ID Application: Somebody (T1)");
        let leaf = made(&[("2.5.4.11", "T1"), name], &["1.2.840.113635.100.6.1.13"]);
        let middle = made(&[("2.5.4.3", "CA")], &["1.2.840.113635.100.6.2.6"]);
        [leaf, middle, Certificate { is_apple_root: true, ..made(&[], &[]) }]
    }

    const DEVELOPER_ID: &str = "identifier \"org.x\" and anchor apple generic and certificate \
        1[field.1.2.840.113635.100.6.2.6] /* exists */ and certificate leaf[field.1.2.840.113635.100.6.1.13] \
        /* exists */ and certificate leaf[subject.OU] = T1";

    fn subject(certificates: Chain<'_>) -> Subject<'_> {
        Subject {
            identifier: "org.x",
            team: Some("T1"),
            cdhash: Some(CDHASH),
            platform: 0,
            certificates,
            info: Keys::None,
            entitlements: Keys::None,
        }
    }

    fn of(text: &str, subject: &Subject) -> Verdict {
        parse(text).unwrap_or_else(|| panic!("{text}")).evaluate(subject)
    }

    #[test]
    fn ad_hoc_code_satisfies_its_own_requirement_and_no_other() {
        let subject = subject(Chain::None);
        assert_eq!(of(&of_cdhashes(&[Cdhash([1; 20]), CDHASH]), &subject), Verdict::Yes);
        let others = of_cdhashes(&[Cdhash([1; 20]), Cdhash([2; 20])]);
        assert_eq!(of(&others, &subject), Verdict::No);
        assert_eq!(of(&format!("({others}) or (!never)"), &subject), Verdict::Yes);
        assert_eq!(of(DEVELOPER_ID, &subject), Verdict::No);
    }

    #[test]
    fn a_developer_id_is_told_by_its_certificates() {
        let chain = chain();
        let read = subject(Chain::Read { certificates: &chain, whole: true });
        assert_eq!(of(DEVELOPER_ID, &read), Verdict::Yes);
        assert_eq!(of(&DEVELOPER_ID.replace("= T1", "= T2"), &read), Verdict::No);
        assert_eq!(of("anchor apple", &read), Verdict::No);
        assert_eq!(
            of("certificate leaf[subject.CN] = \"Developer ID\"* and certificate -2[subject.CN] = *A", &read),
            Verdict::Yes
        );
        assert_eq!(of("certificate 3[subject.CN] absent", &read), Verdict::No);
        assert_eq!(of("certificate 2 = H\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"", &read), Verdict::Yes);
        let lone = subject(Chain::Read { certificates: &chain[..2], whole: true });
        assert_eq!(of(DEVELOPER_ID, &lone), Verdict::No);
    }

    #[test]
    fn what_a_chain_without_its_root_leaves_open_is_unknown() {
        let chain = chain();
        let part = subject(Chain::Read { certificates: &chain[..2], whole: false });
        assert_eq!(of(DEVELOPER_ID, &part), Verdict::Unknown);
        assert_eq!(of(&DEVELOPER_ID.replace("= T1", "= T2"), &part), Verdict::No);
        for open in
            ["anchor apple generic", "certificate root[subject.CN] = CA", "certificate 2[subject.CN] absent"]
        {
            assert_eq!(of(open, &part), Verdict::Unknown, "{open}");
        }
    }

    #[test]
    fn unread_certificates_are_unknown_but_team_and_identifier_are_compared() {
        let unread = subject(Chain::Unread);
        assert_eq!(of(DEVELOPER_ID, &unread), Verdict::Unknown);
        assert_eq!(of(&DEVELOPER_ID.replace("org.x", "org.y"), &unread), Verdict::No);
        assert_eq!(of(&DEVELOPER_ID.replace("= T1", "= T2"), &unread), Verdict::No);
    }

    #[test]
    fn keys_are_matched_as_apple_does() {
        let keys: Dictionary = [
            ("v", Value::String("1.10".to_owned())),
            ("many", Value::Array(vec![Value::String("a".to_owned()), Value::String("bc".to_owned())])),
            ("no", Value::Boolean(false)),
            ("yes", Value::Boolean(true)),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .collect();
        let subject = Subject { info: Keys::Read(&keys), ..subject(Chain::None) };
        for yes in [
            "info[v] > \"1.9\"",
            "info[v] = \"1.10\"",
            "info[v] >= \"1.010\"",
            "info[many] = a",
            "info[many] ~ c",
            "info[many] = b*",
            "info[yes]",
            "info[none] absent",
            "! info[no]",
            "info[v] < \"1.10.1\"",
            "info[many]",
        ] {
            assert_eq!(of(yes, &subject), Verdict::Yes, "{yes}");
        }
        for no in
            ["info[v] <= \"1.9\"", "info[none]", "info[yes] = true", "info[v] absent", "info[no] absent"]
        {
            assert_eq!(of(no, &subject), Verdict::No, "{no}");
        }
        assert_eq!(of("entitlement[x]", &subject), Verdict::No);
        let unread = Subject { entitlements: Keys::Unread, ..subject };
        assert_eq!(of("entitlement[x] or notarized", &unread), Verdict::Unknown);
    }
}
