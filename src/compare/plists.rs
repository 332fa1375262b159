//! Property lists by key, whatever form they are written in; and the seal of a bundle, which is one of them.

use std::collections::BTreeSet;

use plist::{Dictionary, Value};

use super::{Class, Found, explain};
use crate::bundle::InfoPlist;
use crate::codesign::describe_seal;

/// Differences of one property list that are told one by one.
const MOST: usize = 200;
/// Characters of a value that are shown.
const LONGEST: usize = 200;

pub(super) fn is_plist(path: &str, bytes: &[u8]) -> bool {
    let ending = path.rsplit('.').next().unwrap_or_default();
    let named = matches!(ending, "plist" | "strings" | "xcprivacy" | "entitlements") || is_seal(path);
    bytes.starts_with(b"bplist") || named && bytes.trim_ascii_start().starts_with(b"<")
}

fn is_seal(path: &str) -> bool {
    path.ends_with("_CodeSignature/CodeResources")
}

/// Two files that are both property lists. Adds nothing when one cannot be read.
pub(super) fn compare_file(path: &str, left: &[u8], right: &[u8], found: &mut Found) {
    if is_seal(path) {
        seal(left, right, found);
        return;
    }
    let (Ok(a), Ok(b)) = (InfoPlist::read(left), InfoPlist::read(right)) else { return };
    compare("", &a, &b, found);
}

/// Two property lists of other bytes; each key begins with `prefix`.
pub(super) fn compare(prefix: &str, left: &InfoPlist, right: &InfoPlist, found: &mut Found) {
    if left.format != right.format {
        let form = |plist: &InfoPlist| format!("{:?}", plist.format).to_lowercase();
        found.changed(
            Class::Format,
            format!("{prefix}format"),
            form(left),
            form(right),
            explain::PLIST_FORMAT,
        );
    }
    let before = found.differences.len();
    let mut told = 0;
    if let (Some(a), Some(b)) = (left.value.as_dictionary(), right.value.as_dictionary()) {
        dictionaries(prefix, a, b, found, &mut told);
    }
    if told > MOST {
        let more = format!("{} more", told - MOST);
        found.changed(Class::Content, format!("{prefix}keys"), &more, &more, explain::PLIST_VALUE);
    }
    if found.differences.len() == before && left.format == right.format {
        let why = explain::PLIST_SPELLING;
        found.changed(Class::Format, format!("{prefix}spelling"), "the same values", "the same values", why);
    }
}

fn dictionaries(prefix: &str, left: &Dictionary, right: &Dictionary, found: &mut Found, told: &mut usize) {
    let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    for key in keys {
        values(&format!("{prefix}{key}"), left.get(key), right.get(key), found, told);
    }
}

fn values(name: &str, left: Option<&Value>, right: Option<&Value>, found: &mut Found, told: &mut usize) {
    if left == right {
        return;
    }
    match (left, right) {
        (Some(Value::Dictionary(a)), Some(Value::Dictionary(b))) => {
            dictionaries(&format!("{name}."), a, b, found, told);
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                values(&format!("{name}[{index}]"), a.get(index), b.get(index), found, told);
            }
        }
        _ => {
            *told += 1;
            if *told <= MOST {
                let (class, why) = cause(name);
                found.add(class, name, left.map(shown), right.map(shown), why);
            }
        }
    }
}

/// Keys that tools fill in by themselves.
fn cause(key: &str) -> (Class, &'static str) {
    let last = key.rsplit(['.', ' ']).next().unwrap_or(key);
    let tools = [
        "DTCompiler",
        "DTPlatformBuild",
        "DTPlatformName",
        "DTPlatformVersion",
        "DTSDKBuild",
        "DTSDKName",
        "DTXcode",
        "DTXcodeBuild",
        "BuildMachineOSBuild",
    ];
    match last {
        _ if tools.contains(&last) => (Class::Environment, explain::PLIST_TOOLS),
        "LSMinimumSystemVersion" | "MinimumOSVersion" => (Class::Environment, explain::PLIST_MIN_OS),
        "CFBundleVersion" | "CFBundleShortVersionString" => (Class::Content, explain::PLIST_VERSION),
        _ => (Class::Content, explain::PLIST_VALUE),
    }
}

/// A value in a line.
pub(super) fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Boolean(is) => is.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Date(date) => date.to_xml_format(),
        Value::Data(data) => super::content::described(data),
        Value::Array(values) => {
            format!("({})", values.iter().take(20).map(shown).collect::<Vec<_>>().join(", "))
        }
        Value::Dictionary(values) => {
            let pairs = values.iter().take(20).map(|(key, value)| format!("{key} = {}", shown(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join("; "))
        }
        other => format!("{other:?}"),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// One difference for the whole seal: it follows from the files, which are told by themselves.
fn seal(left: &[u8], right: &[u8], found: &mut Found) {
    let (Ok(a), Ok(b)) = (describe_seal(left), describe_seal(right)) else { return };
    let differ: Vec<&String> = a
        .entries
        .keys()
        .chain(b.entries.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter(|path| a.entries.get(*path) != b.entries.get(*path))
        .collect();
    let named: Vec<&str> = differ.iter().take(3).map(|path| path.as_str()).collect();
    let more = if differ.len() > 3 { ", …" } else { "" };
    let left = format!("seals {} things", a.entries.len());
    let right = match differ.len() {
        0 => format!("seals {} things, all alike", b.entries.len()),
        count => {
            format!("seals {} things, {count} of them otherwise: {}{more}", b.entries.len(), named.join(", "))
        }
    };
    found.changed(Class::Signature, "seal", left, right, explain::SEAL);
}
