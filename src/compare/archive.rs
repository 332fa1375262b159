//! Static libraries (`ar`), member by member (`<ar.h>`, BSD names as Apple's ar writes them).

use std::collections::BTreeMap;

use super::{Class, Found, content, explain};

const MAGIC: &[u8] = b"!<arch>\n";
const HEADER: usize = 60;
/// No archive of any use has more.
const MOST: usize = 100_000;

pub(super) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// One object file of an archive.
struct Member<'a> {
    name: String,
    /// Seconds since 1970, owner, group and mode, as they stand there.
    stamp: String,
    owner: String,
    bytes: &'a [u8],
}

impl Member<'_> {
    fn is_table(&self) -> bool {
        self.name.starts_with("__.SYMDEF") || self.name == "/"
    }
}

/// `None` when it is cut off.
fn members(archive: &[u8]) -> Option<Vec<Member<'_>>> {
    let (mut at, mut members) = (MAGIC.len(), Vec::new());
    while at < archive.len() && members.len() < MOST {
        let header = archive.get(at..at + HEADER)?;
        let text =
            |from: usize, to: usize| Some(std::str::from_utf8(header.get(from..to)?).ok()?.trim().to_owned());
        let size: usize = text(48, 58)?.parse().ok()?;
        let whole = archive.get(at + HEADER..(at + HEADER).checked_add(size)?)?;
        let name = text(0, 16)?;
        let (name, bytes) = match name.strip_prefix("#1/") {
            Some(length) => {
                let length: usize = length.parse().ok()?;
                let raw = whole.get(..length)?;
                let end = raw.iter().position(|&byte| byte == 0).unwrap_or(length);
                (String::from_utf8_lossy(raw.get(..end)?).into_owned(), whole.get(length..)?)
            }
            None => (name.trim_end_matches('/').to_owned(), whole),
        };
        let name = if name.is_empty() { "/".to_owned() } else { name };
        let owner = format!("{}:{} {}", text(28, 34)?, text(34, 40)?, text(40, 48)?);
        members.push(Member { name, stamp: text(16, 28)?, owner, bytes });
        at = (at + HEADER + size).checked_next_multiple_of(2)?;
    }
    Some(members)
}

/// Adds nothing when one of them cannot be read.
pub(super) fn compare(path: &str, left: &[u8], right: &[u8], found: &mut Found) {
    let (Some(all_a), Some(all_b)) = (members(left), members(right)) else { return };
    let (a, b) = (by_name(&all_a), by_name(&all_b));
    let mut stamps: Option<(String, String)> = None;
    let mut tables = false;
    for (key, one) in &a {
        let Some(other) = b.get(key) else {
            let size = format!("{} bytes", one.bytes.len());
            found.add(Class::Content, member(key), Some(size), None, explain::ARCHIVE_MEMBER).code = true;
            continue;
        };
        if (&one.stamp, &one.owner) != (&other.stamp, &other.owner) && stamps.is_none() {
            let shown = |of: &Member| format!("{}: {} {}", of.name, of.stamp, of.owner);
            stamps = Some((shown(one), shown(other)));
        }
        if one.is_table() {
            tables |= one.bytes != other.bytes;
        } else if one.bytes != other.bytes {
            found.differences.extend(content::compare(
                &format!("{path}({})", one.name),
                one.bytes,
                other.bytes,
            ));
        }
    }
    for (key, one) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
        let size = format!("{} bytes", one.bytes.len());
        found.add(Class::Content, member(key), None, Some(size), explain::ARCHIVE_MEMBER).code = true;
    }
    if let Some((left, right)) = stamps {
        found.changed(Class::Environment, "member date and owner", left, right, explain::ARCHIVE_TIME);
    }
    let names = |all: &[Member]| all.iter().map(|member| member.name.clone()).collect::<Vec<_>>();
    let (order_a, order_b) = (names(&all_a), names(&all_b));
    if a.keys().eq(b.keys()) && order_a != order_b {
        let shown = |names: Vec<String>| names.into_iter().take(8).collect::<Vec<_>>().join(" ");
        found.changed(
            Class::Format,
            "order of members",
            shown(order_a),
            shown(order_b),
            explain::ARCHIVE_ORDER,
        );
    }
    if tables && found.differences.is_empty() {
        found.changed(
            Class::Format,
            "table of contents",
            "other bytes",
            "other bytes",
            explain::ARCHIVE_TABLE,
        );
    }
}

fn member((name, index): &(String, usize)) -> String {
    match index {
        0 => format!("member {name}"),
        index => format!("member {name} ({})", index + 1),
    }
}

/// By name, and by how many of that name came before.
fn by_name<'m, 'a>(members: &'m [Member<'a>]) -> BTreeMap<(String, usize), &'m Member<'a>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut named = BTreeMap::new();
    for member in members {
        let count = counts.entry(&member.name).or_default();
        named.insert((member.name.clone(), *count), member);
        *count += 1;
    }
    named
}
