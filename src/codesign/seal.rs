//! `_CodeSignature/CodeResources`: the hash of every file of a bundle, the target of every link, the identity of all
//! nested code. Version 2 (`files2`) is what counts since OS X 10.9; version 1 is written for older systems.

use std::collections::BTreeMap;

use plist::{Dictionary, Value};

use super::code_directory::Cdhash;
use super::layout::{CodeBundle, Nodes, below};
use super::rules::{Rule, Rules};
use crate::bundle::{InfoPlist, Node};
use crate::paths::BundlePath;

/// How one path of `files2` is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seal {
    File { sha1: Option<Vec<u8>>, sha256: Option<Vec<u8>>, optional: bool },
    Link { target: String, optional: bool },
    Code { cdhash: Vec<u8>, requirement: String },
}

impl Seal {
    /// Whether it may be absent.
    pub fn is_optional(&self) -> bool {
        matches!(self, Seal::File { optional: true, .. } | Seal::Link { optional: true, .. })
    }
}

/// The whole seal. Keys are relative to the bundle's base.
#[derive(Debug, Clone)]
pub(super) struct CodeResources {
    /// SHA-1, and whether the file may be absent.
    pub files: BTreeMap<String, (Vec<u8>, bool)>,
    pub files2: BTreeMap<String, Seal>,
    pub rules: Rules,
    pub rules2: Rules,
}

/// What the scan of a bundle meets, as Security's `ResourceBuilder::scan` tells things apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    File,
    /// A file in a place for code: code if it is Mach-O, else sealed by its hash.
    FileAmongCode,
    /// A folder with a dot in its name in a place for code: a nested bundle, never entered.
    FolderAmongCode,
    Link,
    /// A socket or device; or a link called `.DS_Store`, behind which something could hide.
    NotAllowed,
}

/// One thing to be sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item<'a> {
    pub path: &'a BundlePath,
    /// Relative to the bundle's base.
    pub inside: &'a str,
    pub met: Met,
    pub optional: bool,
}

/// Everything of `bundle` that `rules` seal, in order.
pub(super) fn items<'a>(
    nodes: &'a Nodes,
    bundle: &CodeBundle,
    executable: Option<&BundlePath>,
    rules: &Rules,
) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    let mut passed_over: Option<&BundlePath> = None;
    for (path, node) in below(nodes, &bundle.base) {
        if passed_over.is_some_and(|folder| path.is_under(folder)) {
            continue;
        }
        let inside = path.strip_prefix(&bundle.base).unwrap_or_default();
        let excluded = is_left_out(inside) || Some(path) == executable;
        let rule = rules.find(inside);
        let met = if excluded { None } else { meet(path, node, rule) };
        if *node == Node::Folder && (excluded || met.is_some()) {
            passed_over = Some(path);
        }
        let optional = rule.is_some_and(|rule| rule.optional);
        items.extend(met.map(|met| Item { path, inside, met, optional }));
    }
    items
}

/// Whether `rules` cover a place, relative to the bundle's base; folders too (`ResourceBuilder::includes`).
pub(super) fn includes(rules: &Rules, inside: &str) -> bool {
    let first = inside.split('/').next().unwrap_or_default();
    !is_left_out(first) && rules.find(inside).is_some_and(|rule| !rule.omit)
}

/// The signature's own folder, a stapled ticket, the store's receipt (`BundleDiskRep::adjustResources`).
fn is_left_out(inside: &str) -> bool {
    matches!(inside, "_CodeSignature" | "CodeResources" | "_MASReceipt")
}

fn meet(path: &BundlePath, node: &Node, rule: Option<&Rule>) -> Option<Met> {
    let sealed = rule.filter(|rule| !rule.omit);
    match node {
        Node::Link { .. } if path.file_name().eq_ignore_ascii_case(".DS_Store") => Some(Met::NotAllowed),
        Node::Link { .. } => sealed.map(|_| Met::Link),
        Node::Folder => {
            let nested = rule.is_some_and(|rule| rule.nested) && path.file_name().contains('.');
            nested.then_some(Met::FolderAmongCode)
        }
        Node::File { .. } => sealed.map(|rule| if rule.nested { Met::FileAmongCode } else { Met::File }),
        Node::Other => Some(Met::NotAllowed),
    }
}

