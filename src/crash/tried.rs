//! `tried: '/a' (no such file), '/b' (…)`: the places that dyld looked at.

/// One place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub path: String,
    /// dyld's objection; empty when the report is cut off before it.
    pub why: String,
}

/// The places that `reason` lists, and whether the list was cut off. Reasons hold paths, quotes and parentheses of their
/// own: one ends where its parentheses are balanced.
pub fn tried(reason: &str) -> (Vec<Tried>, bool) {
    let Some((_, mut rest)) = reason.split_once("tried: ") else { return did_find(reason) };
    let mut places = Vec::new();
    loop {
        let Some(quoted) = rest.trim_start().strip_prefix('\'') else { return (places, false) };
        let Some((path, after)) = quoted.split_once("' (") else {
            let path = quoted.trim_end_matches('\'');
            if !path.is_empty() {
                places.push(Tried { path: path.to_owned(), why: String::new() });
            }
            return (places, true);
        };
        let (why, after, cut) = balanced(after);
        places.push(Tried { path: path.to_owned(), why: why.to_owned() });
        match after.strip_prefix(',') {
            Some(next) if !next.trim().is_empty() => rest = next,
            Some(_) => return (places, true),
            None => return (places, cut),
        }
    }
}

/// The text up to the parenthesis that closes it, what follows, and whether there was none.
fn balanced(text: &str) -> (&str, &str, bool) {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[..at], &text[at + 1..], false);
        }
    }
    // A path with a lone parenthesis: dyld puts `), '` between two places.
    match text.find("), '") {
        Some(end) => (&text[..end], &text[end + 1..], false),
        None => (text, "", true),
    }
}

/// dyld 2: `no suitable image found.  Did find:`, then a line `path: objection` for each place.
fn did_find(reason: &str) -> (Vec<Tried>, bool) {
    let Some((_, list)) = reason.split_once("Did find:") else { return (Vec::new(), false) };
    let place = |line: &str| {
        let (path, why) = line.trim().split_once(": ").filter(|(path, _)| path.starts_with('/'))?;
        Some(Tried { path: path.to_owned(), why: why.to_owned() })
    };
    let places: Vec<Tried> = list.lines().filter_map(place).collect();
    let cut = places.is_empty();
    (places, cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(reason: &str) -> (Vec<String>, bool) {
        let (places, cut) = tried(reason);
        (places.into_iter().map(|one| format!("{} | {}", one.path, one.why)).collect(), cut)
    }

    #[test]
    fn reasons_with_quotes_and_parentheses_are_kept_whole() {
        let (places, cut) = shown(
            "tried: '/a (1)/x' (mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64')), '/b' (code signature in <U> '/b' not valid for use in process: no Team IDs)",
        );
        assert_eq!(
            places,
            [
                "/a (1)/x | mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64')",
                "/b | code signature in <U> '/b' not valid for use in process: no Team IDs"
            ]
        );
        assert!(!cut);
    }

    #[test]
    fn a_list_that_was_cut_off_says_so() {
        assert_eq!(
            shown("tried: '/a' (no such file), '/b/c"),
            (vec!["/a | no such file".into(), "/b/c | ".into()], true)
        );
        assert_eq!(shown("tried: '/a' (no such fi"), (vec!["/a | no such fi".into()], true));
        assert!(!shown("tried: '/a' (no such file)").1);
    }

    #[test]
    fn dyld_2_lists_what_it_did_find() {
        let (places, cut) =
            shown("no suitable image found.  Did find:\n\t/x/y.dylib: mach-o, but wrong architecture\n");
        assert_eq!((places, cut), (vec!["/x/y.dylib | mach-o, but wrong architecture".into()], false));
        assert_eq!(shown("image not found"), (vec![], false));
    }
}
