//! The requirement language, as far as a seal's `requirement` uses it (Apple, "Code Signing Requirement Language").

use super::code_directory::Cdhash;

/// What is known of the code that a requirement is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Subject<'a> {
    pub identifier: &'a str,
    pub team: Option<&'a str>,
    pub cdhashes: &'a [Cdhash],
    /// Whether there is a CMS signature, whose certificates are not looked at.
    pub has_cms: bool,
}

/// What a requirement says of a subject. `Unknown` where it hangs on certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Yes,
    No,
    Unknown,
}

/// How deep parentheses may be nested before the text counts as malformed.
const DEEPEST: usize = 64;

/// Evaluates `text`; `None` when it is not the language.
pub(super) fn evaluate(text: &str, subject: &Subject) -> Option<Verdict> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, subject };
    let verdict = parser.either(0)?;
    parser.tokens.is_empty().then_some(verdict)
}

/// The requirement of ad hoc code: that it is exactly this code.
pub(super) fn of_cdhashes(cdhashes: &[Cdhash]) -> String {
    let each: Vec<String> =
        cdhashes.iter().map(|cdhash| format!("cdhash H\"{}\"", super::digest::hex(&cdhash.0))).collect();
    each.join(" or ")
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Text(String),
    Hex(&'a str),
    Mark(char),
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    subject: &'a Subject<'a>,
}

impl<'a> Parser<'a> {
    fn either(&mut self, depth: usize) -> Option<Verdict> {
        let mut verdict = self.both(depth)?;
        while self.word("or") {
            verdict = or(verdict, self.both(depth)?);
        }
        Some(verdict)
    }

    fn both(&mut self, depth: usize) -> Option<Verdict> {
        let mut verdict = self.primary(depth)?;
        while self.word("and") {
            verdict = not(or(not(verdict), not(self.primary(depth)?)));
        }
        Some(verdict)
    }

    fn primary(&mut self, depth: usize) -> Option<Verdict> {
        if depth > DEEPEST {
            return None;
        }
        match self.next()? {
            Token::Mark('(') => {
                let verdict = self.either(depth + 1)?;
                self.mark(')').then_some(verdict)
            }
            Token::Mark('!') => self.primary(depth + 1).map(not),
            Token::Word("always" | "true") => Some(Verdict::Yes),
            Token::Word("never" | "false") => Some(Verdict::No),
            Token::Word("identifier") => {
                self.mark('=');
                self.text().map(|text| sure(text == self.subject.identifier))
            }
            Token::Word("cdhash") => {
                self.mark('=');
                let Token::Hex(hash) = self.next()? else { return None };
                let known = self.subject.cdhashes.iter().map(|cdhash| super::digest::hex(&cdhash.0));
                Some(sure(known.into_iter().any(|known| known.eq_ignore_ascii_case(hash))))
            }
            Token::Word("anchor") => self.anchor(),
            Token::Word("certificate" | "cert") => self.certificate(),
            Token::Word("info" | "entitlement") => {
                self.bracketed()?;
                self.matching()?;
                Some(Verdict::Unknown)
            }
            _ => None,
        }
    }

    fn anchor(&mut self) -> Option<Verdict> {
        if self.word("apple") {
            self.word("generic");
        } else if !self.word("trusted") {
            self.mark('=');
            self.next()?;
        }
        Some(self.with_certificates())
    }

    fn certificate(&mut self) -> Option<Verdict> {
        self.next()?; // leaf, root, or a number
        if self.word("trusted") {
            return Some(self.with_certificates());
        }
        if self.mark('=') {
            self.next()?;
            return Some(self.with_certificates());
        }
        let field = self.bracketed()?;
        let wanted = self.matching()?;
        match (wanted, self.subject.team) {
            // The leaf's organizational unit is the team that the code directory names.
            (Some(wanted), Some(team)) if field == "subject.OU" && self.subject.has_cms && wanted != team => {
                Some(Verdict::No)
            }
            _ => Some(self.with_certificates()),
        }
    }

    fn with_certificates(&self) -> Verdict {
        if self.subject.has_cms { Verdict::Unknown } else { Verdict::No }
    }

    /// `[field]`.
    fn bracketed(&mut self) -> Option<String> {
        self.mark('[').then_some(())?;
        let mut field = String::new();
        while !self.mark(']') {
            match self.next()? {
                Token::Word(word) => field.push_str(word),
                Token::Text(text) => field.push_str(&text),
                Token::Mark('*') => field.push('*'),
                _ => return None,
            }
        }
        Some(field)
    }

    /// An optional `exists`, or `= text`, which is returned; the wild-card and ordering forms count as unknown.
    fn matching(&mut self) -> Option<Option<String>> {
        if self.word("exists") {
            return Some(None);
        }
        let mut compared = false;
        while self.mark('=') || self.mark('<') || self.mark('>') {
            compared = true;
        }
        if !compared {
            return Some(None);
        }
        let wild = self.mark('*');
        let text = self.text()?;
        let wild = self.mark('*') || wild;
        Some((!wild).then_some(text))
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn word(&mut self, word: &str) -> bool {
        self.take(|token| matches!(token, Token::Word(found) if *found == word))
    }

    fn mark(&mut self, mark: char) -> bool {
        self.take(|token| *token == Token::Mark(mark))
    }

    fn take(&mut self, wanted: impl Fn(&Token) -> bool) -> bool {
        let found = self.tokens.first().is_some_and(wanted);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn text(&mut self) -> Option<String> {
        match self.next()? {
            Token::Text(text) => Some(text),
            Token::Word(word) => Some(word.to_owned()),
            _ => None,
        }
    }
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

fn or(left: Verdict, right: Verdict) -> Verdict {
    match (left, right) {
        (Verdict::Yes, _) | (_, Verdict::Yes) => Verdict::Yes,
        (Verdict::No, Verdict::No) => Verdict::No,
        _ => Verdict::Unknown,
    }
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if rest.starts_with("/*") {
            (None, rest.find("*/")? + 2)
        } else if let Some(hex) = rest.strip_prefix("H\"") {
            let end = hex.find('"')?;
            (Some(Token::Hex(&hex[..end])), end + 3)
        } else if first == '"' {
            let (text, length) = quoted(rest)?;
            (Some(Token::Text(text)), length)
        } else if is_word(first) {
            let end = rest.find(|mark| !is_word(mark)).unwrap_or(rest.len());
            (Some(Token::Word(&rest[..end])), end)
        } else if "()[]=<>!*".contains(first) {
            (Some(Token::Mark(first)), 1)
        } else {
            return None;
        };
        tokens.extend(token);
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

fn is_word(mark: char) -> bool {
    mark.is_ascii_alphanumeric() || matches!(mark, '.' | '_' | '-')
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

    const CDHASHES: [Cdhash; 1] = [Cdhash([0xab; 20])];

    fn verdict(text: &str, team: Option<&str>) -> Option<Verdict> {
        let subject = Subject { identifier: "org.x", team, cdhashes: &CDHASHES, has_cms: team.is_some() };
        evaluate(text, &subject)
    }

    #[test]
    fn ad_hoc_code_satisfies_its_own_requirement_and_no_other() {
        assert_eq!(verdict(&of_cdhashes(&CDHASHES), None), Some(Verdict::Yes));
        let others = of_cdhashes(&[Cdhash([1; 20]), Cdhash([2; 20])]);
        assert_eq!(verdict(&others, None), Some(Verdict::No));
        assert_eq!(verdict(&format!("({others}) or (!never)"), None), Some(Verdict::Yes));
    }

    #[test]
    fn certificates_are_unknown_but_team_and_identifier_are_compared() {
        let designated = |team: &str, identifier: &str| {
            format!(
                "anchor apple generic and identifier \"{identifier}\" and (certificate leaf[field.1.2.840.113635.100.6.1.9] \
                 /* exists */ or certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */ and \
                 certificate leaf[subject.OU] = {team})"
            )
        };
        assert_eq!(verdict(&designated("T1", "org.x"), Some("T1")), Some(Verdict::Unknown));
        assert_eq!(verdict(&designated("T1", "org.y"), Some("T1")), Some(Verdict::No));
        assert_eq!(verdict("certificate leaf[subject.OU] = T1", Some("T2")), Some(Verdict::No));
        assert_eq!(verdict(&designated("T1", "org.x"), None), Some(Verdict::No));
    }

    #[test]
    fn what_is_not_the_language_has_no_verdict() {
        for text in
            ["", "identifier", "cdhash \"x\"", "(always", "always always", "$", "\"open", &"(".repeat(999)]
        {
            assert_eq!(verdict(text, None), None, "{text}");
        }
    }
}