impl CodeResources {
    /// Reads a seal.
    ///
    /// # Errors
    /// A clause that says what is malformed.
    pub fn parse(bytes: &[u8]) -> Result<CodeResources, String> {
        let Value::Dictionary(seal) = InfoPlist::read(bytes)?.value else {
            return Err("holds no dictionary".to_owned());
        };
        let part = |key: &str| seal.get(key).and_then(Value::as_dictionary);
        let nothing = Dictionary::new();
        let files2 = part("files2").ok_or(
            "holds no files2: it is of version 1, which is obsolete (resource envelope is obsolete)",
        )?;
        let rules2 = part("rules2").ok_or(
            "holds no rules2: it is of version 1, which is obsolete (resource envelope is obsolete)",
        )?;
        let each = |(path, value): (&String, &Value)| match parse_seal(value) {
            Some(seal) => Ok((path.clone(), seal)),
            None => Err(format!("has a malformed entry for {path}")),
        };
        let each_of_first = |(path, value): (&String, &Value)| match parse_seal(value) {
            Some(Seal::File { sha1: Some(sha1), optional, .. }) => Some((path.clone(), (sha1, optional))),
            _ => None,
        };
        Ok(CodeResources {
            files: part("files").unwrap_or(&nothing).iter().filter_map(each_of_first).collect(),
            files2: files2.iter().map(each).collect::<Result<_, _>>()?,
            rules: Rules::parse(part("rules").unwrap_or(&nothing))?,
            rules2: Rules::parse(rules2)?,
        })
    }

    /// The property list as Apple writes it: XML, tabs, keys sorted.
    pub fn to_xml(&self) -> Vec<u8> {
        let mut xml = Xml::new();
        xml.open("dict", 0);
        xml.key("files", 1);
        xml.dictionary(1, self.files.iter(), |xml, (path, (sha1, optional))| {
            xml.key(path, 2);
            if *optional {
                xml.pairs(2, &[("hash", Some(Plain::Data(sha1))), ("optional", Some(Plain::True))]);
            } else {
                xml.data(sha1, 2);
            }
        });
        xml.key("files2", 1);
        xml.dictionary(1, self.files2.iter(), |xml, (path, seal)| {
            xml.key(path, 2);
            xml.seal(seal);
        });
        for (name, rules) in [("rules", &self.rules), ("rules2", &self.rules2)] {
            xml.key(name, 1);
            xml.dictionary(1, rules.by_pattern().into_iter(), Xml::rule);
        }
        xml.line(0, "</dict>");
        xml.line(0, "</plist>");
        xml.0.into_bytes()
    }
}

fn parse_seal(value: &Value) -> Option<Seal> {
    if let Some(sha1) = value.as_data() {
        return Some(Seal::File { sha1: Some(sha1.to_vec()), sha256: None, optional: false });
    }
    let says = value.as_dictionary()?;
    let data = |key| says.get(key).and_then(Value::as_data).map(<[u8]>::to_vec);
    let text = |key| says.get(key).and_then(Value::as_string).map(str::to_owned);
    let optional = says.get("optional").and_then(Value::as_boolean) == Some(true);
    if let Some(requirement) = text("requirement") {
        return Some(Seal::Code { cdhash: data("cdhash").unwrap_or_default(), requirement });
    }
    if let Some(target) = text("symlink") {
        return Some(Seal::Link { target, optional });
    }
    let (sha1, sha256) = (data("hash"), data("hash2"));
    (sha1.is_some() || sha256.is_some()).then_some(Seal::File { sha1, sha256, optional })
}

/// A property list in the making, in CoreFoundation's own format.
struct Xml(String);

