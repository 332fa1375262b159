//! Resource rules: which file of a bundle is sealed, and how (Security, `resources.cpp` and `bundlediskrep.cpp`).

use std::iter::Peekable;
use std::str::Chars;
use std::sync::{Arc, LazyLock};

use plist::{Dictionary, Value};
use regex::{Regex, RegexBuilder};

/// What one pattern says. The highest weight wins.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub pattern: String,
    matcher: Arc<Regex>,
    pub weight: f64,
    pub omit: bool,
    pub optional: bool,
    pub nested: bool,
}

/// The rules of one seal, heaviest first.
#[derive(Debug, Clone)]
pub(super) struct Rules(Arc<[Rule]>);

/// The default rules without and with a folder `Resources`: to compile a pattern takes longer than to hash most files.
static STANDARD: LazyLock<[(Rules, Rules); 2]> =
    LazyLock::new(|| [Rules::of_apple(false), Rules::of_apple(true)]);

const PLAIN: u8 = 0;
const OMIT: u8 = 1;
const OPTIONAL: u8 = 2;
const NESTED: u8 = 3;
/// The weight of a rule that is written as `true`.
const DEFAULT_WEIGHT: f64 = 1.0;

impl Rules {
    /// Apple's default rules, of version 1 and of version 2, for a bundle with or without a folder `Resources`.
    pub fn standard(has_resources_folder: bool) -> (Rules, Rules) {
        let [without, with] = &*STANDARD;
        if has_resources_folder { with.clone() } else { without.clone() }
    }

    fn of_apple(has_resources_folder: bool) -> (Rules, Rules) {
        let resources = if has_resources_folder { "^Resources/" } else { "^" };
        let all = if has_resources_folder { resources } else { "^.*" };
        let any_language = format!("{resources}.*\\.lproj/");
        let base_language = format!("{resources}Base\\.lproj/");
        let language_version = format!("{resources}.*\\.lproj/locversion.plist$");
        let languages = [
            (&any_language[..], 1000.0, OPTIONAL),
            (&base_language[..], 1010.0, PLAIN),
            (&language_version[..], 1100.0, OMIT),
        ];
        let first = [(all, DEFAULT_WEIGHT, PLAIN), ("^version.plist$", DEFAULT_WEIGHT, PLAIN)];
        let second = [
            ("^.*", DEFAULT_WEIGHT, PLAIN),
            (".*\\.dSYM($|/)", 11.0, PLAIN),
            ("^(.*/)?\\.DS_Store$", 2000.0, OMIT),
            ("^Info\\.plist$", 20.0, OMIT),
            ("^version\\.plist$", 20.0, PLAIN),
            ("^embedded\\.provisionprofile$", 20.0, PLAIN),
            ("^PkgInfo$", 20.0, OMIT),
        ];
        let in_folders = [
            ("^[^/]+$", 10.0, NESTED),
            (
                "^(Frameworks|SharedFrameworks|PlugIns|Plug-ins|XPCServices|Helpers|MacOS|\
                 Library/(Automator|Spotlight|LoginItems))/",
                10.0,
                NESTED,
            ),
            (resources, 20.0, PLAIN),
        ];
        let in_folders = if has_resources_folder { &in_folders[..] } else { &[] };
        (
            Rules::new([&first[..], &languages].concat()),
            Rules::new([&second[..], in_folders, &languages].concat()),
        )
    }

    fn new(rows: Vec<(&str, f64, u8)>) -> Rules {
        let rule = |(pattern, weight, kind): (&str, f64, u8)| {
            let matcher = Arc::new(Regex::new(pattern).ok()?);
            let (omit, optional, nested) = (kind == OMIT, kind == OPTIONAL, kind == NESTED);
            Some(Rule { pattern: pattern.to_owned(), matcher, weight, omit, optional, nested })
        };
        Rules::sorted(rows.into_iter().filter_map(rule).collect())
    }

