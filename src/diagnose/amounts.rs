//! Many files in one finding: how they are counted, listed and pointed at.

use super::{Finding, Rule};
use crate::paths::BundlePath;

/// How many of a list are named.
const NAMED: usize = 3;

/// One finding about all of `paths`: it points at the file when there is one, else at the innermost folder around all.
/// A folder's finding outlives changes to single files of it.
pub fn about(rule: &Rule, paths: &[&BundlePath], title: String, message: String) -> Finding {
    Finding::new(rule, &around(paths), title, message)
}

fn around(paths: &[&BundlePath]) -> BundlePath {
    let Some((first, rest)) = paths.split_first() else { return BundlePath::root() };
    if rest.is_empty() {
        return (*first).clone();
    }
    let holds_all = |folder: &BundlePath| rest.iter().all(|path| path.is_under(folder));
    first.ancestors().find(holds_all).unwrap_or_default()
}

/// The first few, and how many more there are: "a, b, c and 12 more".
pub fn listed<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match items.len() {
        0 => String::new(),
        1 => items.concat(),
        many if many <= NAMED + 1 => {
            let (last, first) = items.split_last().map_or(("", &[][..]), |(last, first)| (last, first));
            format!("{} and {last}", first.join(", "))
        }
        many => format!(
            "{} and {} more",
            items.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", "),
            many - NAMED
        ),
    }
}

/// "1 file", "3 files".
pub fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// Bytes as people read them, in powers of ten.
pub fn sized(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.0} KB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_three_and_counts_the_rest() {
        let names = |count: usize| listed(["a", "b", "c", "d", "e"].into_iter().take(count));
        assert_eq!(
            [names(1), names(2), names(4), names(5)],
            ["a", "a and b", "a, b, c and d", "a, b, c and 2 more"]
        );
    }

    #[test]
    fn many_files_are_pointed_at_by_the_folder_around_them() {
        let path = |text: &str| BundlePath::new(text).unwrap();
        let (a, b, c) =
            (path("Contents/Resources/a/x"), path("Contents/Resources/b"), path("Contents/Info.plist"));
        assert_eq!(around(&[&a]), a);
        assert_eq!(around(&[&a, &b]), path("Contents/Resources"));
        assert_eq!(around(&[&a, &b, &c]), path("Contents"));
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        assert_eq!([sized(12), sized(64_000), sized(3_260_000)], ["12 bytes", "64 KB", "3.3 MB"]);
    }
}