enum Plain<'a> {
    True,
    Real(f64),
    Text(&'a str),
    Data(&'a [u8]),
}

impl Xml {
    fn new() -> Xml {
        Xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
             \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n"
            .to_owned())
    }

    fn line(&mut self, depth: usize, text: &str) {
        self.0.extend(std::iter::repeat_n('\t', depth));
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn open(&mut self, tag: &str, depth: usize) {
        self.line(depth, &format!("<{tag}>"));
    }

    fn key(&mut self, key: &str, depth: usize) {
        self.line(depth, &format!("<key>{}</key>", escaped(key)));
    }

    fn data(&mut self, bytes: &[u8], depth: usize) {
        self.line(depth, "<data>");
        self.line(depth, &base64(bytes));
        self.line(depth, "</data>");
    }

    fn plain(&mut self, value: &Plain, depth: usize) {
        match value {
            Plain::True => self.line(depth, "<true/>"),
            Plain::Real(number) => self.line(depth, &format!("<real>{number}</real>")),
            Plain::Text(text) => self.line(depth, &format!("<string>{}</string>", escaped(text))),
            Plain::Data(bytes) => self.data(bytes, depth),
        }
    }

    fn pairs(&mut self, depth: usize, pairs: &[(&str, Option<Plain>)]) {
        self.open("dict", depth);
        for (key, value) in pairs {
            if let Some(value) = value {
                self.key(key, depth + 1);
                self.plain(value, depth + 1);
            }
        }
        self.line(depth, "</dict>");
    }

    fn dictionary<T>(&mut self, depth: usize, rows: impl Iterator<Item = T>, row: impl Fn(&mut Xml, T)) {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return self.line(depth, "<dict/>");
        }
        self.open("dict", depth);
        rows.for_each(|one| row(self, one));
        self.line(depth, "</dict>");
    }

    fn seal(&mut self, seal: &Seal) {
        let optional = |optional: bool| ("optional", optional.then_some(Plain::True));
        match seal {
            Seal::File { sha1, sha256, optional: may_lack } => {
                let data = |hash: &'_ Option<Vec<u8>>| hash.clone();
                let (sha1, sha256) = (data(sha1), data(sha256));
                self.pairs(
                    2,
                    &[
                        ("hash", sha1.as_deref().map(Plain::Data)),
                        ("hash2", sha256.as_deref().map(Plain::Data)),
                        optional(*may_lack),
                    ],
                );
            }
            Seal::Link { target, optional: may_lack } => {
                self.pairs(2, &[optional(*may_lack), ("symlink", Some(Plain::Text(target)))]);
            }
            Seal::Code { cdhash, requirement } => self.pairs(
                2,
                &[("cdhash", Some(Plain::Data(cdhash))), ("requirement", Some(Plain::Text(requirement)))],
            ),
        }
    }

    fn rule(&mut self, rule: &Rule) {
        self.key(&rule.pattern, 2);
        if rule.is_plain() {
            return self.plain(&Plain::True, 2);
        }
        let flag = |set: bool| set.then_some(Plain::True);
        self.pairs(
            2,
            &[
                ("nested", flag(rule.nested)),
                ("omit", flag(rule.omit)),
                ("optional", flag(rule.optional)),
                ("weight", Some(Plain::Real(rule.weight))),
            ],
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// RFC 4648 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { digit.into() } else { '=' });
        }
    }
    text
}

/// The identity that a seal's `cdhash` names.
pub(super) fn code_seal(main: Cdhash, all: &[Cdhash]) -> Seal {
    Seal::Code { cdhash: main.0.to_vec(), requirement: super::requirement::of_cdhashes(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> CodeResources {
        let (rules, rules2) = Rules::standard(true);
        let file = |optional| Seal::File { sha1: Some(vec![1; 20]), sha256: Some(vec![2; 32]), optional };
        CodeResources {
            files: BTreeMap::from([
                ("Resources/a&b".to_owned(), (vec![1; 20], false)),
                ("Resources/de.lproj/x".to_owned(), (vec![1; 20], true)),
            ]),
            files2: BTreeMap::from([
                ("Resources/a&b".to_owned(), file(false)),
                ("Resources/de.lproj/x".to_owned(), file(true)),
                ("Resources/link".to_owned(), Seal::Link { target: "a&b".to_owned(), optional: false }),
                ("Frameworks/x.dylib".to_owned(), code_seal(Cdhash([3; 20]), &[Cdhash([3; 20])])),
            ]),
            rules,
            rules2,
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_written_the_same() {
        let xml = sample().to_xml();
        let read = CodeResources::parse(&xml).unwrap();
        assert_eq!((&read.files, &read.files2), (&sample().files, &sample().files2));
        assert_eq!(String::from_utf8(read.to_xml()).unwrap(), String::from_utf8(xml).unwrap());
    }

    #[test]
    fn it_looks_as_apple_writes_it() {
        let xml = String::from_utf8(sample().to_xml()).unwrap();
        assert!(
            xml.contains("\t\t<key>Resources/a&amp;b</key>\n\t\t<data>\n\t\tAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n")
        );
        assert!(xml.contains("\t<key>rules</key>\n\t<dict>\n\t\t<key>^Resources/</key>\n\t\t<true/>\n"));
        assert!(xml.contains("\t\t<dict>\n\t\t\t<key>omit</key>\n\t\t\t<true/>\n\t\t\t<key>weight</key>\n\t\t\t<real>20</real>\n"));
        assert_eq!([base64(b"a"), base64(b"ab"), base64(b"abc")], ["YQ==", "YWI=", "YWJj"]);
    }

    #[test]
    fn a_seal_of_before_2013_is_said_to_be_one() {
        let old = b"<plist version=\"1.0\"><dict><key>files</key><dict/></dict></plist>";
        assert!(CodeResources::parse(old).unwrap_err().contains("obsolete"));
    }
}