    /// The `rules2` (or `rules`) of a seal.
    ///
    /// # Errors
    /// A clause that names the rule that is not one.
    pub fn parse(rules: &Dictionary) -> Result<Rules, String> {
        rules
            .iter()
            .map(|(pattern, value)| parse_rule(pattern, value))
            .collect::<Result<_, _>>()
            .map(Rules::sorted)
    }

    fn sorted(mut rules: Vec<Rule>) -> Rules {
        rules.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.pattern.cmp(&b.pattern)));
        Rules(rules.into())
    }

    /// The rule that decides about a path relative to the bundle's base.
    pub fn find(&self, path: &str) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.matcher.is_match(path))
    }

    /// In the order of their patterns, as a property list is written.
    pub fn by_pattern(&self) -> Vec<&Rule> {
        let mut rules: Vec<&Rule> = self.0.iter().collect();
        rules.sort_by(|a, b| a.pattern.cmp(&b.pattern));
        rules
    }

    /// Whether they leave out what the default rules seal: strict validation refuses that.
    pub fn are_weak(&self, has_resources_folder: bool) -> bool {
        let standard = Rules::standard(has_resources_folder).1;
        let allowed =
            |rule: &Rule| standard.0.iter().any(|known| known.omit && known.pattern == rule.pattern);
        let seals_all = self.0.iter().any(|rule| rule.pattern == "^.*" && rule.is_plain());
        !seals_all || self.0.iter().any(|rule| rule.omit && !allowed(rule))
    }
}

impl Rule {
    /// Whether a property list writes it as `true`.
    pub fn is_plain(&self) -> bool {
        self.weight == DEFAULT_WEIGHT && !(self.omit || self.optional || self.nested)
    }
}

/// A pattern of the default rules is there already.
fn matcher(pattern: &str) -> Result<Arc<Regex>, regex::Error> {
    let mut known = STANDARD.iter().flat_map(|(first, second)| second.0.iter().chain(&*first.0));
    match known.find(|rule| rule.pattern == pattern) {
        Some(rule) => Ok(Arc::clone(&rule.matcher)),
        None => RegexBuilder::new(&posix(pattern)).dot_matches_new_line(true).build().map(Arc::new),
    }
}

/// A POSIX extended regular expression (`regcomp` with `REG_EXTENDED`) as one of the crate's: in brackets no backslash
/// escapes anything and nothing nests; outside a backslash takes the meaning from whatever follows.
fn posix(pattern: &str) -> String {
    let mut translated = String::with_capacity(pattern.len());
    let mut marks = pattern.chars().peekable();
    while let Some(mark) = marks.next() {
        match mark {
            '\\' => match marks.next() {
                Some(next) => translated.push_str(&regex::escape(&next.to_string())),
                None => translated.push('\\'),
            },
            '[' => {
                translated.push('[');
                bracket(&mut marks, &mut translated);
            }
            // POSIX knows no groups with options: refused here as there.
            '(' if marks.peek() == Some(&'?') => translated.push_str("(*"),
            mark => translated.push(mark),
        }
    }
    translated
}

/// The rest of a bracket expression, its end included.
fn bracket(marks: &mut Peekable<Chars>, translated: &mut String) {
    translated.extend(marks.next_if_eq(&'^'));
    // Right at the start a bracket stands for itself.
    let mut first = true;
    while let Some(mark) = marks.next() {
        match mark {
            ']' if !first => return translated.push(']'),
            '[' if marks.peek() == Some(&':') => {
                translated.push('[');
                for mark in marks.by_ref() {
                    translated.push(mark);
                    if mark == ']' {
                        break;
                    }
                }
            }
            '\\' | '[' | ']' | '&' | '~' | '^' => translated.extend(['\\', mark]),
            mark => translated.push(mark),
        }
        first = false;
    }
}

