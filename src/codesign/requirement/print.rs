//! Requirements as `codesign -d -r-` and `csreq -t` print them (Security, `reqdumper.cpp`).

use std::fmt::{self, Display, Formatter};

use super::{Comparison, Expression, Field, Match, Slot};
use crate::codesign::digest::hex;

/// Words of the language (`requirements.grammar`): as a value each has to stand in quotes.
const KEYWORDS: [&str; 29] = [
    "guest",
    "host",
    "designated",
    "library",
    "plugin",
    "or",
    "and",
    "always",
    "true",
    "never",
    "false",
    "identifier",
    "cdhash",
    "platform",
    "notarized",
    "legacy",
    "anchor",
    "apple",
    "generic",
    "certificate",
    "cert",
    "trusted",
    "info",
    "entitlement",
    "exists",
    "absent",
    "leaf",
    "root",
    "timestamp",
];

/// What an expression stands in, from the tightest to the loosest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Primary,
    And,
    Or,
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        print(self, Level::Or, f)
    }
}

fn print(expression: &Expression, level: Level, f: &mut Formatter) -> fmt::Result {
    match expression {
        Expression::Never => f.write_str("never"),
        Expression::Always => f.write_str("always"),
        Expression::Identifier(identifier) => write!(f, "identifier {}", value(identifier, false)),
        Expression::AppleAnchor => f.write_str("anchor apple"),
        Expression::AppleGenericAnchor => f.write_str("anchor apple generic"),
        Expression::NamedAnchor(name) => write!(f, "anchor apple {}", value(name, false)),
        Expression::NamedCode(name) => write!(f, "({})", value(name, false)),
        Expression::CertificateHash(slot, hash) => write!(f, "certificate {slot} = H\"{}\"", hex(hash)),
        Expression::Certificate(slot, field, matching) => write!(f, "certificate {slot}[{field}]{matching}"),
        Expression::TrustedCertificate(slot) => write!(f, "certificate {slot} trusted"),
        Expression::TrustedChain => f.write_str("anchor trusted"),
        Expression::Info(key, matching) => write!(f, "info[{}]{matching}", value(key, true)),
        Expression::Entitlement(key, matching) => write!(f, "entitlement[{}]{matching}", value(key, true)),
        Expression::Cdhash(hash) => write!(f, "cdhash H\"{}\"", hex(hash)),
        Expression::Platform(platform) => write!(f, "platform = {platform}"),
        Expression::Notarized => f.write_str("notarized"),
        Expression::Legacy => f.write_str("legacy"),
        Expression::Not(inner) => {
            f.write_str("! ")?;
            print(inner, Level::Primary, f)
        }
        Expression::All(terms) => print_chain(terms, " and ", Level::And, level, f),
        Expression::Any(terms) => print_chain(terms, " or ", Level::Or, level, f),
        Expression::UnknownFalse(number) => write!(f, " false /* opcode {number} */"),
        Expression::UnknownSkipped(number, next) => {
            write!(f, " /* opcode {number} */")?;
            print(next, level, f)
        }
    }
}

fn print_chain(
    terms: &[Expression],
    between: &str,
    own: Level,
    around: Level,
    f: &mut Formatter,
) -> fmt::Result {
    if around < own {
        f.write_str("(")?;
    }
    for (index, term) in terms.iter().enumerate() {
        f.write_str(if index > 0 { between } else { "" })?;
        print(term, own, f)?;
    }
    f.write_str(if around < own { ")" } else { "" })
}

impl Display for Slot {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match *self {
            Slot::LEAF => f.write_str("leaf"),
            Slot::ROOT => f.write_str("root"),
            Slot(number) => number.fmt(f),
        }
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            Field::Named(name) => f.write_str(&value(name, true)),
            Field::Extension(oid) => write!(f, "field.{oid}"),
            Field::Policy(oid) => write!(f, "policy.{oid}"),
            Field::Timestamp(oid) => write!(f, "timestamp.{oid}"),
        }
    }
}

impl Display for Match {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match self {
            Match::Exists => f.write_str(" /* exists */"),
            Match::Absent => f.write_str(" absent "),
            Match::Text(Comparison::BeginsWith, text) => write!(f, " = {}*", value(text, false)),
            Match::Text(Comparison::EndsWith, text) => write!(f, " = *{}", value(text, false)),
            Match::Text(comparison, text) => write!(f, " {} {}", sign(*comparison), value(text, false)),
            Match::Time(comparison, time) => write!(f, " {} <{}>", sign(*comparison), date(*time)),
            Match::Unknown(operation, _) => write!(f, "MATCH OPCODE {operation} NOT UNDERSTOOD"),
        }
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal | Comparison::BeginsWith | Comparison::EndsWith => "=",
        Comparison::Contains => "~",
        Comparison::Less => "<",
        Comparison::Greater => ">",
        Comparison::LessOrEqual => "<=",
        Comparison::GreaterOrEqual => ">=",
    }
}

/// Plain if it is a word, else in quotes, else in hexadecimal.
fn value(data: &[u8], dots: bool) -> String {
    let text = std::str::from_utf8(data).ok().filter(|text| {
        text.bytes().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || byte == 0x0b)
    });
    let Some(text) = text else { return format!("0x{}", hex(data)) };
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || dots && byte == b'.')
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && !text.is_empty()
        && !KEYWORDS.contains(&text);
    if plain {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `2020-01-02 03:04:05 +0000` of seconds since 2001 (Howard Hinnant's `civil_from_days`).
fn date(time: i64) -> String {
    let (days, seconds) = (time.div_euclid(86_400), time.rem_euclid(86_400));
    // Days since 0000-03-01; 2001-01-01 is day 730791 of them.
    let days = days.saturating_add(730_791);
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year_of_era + carry;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} +0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_calendar() {
        assert_eq!(date(0), "2001-01-01 00:00:00 +0000");
        assert_eq!(date(-1), "2000-12-31 23:59:59 +0000");
        assert_eq!(date(23 * 365 * 86_400 + 6 * 86_400 - 86_400 + 59 * 86_400), "2024-02-29 00:00:00 +0000");
        assert!(date(i64::MAX).ends_with("+0000") && date(i64::MIN).ends_with("+0000"));
    }
}
