//! One line of "Binary Images:", of `image list` in lldb, or of DYLD_PRINT_LIBRARIES.

use super::{LoadedImage, known, leaf, number, uuid};

/// `0x10f1e2000 - 0x10f2a1fff +qca-qt5 (0) <UUID> /path`, in every shape from Mac OS X 10.4 on: the end may be `???`, the UUID
/// without dashes or missing, the name missing. `None` for anything else.
pub fn listed(line: &str) -> Option<LoadedImage> {
    let line = line.trim_start().trim_start_matches('*');
    let (base, rest) = line.split_once('-')?;
    let base = number(base.trim()).filter(|_| base.starts_with("0x"))?;
    let (end, rest) = rest.trim_start().split_once([' ', '\t'])?;
    let end = match end {
        "???" => None,
        end => Some(number(end).filter(|_| end.starts_with("0x"))?),
    };
    let size = end.and_then(|end| end.checked_sub(base)?.checked_add(1));
    let (words, id, path) = parts(rest);
    let path = known(path).filter(|path| path.starts_with('/'));
    let (name, version) = named(words);
    let name = path.as_deref().map_or(name, leaf).to_owned();
    if path.is_none() && id.is_none() && (name.is_empty() || name == "???") {
        return None; // where frames that belong to no image are counted
    }
    Some(LoadedImage { path, name, version, uuid: id, base: Some(base), size, ..LoadedImage::default() })
}

/// What stands before the UUID, the UUID, and what stands behind it.
fn parts(rest: &str) -> (&str, Option<String>, &str) {
    let marks = rest.match_indices('<').filter_map(|(open, _)| {
        let (text, after) = rest[open + 1..].split_once('>')?;
        let is_one = matches!(text.len(), 32 | 36)
            && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        is_one.then_some((open, text, after))
    });
    match marks.take(1).next() {
        Some((open, text, after)) => (&rest[..open], uuid(text), after),
        // Trackers swallow what stands in angle brackets.
        None => match rest.find(" /") {
            Some(at) => (&rest[..at], None, &rest[at..]),
            None => (rest, None, ""),
        },
    }
}

/// Name and version of `+org.qt-project.QtQml (5.5 - 5.5.1)`, `com.apple.Foo 6.4 (1)`, `libz.dylib (*)` or `Foo arm64`.
fn named(words: &str) -> (&str, Option<String>) {
    let words = words.trim().trim_start_matches('+').trim();
    let (before, inside) = match words.rsplit_once('(') {
        Some((before, inside)) => (before.trim(), inside.trim_end().trim_end_matches(')')),
        None => (words, ""),
    };
    let (name, loose) = match before.rsplit_once(' ') {
        Some((name, last)) if last.starts_with(|c: char| c.is_ascii_digit()) => (name.trim(), Some(last)),
        _ => (before, None),
    };
    let name = name.trim_end_matches(" arm64").trim_end_matches(" arm64e").trim_end_matches(" x86_64").trim();
    let short = inside.split(" - ").next().unwrap_or(inside).trim();
    let short = loose.unwrap_or(short);
    let says_something = short.starts_with(|c: char| c.is_ascii_digit());
    (name, says_something.then(|| short.to_owned()))
}

/// `dyld[1]: <UUID> /path` of macOS 12 and later, `dyld: loaded: <UUID> /path` before, and `[  0] UUID 0x… /path` of lldb.
pub fn printed(line: &str) -> Option<LoadedImage> {
    let (id, path) = dyld_says(line).map_or_else(|| by_lldb(line), by_dyld)?;
    let path = path.trim();
    path.starts_with('/').then(|| LoadedImage {
        name: leaf(path).to_owned(),
        uuid: id,
        path: Some(path.to_owned()),
        ..LoadedImage::default()
    })
}

fn by_dyld(said: &str) -> Option<(Option<String>, &str)> {
    let loaded = said.strip_prefix("loaded: ");
    match loaded.unwrap_or(said).strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((id, path)) => Some((uuid(id), path)),
        None => loaded.map(|path| (None, path)),
    }
}

