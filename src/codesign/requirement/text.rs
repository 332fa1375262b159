//! Requirements as people and seals write them (Security, `requirements.grammar`).

use super::oid;
use super::{Comparison, DEEPEST, Expression, Field, Match, Slot};

/// Reads one requirement; `None` when it is not the language.
pub(in crate::codesign) fn parse(text: &str) -> Option<Expression> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens };
    let expression = parser.either(0)?;
    while parser.mark(";") {}
    parser.tokens.is_empty().then_some(expression)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    /// Letters, digits and dots; possibly a word of the language.
    Word(&'a str),
    Quoted(String),
    Number(&'a str),
    /// `H"…"`.
    Hash(Vec<u8>),
    /// `0x…`.
    Hex(Vec<u8>),
    Mark(&'a str),
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
}

impl<'a> Parser<'a> {
    fn either(&mut self, depth: usize) -> Option<Expression> {
        self.chain("or", Expression::Any, |parser| parser.both(depth))
    }

    fn both(&mut self, depth: usize) -> Option<Expression> {
        self.chain("and", Expression::All, |parser| parser.primary(depth))
    }

    fn chain(
        &mut self,
        word: &str,
        join: fn(Vec<Expression>) -> Expression,
        term: impl Fn(&mut Self) -> Option<Expression>,
    ) -> Option<Expression> {
        let first = term(self)?;
        let mut terms = vec![first];
        while self.word(word) {
            terms.push(term(self)?);
        }
        if terms.len() == 1 { terms.pop() } else { Some(join(terms)) }
    }

    fn primary(&mut self, depth: usize) -> Option<Expression> {
        if depth > DEEPEST {
            return None;
        }
        match self.next()? {
            Token::Mark("(") => self.parentheses(depth),
            Token::Mark("!") => Some(Expression::Not(Box::new(self.primary(depth + 1)?))),
            Token::Word("always" | "true") => Some(Expression::Always),
            Token::Word("never" | "false") => Some(Expression::Never),
            Token::Word("identifier") => {
                self.equals();
                self.text().map(Expression::Identifier)
            }
            Token::Word("cdhash") => {
                self.equals();
                self.hash().map(Expression::Cdhash)
            }
            Token::Word("platform") => {
                self.equals();
                self.number().map(Expression::Platform)
            }
            Token::Word("notarized") => Some(Expression::Notarized),
            Token::Word("legacy") => Some(Expression::Legacy),
            Token::Word("anchor") => self.anchor(),
            Token::Word("certificate" | "cert") => self.certificate(),
            Token::Word("info") => Some(Expression::Info(self.key()?, self.matching()?)),
            Token::Word("entitlement") => Some(Expression::Entitlement(self.key()?, self.matching()?)),
            _ => None,
        }
    }

    /// An expression, or the name of a requirement that macOS holds.
    fn parentheses(&mut self, depth: usize) -> Option<Expression> {
        if let [name @ (Token::Word(_) | Token::Quoted(_)), Token::Mark(")"), rest @ ..] = self.tokens {
            let name = match name {
                Token::Word("always" | "true" | "never" | "false" | "notarized" | "legacy") => None,
                Token::Word(word) => Some(word.as_bytes().to_vec()),
                Token::Quoted(text) => Some(text.as_bytes().to_vec()),
                _ => None,
            };
            if let Some(name) = name {
                self.tokens = rest;
                return Some(Expression::NamedCode(name));
            }
        }
        let expression = self.either(depth + 1)?;
        self.mark(")").then_some(expression)
    }

    fn anchor(&mut self) -> Option<Expression> {
        if self.word("apple") {
            if self.word("generic") {
                return Some(Expression::AppleGenericAnchor);
            }
            return Some(match self.tokens.first() {
                Some(Token::Word(word)) if !matches!(*word, "and" | "or") => {
                    Expression::NamedAnchor(self.text()?)
                }
                Some(Token::Quoted(_)) => Expression::NamedAnchor(self.text()?),
                _ => Expression::AppleAnchor,
            });
        }
        if self.word("generic") {
            return self.word("apple").then_some(Expression::AppleGenericAnchor);
        }
        if self.word("trusted") {
            return Some(Expression::TrustedChain);
        }
        self.about(Slot::ROOT)
    }

    fn certificate(&mut self) -> Option<Expression> {
        if self.word("trusted") {
            return Some(Expression::TrustedChain);
        }
        let slot = if self.word("leaf") {
            Slot::LEAF
        } else if self.word("root") {
            Slot::ROOT
        } else if self.mark("-") {
            Slot(self.number()?.checked_neg()?)
        } else {
            Slot(self.number()?)
        };
        if self.word("trusted") {
            return Some(Expression::TrustedCertificate(slot));
        }
        self.about(slot)
    }

    /// `= H"…"`, or a field and what is asked of it.
    fn about(&mut self, slot: Slot) -> Option<Expression> {
        if self.tokens.first() != Some(&Token::Mark("[")) {
            self.equals();
            return self.hash().map(|hash| Expression::CertificateHash(slot, hash));
        }
        let key = self.key()?;
        let name = std::str::from_utf8(&key).ok()?;
        let (kind, rest) = name.split_once('.')?;
        let known = |field: fn(String) -> Field| oid::der(rest).map(|_| field(rest.to_owned()));
        let field = match kind {
            "subject" => Field::Named(key.clone()),
            "field" | "extension" => known(Field::Extension)?,
            "policy" => known(Field::Policy)?,
            "timestamp" => known(Field::Timestamp)?,
            _ => return None,
        };
        Some(Expression::Certificate(slot, field, self.matching()?))
    }

    fn key(&mut self) -> Option<Vec<u8>> {
        self.mark("[").then_some(())?;
        let key = self.text()?;
        self.mark("]").then_some(key)
    }

    fn matching(&mut self) -> Option<Match> {
        if self.word("absent") {
            return Some(Match::Absent);
        }
        let comparison = match self.tokens.first() {
            Some(Token::Mark("=" | "==")) => Comparison::Equal,
            Some(Token::Mark("~")) => Comparison::Contains,
            Some(Token::Mark("<")) => Comparison::Less,
            Some(Token::Mark(">")) => Comparison::Greater,
            Some(Token::Mark("<=")) => Comparison::LessOrEqual,
            Some(Token::Mark(">=")) => Comparison::GreaterOrEqual,
            _ => {
                self.word("exists");
                return Some(Match::Exists);
            }
        };
        self.next();
        if let [Token::Word("timestamp"), Token::Quoted(time), rest @ ..] = self.tokens {
            self.tokens = rest;
            let comparison = Some(comparison).filter(|comparison| *comparison != Comparison::Contains)?;
            return Some(Match::Time(comparison, seconds(time)?));
        }
        let equal = comparison == Comparison::Equal;
        let before = equal && self.mark("*");
        let value = self.value()?;
        let after = equal && self.mark("*");
        let comparison = match (before, after) {
            (true, true) => Comparison::Contains,
            (true, false) => Comparison::EndsWith,
            (false, true) => Comparison::BeginsWith,
            (false, false) => comparison,
        };
        Some(Match::Text(comparison, value))
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn word(&mut self, word: &str) -> bool {
        self.take(|token| matches!(token, Token::Word(found) if *found == word))
    }

    fn mark(&mut self, mark: &str) -> bool {
        self.take(|token| matches!(token, Token::Mark(found) if *found == mark))
    }

    fn equals(&mut self) {
        let _ = self.mark("=") || self.mark("==");
    }

    fn take(&mut self, wanted: impl Fn(&Token) -> bool) -> bool {
        let found = self.tokens.first().is_some_and(wanted);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        match self.next()? {
            Token::Quoted(text) => Some(text.into_bytes()),
            Token::Word(word) => Some(word.as_bytes().to_vec()),
            // `identifier 0x…` is how codesign prints what is no text.
            Token::Hex(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        self.text()
    }

    fn number(&mut self) -> Option<i32> {
        match self.next()? {
            Token::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// SHA-1 or a cdhash: 20 bytes.
    fn hash(&mut self) -> Option<Vec<u8>> {
        match self.next()? {
            Token::Hash(hash) if hash.len() == 20 => Some(hash),
            _ => None,
        }
    }
}

/// Seconds since 2001 of a GeneralizedTime, `20200102030405Z`.
fn seconds(time: &str) -> Option<i64> {
    let digits = time.strip_suffix('Z').filter(|digits| digits.len() == 14)?;
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let in_range =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    // `days_from_civil` of Howard Hinnant, counted from 2001-01-01.
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 730_791;
    in_range.then_some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

const MARKS: [&str; 15] = ["<=", ">=", "==", "(", ")", "[", "]", "=", "<", ">", "~", "!", "*", "-", ";"];

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let mark = || MARKS.iter().find(|mark| rest.starts_with(**mark));
        let (token, length) = if let Some(comment) = rest.strip_prefix("/*") {
            (None, comment.find("*/")? + 4)
        } else if first == '#' || rest.starts_with("//") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if let Some(hash) = rest.strip_prefix("H\"") {
            let end = hash.find('"')?;
            (Some(Token::Hash(bytes_of(&hash[..end])?)), end + 3)
        } else if let Some(hex) = rest.strip_prefix("0x") {
            let end = hex.find(|digit: char| !digit.is_ascii_hexdigit()).unwrap_or(hex.len());
            (Some(Token::Hex(bytes_of(&hex[..end])?)), end + 2)
        } else if first == '"' {
            let (text, length) = quoted(rest)?;
            (Some(Token::Quoted(text)), length)
        } else if first.is_ascii_digit() {
            let end = rest.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(rest.len());
            (Some(Token::Number(&rest[..end])), end)
        } else if first.is_ascii_alphabetic() {
            let end = rest.find(|mark: char| !(mark.is_ascii_alphanumeric() || mark == '.'));
            let end = end.unwrap_or(rest.len());
            (Some(Token::Word(&rest[..end])), end)
        } else {
            let mark = mark()?;
            (Some(Token::Mark(mark)), mark.len())
        };
        tokens.extend(token);
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok()
        })
        .collect()
}

/// The text between the quotes at the start of `rest`, and how many bytes it takes with them.
fn quoted(rest: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut marks = rest.char_indices().skip(1);
    while let Some((at, mark)) = marks.next() {
        match mark {
            '"' => return Some((text, at + 1)),
            '\\' => text.push(marks.next()?.1),
            mark => text.push(mark),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_language_is_none() {
        for text in [
            "",
            "identifier",
            "cdhash \"x\"",
            "cdhash H\"ab\"",
            "(always",
            "always always",
            "$",
            "\"open",
            "/* open",
            "certificate leaf[nothing.CN] = x",
            "certificate leaf[field.1.x] exists",
            "identifier a-b",
            "info[a] ~",
            &"(".repeat(999),
            &"!".repeat(999),
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn other_spellings_mean_the_same() {
        for (typed, printed) in [
            ("anchor generic apple", "anchor apple generic"),
            ("cert leaf [ subject.CN ] exists // so", "certificate leaf[subject.CN] /* exists */"),
            ("identifier = x and (true)", "identifier x and always"),
            (
                "anchor = H\"0102030405060708090a0b0c0d0e0f1011121314\"",
                "certificate root = H\"0102030405060708090a0b0c0d0e0f1011121314\"",
            ),
            ("info[k] = *x*", "info[k] ~ x"),
            ("anchor[subject.O] = \"a \\\"b\"", "certificate root[subject.O] = \"a \\\"b\""),
        ] {
            assert_eq!(parse(typed).map(|read| read.to_string()).as_deref(), Some(printed));
        }
    }
}
