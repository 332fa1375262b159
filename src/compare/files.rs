//! Which files correspond, which are equal, and which only one side has. Nothing is decoded of files that are equal.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::side::{Side, Thing};
use super::{Change, Class, Difference, Found, content, explain};
use crate::bundle::InfoPlist;
use crate::failure::Failure;
use crate::macho;
use crate::os;
use crate::progress::{Cancelled, Progress};

/// How many files there are of each kind. Folders and links are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub equal: usize,
    pub changed: usize,
    pub added: usize,
    pub removed: usize,
    pub moved: usize,
}

/// Files that correspond, by their keys on each side.
type Pair<'a> = (&'a str, &'a str);

/// # Errors
/// [`Failure`] when the user stops it.
pub(super) fn compare(
    left: &Side,
    right: &Side,
    progress: &Progress,
) -> Result<(Vec<Difference>, Tally), Failure> {
    let comparing = Files { left, right };
    let mut differences = comparing.whole();
    let (mut pairs, mut only_left) = (Vec::new(), BTreeSet::new());
    for (key, item) in &left.items {
        match (&item.thing, right.items.get(key).map(|item| &item.thing)) {
            (Thing::File { .. }, Some(Thing::File { .. })) => pairs.push((key.as_str(), key.as_str())),
            (_, None) => drop(only_left.insert(key.as_str())),
            (a, Some(b)) => differences.extend(comparing.things(key, a, b)),
        }
    }
    let new = right.items.keys().filter(|key| !left.items.contains_key(*key));
    let mut only_right: BTreeSet<&str> = new.map(String::as_str).collect();
    let moved = comparing.moved(&mut only_left, &mut only_right);
    let renamed = comparing.renamed(&mut only_left, &mut only_right);
    let mut tally = Tally { moved: moved.len() + renamed.len(), ..Tally::default() };
    differences.extend(moved.iter().map(|pair| comparing.moved_to(pair, explain::MOVED)));
    differences.extend(renamed.iter().map(|pair| comparing.moved_to(pair, explain::RENAMED)));
    let follow = pairs.into_iter().chain(moved).chain(renamed).collect();
    let changed = comparing.contents(follow, progress)?;
    for (pair, found) in changed {
        let in_place = pair.0 == pair.1;
        match found.is_empty() {
            true => tally.equal += usize::from(in_place),
            false => tally.changed += usize::from(in_place),
        }
        differences.extend(found);
    }
    differences.extend(comparing.only(&only_left, left, Change::Removed, &mut tally.removed));
    differences.extend(comparing.only(&only_right, right, Change::Added, &mut tally.added));
    Ok((differences, tally))
}

struct Files<'a> {
    left: &'a Side,
    right: &'a Side,
}

impl<'a> Files<'a> {
    /// What the two sides are called, where that is theirs, and the attributes of the outermost folder.
    fn whole(&self) -> Vec<Difference> {
        let mut found = Found::new("", None);
        if let (Some(a), Some(b)) = (&self.left.volume_name, &self.right.volume_name)
            && a != b
        {
            found.changed(Class::Content, "volume name", a, b, explain::VOLUME_NAME);
        }
        if !self.left.is_file {
            self.attributes(("", ""), &mut found);
        }
        found.differences
    }

    /// Two things at one path that are not both files.
    fn things(&self, key: &str, a: &Thing, b: &Thing) -> Vec<Difference> {
        let mut found = Found::new(key, None);
        match (a, b) {
            (Thing::Link { target: a }, Thing::Link { target: b }) if a != b => {
                found.changed(Class::Content, "link target", a, b, explain::LINK_TARGET);
            }
            (Thing::Unreadable(_), _) | (_, Thing::Unreadable(_)) => {
                found.changed(Class::Content, "kind", kind(a), kind(b), explain::UNREADABLE);
            }
            _ if std::mem::discriminant(a) != std::mem::discriminant(b) => {
                found.changed(Class::Content, "kind", kind(a), kind(b), explain::KIND);
            }
            _ => self.attributes((key, key), &mut found),
        }
        found.differences
    }