fn parse_rule(pattern: &str, value: &Value) -> Result<Rule, String> {
    let malformed = || format!("has a resource rule \"{pattern}\" that is malformed");
    let matcher = matcher(pattern).map_err(|_| malformed())?;
    let mut rule = Rule {
        pattern: pattern.to_owned(),
        matcher,
        weight: DEFAULT_WEIGHT,
        omit: false,
        optional: false,
        nested: false,
    };
    match value {
        Value::Boolean(seal) => rule.omit = !seal,
        Value::Dictionary(says) => {
            let flag = |key| says.get(key).and_then(Value::as_boolean) == Some(true);
            (rule.omit, rule.optional, rule.nested) = (flag("omit"), flag("optional"), flag("nested"));
            let weight = says.get("weight").map(|weight| {
                // CFNumber gives it as an unsigned int: a fraction goes.
                let real = weight.as_real().map(f64::trunc);
                real.or_else(|| weight.as_signed_integer().map(|weight| weight as f64))
            });
            rule.weight = weight.unwrap_or(Some(DEFAULT_WEIGHT)).ok_or_else(malformed)?;
        }
        _ => return Err(malformed()),
    }
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_rule_decides() {
        let (first, second) = Rules::standard(true);
        let kind = |path: &str| {
            let rule = second.find(path).unwrap();
            (rule.omit, rule.optional, rule.nested)
        };
        for nested in ["Frameworks/libx.dylib", "MacOS/tool", "Library/Spotlight/x.mdimporter", "stray"] {
            assert_eq!(kind(nested), (false, false, true), "{nested}");
        }
        for plain in ["Resources/x", "Resources/Base.lproj/x", "MacOS/x.dSYM/y", "version.plist", "Other/x"] {
            assert_eq!(kind(plain), (false, false, false), "{plain}");
        }
        for omitted in ["Info.plist", "PkgInfo", "Resources/.DS_Store", "Resources/de.lproj/locversion.plist"]
        {
            assert!(kind(omitted).0, "{omitted}");
        }
        assert_eq!(kind("Resources/de.lproj/x.strings"), (false, true, false));
        assert!(first.find("Frameworks/libx.dylib").is_none());
        let flat = Rules::standard(false).1;
        assert!(!flat.find("tool").unwrap().nested);
        assert!(flat.find("de.lproj/x").unwrap().optional);
    }

    #[test]
    fn rules_that_omit_more_than_the_default_are_weak() {
        let parse = |rows: &[(&str, Value)]| {
            Rules::parse(&rows.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
        };
        let omit = Value::Dictionary([("omit".to_owned(), Value::Boolean(true))].into_iter().collect());
        let all = ("^.*", Value::Boolean(true));
        assert!(!parse(&[all.clone(), ("^PkgInfo$", omit.clone())]).unwrap().are_weak(true));
        assert!(parse(&[all, ("^Resources/secret$", omit)]).unwrap().are_weak(true));
        assert!(parse(&[]).unwrap().are_weak(true));
        assert!(parse(&[("(", Value::Boolean(true))]).is_err());
    }

    #[test]
    fn patterns_are_those_of_posix() {
        let matches = |pattern: &str, path: &str| matcher(pattern).unwrap().is_match(path);
        for (pattern, path) in [
            ("^[\\.]x$", "\\x"),
            ("^[]a]$", "]"),
            ("^[^]a]$", "b"),
            ("^[[:digit:]]+\\.d$", "12.d"),
            ("^[a&&b]$", "&"),
            ("^[[]$", "["),
            ("^\\d$", "d"),
            ("^a.b$", "a\nb"),
            ("\\.(png|jpg)$", "Resources/x.png"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        assert!(!matches("^\\d$", "1") && !matches("^Info.plist$", "Info.plist\n"));
        for wrong in ["(?i)a", "a\\", "[a", "(a"] {
            assert!(matcher(wrong).is_err(), "{wrong}");
        }
    }
}