fn by_lldb(line: &str) -> Option<(Option<String>, &str)> {
    let (_, rest) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    let (id, rest) = rest.trim_start().split_once(' ')?;
    let (address, path) = rest.trim_start().split_once(' ')?;
    address.starts_with("0x").then_some((Some(uuid(id)?), path))
}

/// What dyld says in `line`: the text after `dyld[PID]: ` or `dyld: `.
pub fn dyld_says(line: &str) -> Option<&str> {
    let at = line.find("dyld")?;
    let rest = &line[at + 4..];
    match rest.strip_prefix('[') {
        Some(rest) => rest.split_once("]: ").map(|(_, said)| said),
        None => rest.strip_prefix(": "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Option<String> {
        let image = listed(line).or_else(|| printed(line))?;
        let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let uuid = text(image.uuid.map(|uuid| uuid[..8].to_owned()));
        Some(format!("{} {} {uuid} {}", image.name, text(image.version), text(image.path)))
    }

    #[test]
    fn every_release_lists_images_in_its_own_way() {
        for (line, expected) in [
            (
                "       0x10f1e2000 -        0x10f2a1fff +qca-qt5 (0) <14AD33D7-196F-32BB-91B6-598FA39EEF20> /Volumes/*/K.app/Contents/Frameworks/qca-qt5",
                "qca-qt5 0 14AD33D7 /Volumes/*/K.app/Contents/Frameworks/qca-qt5",
            ),
            (
                "0x112a04000 - 0x112ac3fff + (??? - ???) <14AD33D7-196F-32BB-91B6-598FA39EEF20> /Users/USER/*/qca-qt5",
                "qca-qt5 - 14AD33D7 /Users/USER/*/qca-qt5",
            ),
            (
                "    0x1000 -   0x5fff  com.foo.Bar 1.2 (1.2.3) <2a9ac2bc1b2e8e2bd2bbe2c39d3b8ba1> /A b/Bar",
                "Bar 1.2 2A9AC2BC /A b/Bar",
            ),
            (
                "0x10a9d6000 - 0x10ab4bfff libvips.dylib (*) <1d4c196b-2627-3b71-9183-cdbab8de5498> /x/libvips.dylib",
                "libvips.dylib - 1D4C196B /x/libvips.dylib",
            ),
            (
                "0x1 - 0x2 +org.qt.QtQml (5.5 - 5.5.1) /x/QtQml.framework/Versions/5/QtQml",
                "QtQml 5.5 - /x/QtQml.framework/Versions/5/QtQml",
            ),
            (
                "  0x7fff8 -   ???  com.apple.Foo 1.0 (1) <14AD33D7-196F-32BB-91B6-598FA39EEF20>  /System/Foo",
                "Foo 1.0 14AD33D7 /System/Foo",
            ),
            (
                "0x100e50000 - 0x100e5bfff Foo arm64  <0e8b3d3a4c1f3d3aa2d4bd5ad0f4e7a1> /x/Foo",
                "Foo - 0E8B3D3A /x/Foo",
            ),
            (
                "dyld[736]: <AAAAAAAA-0000-3000-8000-000000000001> /x/liba.dylib",
                "liba.dylib - AAAAAAAA /x/liba.dylib",
            ),
            ("dyld: loaded: /x/liba.dylib", "liba.dylib - - /x/liba.dylib"),
            (
                "[  3] AAAAAAAA-0000-3000-8000-000000000001 0x0000000100000000 /x/liba.dylib",
                "liba.dylib - AAAAAAAA /x/liba.dylib",
            ),
        ] {
            assert_eq!(shown(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn other_lines_are_none() {
        for line in [
            "0x0 - 0xffffffffffffffff ??? (*) <00000000-0000-0000-0000-000000000000> ???",
            "0x10 - x",
            "- 0x1 - 0x2",
            "dyld[1]: Library not loaded: /x",
            "Thread 0",
            "0x1-",
            "",
        ] {
            assert_eq!(shown(line), None, "{line}");
        }
    }
}
