use super::*;
use crate::compare::{Change, Subject, Tally};
use crate::macho::Arch;

fn difference(path: &str, arch: Option<Arch>, field: &str, class: Class) -> Difference {
    Difference {
        path: path.to_owned(),
        arch,
        field: field.to_owned(),
        change: Change::Changed,
        class,
        left: "11.0".to_owned(),
        right: "12.0".to_owned(),
        explanation: "It was built for another macOS.".into(),
        code: false,
    }
}

fn comparison(differences: Vec<Difference>) -> Comparison {
    let subject =
        |path: &str| Subject { path: path.to_owned(), kind: "folder".to_owned(), files: 2, bytes: 9 };
    let tally = Tally { changed: 2, ..Tally::default() };
    Comparison { left: subject("/a"), right: subject("/b"), differences, tally, notes: Vec::new() }
}

fn two_files() -> Comparison {
    let arch = Some(Arch::ARM64);
    let mut alone = difference("c.txt", None, "file", Class::Content);
    alone.change = Change::Added;
    comparison(vec![
        difference("a.dylib", arch, "LC_RPATH", Class::Linkage),
        difference("a.dylib", arch, "LC_UUID", Class::Always),
        difference("b.dylib", arch, "LC_UUID", Class::Always),
        alone,
    ])
}

fn labels(list: &List) -> Vec<String> {
    list.lines().iter().map(|line| list.branch(line).unwrap().label.clone()).collect()
}

#[test]
fn what_matters_is_open_at_first_and_the_rest_is_listed_when_asked_for() {
    let (comparison, mut list) = (two_files(), List::default());
    assert!(list.refresh(&comparison));
    assert_eq!(labels(&list), ["a.dylib", "LC_RPATH", "c.txt"]);
    assert_eq!(list.selected().unwrap().difference, Some(0), "the first difference, not its file");
    list.only = Only::All;
    assert!(list.refresh(&comparison));
    assert_eq!(labels(&list), ["a.dylib", "LC_RPATH", "LC_UUID", "c.txt", "b.dylib"]);
    assert_eq!(list.lines()[4].open, Some(false), "nothing in it matters");
    assert_eq!(list.selected_row(), Some(1), "the selection stays with its difference");
}

#[test]
fn a_file_that_one_side_has_alone_is_one_row() {
    let (comparison, mut list) = (two_files(), List::default());
    list.refresh(&comparison);
    let last = &list.lines()[2];
    assert_eq!((last.depth, last.open, last.difference), (0, None, Some(3)));
}

#[test]
fn rows_are_made_once_for_each_change_of_what_is_asked_for() {
    let (comparison, mut list) = (two_files(), List::default());
    assert!(list.refresh(&comparison));
    assert!(!list.refresh(&comparison));
    list.filter = "LINKAGE".to_owned();
    assert!(list.refresh(&comparison));
    assert_eq!(labels(&list), ["a.dylib", "LC_RPATH"]);
    list.filter = "LINKAGE ".to_owned();
    assert!(!list.refresh(&comparison), "the same words");
    list.filter = "no such thing".to_owned();
    assert!(list.refresh(&comparison));
    assert_eq!((list.lines().len(), list.selected_row()), (0, None));
}

#[test]
fn branches_open_and_close_with_the_selection_on_them() {
    let (comparison, mut list) = (two_files(), List::default());
    list.refresh(&comparison);
    list.set_open(0, false, &comparison);
    assert_eq!(labels(&list), ["a.dylib", "c.txt"]);
    assert_eq!(list.selected_row(), Some(0));
    list.set_open(0, true, &comparison);
    assert_eq!(labels(&list), ["a.dylib", "LC_RPATH", "c.txt"]);
}

#[test]
fn a_file_of_two_slices_has_a_row_for_each_and_one_of_one_slice_none() {
    let field = |arch: Arch| difference("a.dylib", Some(arch), "LC_RPATH", Class::Linkage);
    let comparison = comparison(vec![field(Arch::X86_64), field(Arch::ARM64)]);
    let mut list = List::default();
    list.refresh(&comparison);
    assert_eq!(labels(&list), ["a.dylib", "x86_64", "LC_RPATH", "arm64", "LC_RPATH"]);
    let depths = |list: &List| list.lines().iter().map(|line| line.depth).collect::<Vec<_>>();
    assert_eq!(depths(&list), [0, 1, 2, 1, 2]);
    let (one, mut list) = (two_files(), List::default());
    list.refresh(&one);
    assert_eq!(depths(&list), [0, 1, 0]);
    assert_eq!(only_slice(list.branch(&list.lines()[0]).unwrap()).unwrap().label, "arm64");
}

#[test]
fn classes_are_asked_for_one_by_one() {
    let mut only = Only::Matters;
    only.flip(Class::Always);
    only.flip(Class::Format);
    assert!(only.is_on(Class::Always) && only.is_on(Class::Format) && !only.is_on(Class::Content));
    only.flip(Class::Always);
    only.flip(Class::Format);
    assert_eq!(only, Only::All);
}

#[test]
fn a_hundred_thousand_differences_are_laid_out_with_keys_of_their_own() {
    let field = |file: usize, field: usize| {
        difference(&format!("{file:05}.dylib"), Some(Arch::ARM64), &format!("LC {field}"), Class::Linkage)
    };
    let comparison =
        comparison((0..10_000).flat_map(|file| (0..10).map(move |it| field(file, it))).collect());
    let mut list = List::default();
    list.refresh(&comparison);
    assert_eq!(list.lines().len(), 110_000);
    let keys: BTreeSet<u64> = list.lines().iter().map(|line| line.key).collect();
    assert_eq!(keys.len(), 110_000);
}
