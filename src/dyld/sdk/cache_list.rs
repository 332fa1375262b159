//! The list of a shared cache's libraries, one path a line: what one macOS really has.

use std::collections::BTreeSet;

/// The paths of a list, as `dyld_shared_cache_util -list` or `ipsw dyld info -l` print them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CacheList(BTreeSet<String>);

impl CacheList {
    /// Takes of each line what begins with its first `/`; lines without one are skipped.
    ///
    /// # Errors
    /// A clause, when no line names a library below `/usr/lib` or `/System/Library`.
    pub fn read(text: &str) -> Result<Self, String> {
        let paths = text.lines().filter_map(|line| line.find('/').and_then(|at| line.get(at..)));
        let names: BTreeSet<String> = paths.map(|path| path.trim().to_owned()).collect();
        let is_library =
            |name: &String| name.starts_with("/usr/lib/") || name.starts_with("/System/Library/");
        if names.iter().any(is_library) {
            Ok(CacheList(names))
        } else {
            Err("lists no library of macOS: one path a line is expected".to_owned())
        }
    }

    /// Whether the cache holds the library with this install name, or the framework `X.framework/X`.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name) || self.has_framework(name).unwrap_or(false)
    }

    fn has_framework(&self, name: &str) -> Option<bool> {
        let (folder, leaf) = name.rsplit_once('/')?;
        let versions =
            folder.ends_with(&format!("/{leaf}.framework")).then(|| format!("{folder}/Versions/"))?;
        let mut inside = self.0.range(versions.clone()..).map_while(|own| own.strip_prefix(&versions));
        Some(inside.any(|rest| rest.split_once('/').is_some_and(|(_, own)| own == leaf)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_path_whatever_stands_before_it() {
        let list = CacheList::read(
            "images:\n   1: 0x18000 /usr/lib/libtea.dylib\r\n/System/Library/Frameworks/Cup.framework/Versions/A/Cup\n",
        )
        .expect("a list");
        assert!(list.has("/usr/lib/libtea.dylib") && !list.has("/usr/lib/libcoffee.dylib"));
        assert!(list.has("/System/Library/Frameworks/Cup.framework/Cup"));
        assert!(!list.has("/System/Library/Frameworks/Cup.framework/Pot"));
        assert!(CacheList::read("nothing\n/opt/x\n").is_err());
    }
}