    /// Everything that differs of files that correspond, each pair with what was found. Files of disk images are read one
    /// after the other, in their order on the volume: at most two of them are in memory.
    fn contents(
        &self,
        mut pairs: Vec<Pair<'a>>,
        progress: &Progress,
    ) -> Result<Vec<(Pair<'a>, Vec<Difference>)>, Failure> {
        let total = pairs.iter().map(|(key, _)| self.left.length(key)).sum();
        let done = AtomicU64::new(0);
        let compare = |pair: Pair<'a>| {
            let seen = done.fetch_add(self.left.length(pair.0), Ordering::Relaxed);
            progress.step("comparing", pair.0, seen, total)?;
            Ok((pair, self.pair(pair)))
        };
        let found: Result<_, Cancelled> = match self.left.is_image() || self.right.is_image() {
            true => {
                let by_place = |(a, b): &Pair| (self.right.first_block(b), self.left.first_block(a));
                pairs.sort_by_key(by_place);
                pairs.into_iter().map(compare).collect()
            }
            false => {
                // The largest first: the last to end should be a small one.
                pairs.sort_by_key(|(key, _)| std::cmp::Reverse(self.left.length(key)));
                pairs.into_par_iter().with_max_len(1).map(compare).collect()
            }
        };
        Ok(found?)
    }

    fn pair(&self, pair: Pair) -> Vec<Difference> {
        let mut found = Found::new(pair.0, None);
        self.modes(pair, &mut found);
        self.attributes(pair, &mut found);
        let same_length = self.left.length(pair.0) == self.right.length(pair.1);
        let same = if same_length { self.left.holds_same(pair.0, self.right, pair.1) } else { Ok(false) };
        match same {
            Ok(true) => {}
            Ok(false) => match (self.left.bytes(pair.0), self.right.bytes(pair.1)) {
                (Ok(a), Ok(b)) => found.differences.extend(content::compare(pair.0, &a, &b)),
                (a, b) => {
                    let said =
                        |bytes: Result<_, String>| bytes.map_or_else(|why| why, |_| "readable".to_owned());
                    let differs = "other bytes, which are not looked into";
                    found
                        .changed(Class::Content, "content", said(a.map(drop)), said(b.map(drop)), differs)
                        .code = true;
                }
            },
            Err(why) => {
                found.changed(Class::Content, "content", &why, &why, explain::UNREADABLE).code = true;
            }
        }
        found.differences
    }

    fn modes(&self, (a, b): Pair, found: &mut Found) {
        let mode = |side: &Side, key| match side.items.get(key).map(|item| &item.thing) {
            Some(Thing::File { mode, .. }) => *mode,
            _ => 0,
        };
        let (a, b) = (mode(self.left, a), mode(self.right, b));
        let runs = |mode: u32| mode & 0o111 != 0;
        let mixed = self.left.is_image() != self.right.is_image();
        if a == b || !os::RECORDS_MODES || mixed && runs(a) == runs(b) {
            return;
        }
        let (class, why) = match runs(a) == runs(b) && a & 0o7000 == b & 0o7000 {
            true => (Class::Environment, explain::UMASK),
            false => (Class::Content, explain::MODE),
        };
        found.changed(class, "mode", format!("{a:04o}"), format!("{b:04o}"), why);
    }

    fn attributes(&self, (a, b): Pair, found: &mut Found) {
        let (a, b) = (self.left.attributes(a), self.right.attributes(b));
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for name in names.into_iter().filter(|name| a.get(*name) != b.get(*name)) {
            let (class, why) = match name.as_str() {
                name if name.starts_with("com.apple.cs.") => (Class::Signature, explain::ATTRIBUTE_SIGNATURE),
                "com.apple.quarantine" | "com.apple.provenance" | "com.apple.macl" => {
                    (Class::Always, explain::ATTRIBUTE_OF_A_MAC)
                }
                name if name.starts_with("com.apple.lastuseddate")
                    || name.starts_with("com.apple.metadata") =>
                {
                    (Class::Always, explain::ATTRIBUTE_OF_A_MAC)
                }
                _ => (Class::Content, explain::ATTRIBUTE),
            };
            let shown = |value: Option<&Vec<u8>>| value.map(|value| content::described(value));
            found.add(class, format!("attribute {name}"), shown(a.get(name)), shown(b.get(name)), why);
        }
    }

    /// Takes the files out that the other side has at another place: of equal bytes, or images of one LC_UUID, which is one
    /// link of one build.
    fn moved(&self, only_left: &mut BTreeSet<&'a str>, only_right: &mut BTreeSet<&'a str>) -> Vec<Pair<'a>> {
        let mut moved = self.take_pairs(only_left, only_right, true, &|side, key| {
            side.digest(key).ok().map(|digest| digest.to_vec())
        });
        moved.extend(self.take_pairs(only_left, only_right, false, &|side, key| uuids(side, key)));
        moved
    }

    /// Pairs the files of the two sets for which `mark` says the same; asked only where the other side has a file of that length,
    /// when that is what equality takes.
    fn take_pairs(
        &self,
        only_left: &mut BTreeSet<&'a str>,
        only_right: &mut BTreeSet<&'a str>,
        only_of_equal_length: bool,
        mark: &(dyn Fn(&Side, &str) -> Option<Vec<u8>> + Sync),
    ) -> Vec<Pair<'a>> {
        let lengths = |side: &Side, keys: &BTreeSet<&'a str>| -> BTreeSet<u64> {
            keys.iter().map(|key| side.length(key)).filter(|length| *length > 0).collect()
        };
        let both = (lengths(self.left, only_left), lengths(self.right, only_right));
        let marks = |side: &Side, keys: &BTreeSet<&'a str>, others: &BTreeSet<u64>| {
            let keys: Vec<&'a str> = keys
                .iter()
                .copied()
                .filter(|key| {
                    side.length(key) > 0 && (!only_of_equal_length || others.contains(&side.length(key)))
                })
                .collect();
            let marked: Vec<(Vec<u8>, &'a str)> =
                keys.into_par_iter().filter_map(|key| Some((mark(side, key)?, key))).collect();
            let mut by_mark: BTreeMap<Vec<u8>, Vec<&'a str>> = BTreeMap::new();
            marked.into_iter().for_each(|(mark, key)| by_mark.entry(mark).or_default().push(key));
            by_mark
        };
        if both.0.is_empty() || both.1.is_empty() {
            return Vec::new();
        }
        let here = marks(self.left, only_left, &both.1);
        let mut there = marks(self.right, only_right, &both.0);
        let mut pairs = Vec::new();
        for (mark, keys) in here {
            pairs.extend(keys.into_iter().zip(there.remove(&mark).unwrap_or_default()));
        }
        for (a, b) in &pairs {
            only_left.remove(a);
            only_right.remove(b);
        }
        pairs
    }

    /// Takes the main executables out of two bundles that name them otherwise.
    fn renamed(
        &self,
        only_left: &mut BTreeSet<&'a str>,
        only_right: &mut BTreeSet<&'a str>,
    ) -> Vec<Pair<'a>> {
        let plists = self.left.items.keys().filter(|key| key.ends_with("Info.plist"));
        let plists = plists.filter(|key| self.right.items.contains_key(*key));
        let mut pairs = Vec::new();
        for key in plists {
            let executable = |side: &Side, only: &BTreeSet<&'a str>| {
                let info = InfoPlist::read(&side.bytes(key).ok()?).ok()?;
                let name = info.string("CFBundleExecutable")?;
                let base = key.strip_suffix("Info.plist")?;
                let outer = base.strip_suffix("Resources/").unwrap_or(base);
                let places = [format!("{base}MacOS/{name}"), format!("{outer}{name}")];
                places.iter().find_map(|place| only.get(place.as_str()).copied())
            };
            let (a, b) = (executable(self.left, only_left), executable(self.right, only_right));
            if let (Some(a), Some(b)) = (a, b) {
                only_left.remove(a);
                only_right.remove(b);
                pairs.push((a, b));
            }
        }
        pairs
    }

    fn moved_to(&self, (a, b): &Pair, why: &'static str) -> Difference {
        let mut found = Found::new(a, None);
        found.changed(Class::Content, "path", a, b, why).change = Change::Moved;
        found.differences.remove(0)
    }

    /// What only `side` has. A folder is told when nothing is in it: what is in it tells the rest.
    fn only(&self, keys: &BTreeSet<&str>, side: &Side, change: Change, count: &mut usize) -> Vec<Difference> {
        let mut found = Vec::new();
        for &key in keys {
            let Some(item) = side.items.get(key) else { continue };
            let below = format!("{key}/");
            let next = side.items.range::<str, _>((Bound::Included(&*below), Bound::Unbounded)).next();
            if item.thing == Thing::Folder && next.is_some_and(|(next, _)| next.starts_with(&below)) {
                continue;
            }
            let is_file = matches!(item.thing, Thing::File { .. });
            *count += usize::from(is_file);
            let is_code = is_file && macho::is_macho(side.start(key).get(..8).unwrap_or_default());
            let shown = Some(described(&item.thing, is_code));
            let (left, right) = if change == Change::Removed { (shown, None) } else { (None, shown) };
            let (class, why) = explain::only(key, is_code);
            let mut one = Found::new(key, None);
            one.add(class, "file", left, right, why).code = is_code && class == Class::Content;
            found.append(&mut one.differences);
        }
        found
    }
}

/// Every LC_UUID of an image; `None` of anything else.
fn uuids(side: &Side, key: &str) -> Option<Vec<u8>> {
    if !macho::is_macho(side.start(key).get(..8)?) {
        return None;
    }
    let file = macho::read(&side.bytes(key).ok()?).ok()?;
    let uuids: Option<Vec<String>> = file.slices.iter().map(|slice| slice.uuid.clone()).collect();
    uuids.filter(|uuids| !uuids.is_empty()).map(|uuids| uuids.join(" ").into_bytes())
}

fn kind(thing: &Thing) -> String {
    match thing {
        Thing::Unreadable(why) => format!("cannot be read: {why}"),
        other => described(other, false),
    }
}

fn described(thing: &Thing, is_code: bool) -> String {
    match thing {
        Thing::Folder => "folder".to_owned(),
        Thing::File { length, .. } if is_code => format!("Mach-O file of {length} bytes"),
        Thing::File { length, .. } => format!("file of {length} bytes"),
        Thing::Link { target } => format!("link to {target}"),
        Thing::Other => "neither file, folder nor link".to_owned(),
        Thing::Unreadable(why) => format!("cannot be read: {why}"),
    }
}
