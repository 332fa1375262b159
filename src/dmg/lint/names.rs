//! Names that HFS+ cannot hold beside each other, or at all.

use super::super::finder;
use super::super::hfsplus::unicode;
use super::super::spec::DmgSpec;
use super::{Code, Context, Lint, Mend, Severity};

pub fn check(spec: &DmgSpec, context: &Context, found: &mut Vec<Lint>) {
    for (index, item) in spec.items.iter().enumerate() {
        let units = unicode::to_disk(&item.name);
        if units.len() > unicode::MAX_NAME {
            found.push(too_long(&item.name, &item.name, units.len()));
        }
        let before = spec.items[..index].iter().map(|item| item.name.as_str());
        let other = before.chain(own(spec)).find(|other| same(other, &item.name));
        if let Some(other) = other {
            let free = free_name(spec, &item.name);
            found.push(Lint {
                code: Code::NameCollision,
                severity: Severity::Error,
                subject: item.name.clone(),
                title: match other == item.name {
                    true => format!("Two items are called {other}"),
                    false => format!("{other} and {} are one name for a Mac", item.name),
                },
                next: "rename one of them".into(),
                mend: Some(Mend::Rename { item: index, to: free }),
            });
        }
    }
    for fault in &context.faults {
        let place = format!("{}/{}", fault.item, fault.path);
        let name = place.rsplit('/').next().unwrap_or_default();
        found.push(match &fault.beside {
            None => too_long(&fault.item, &place, unicode::to_disk(name).len()),
            Some(other) => Lint {
                code: Code::NameCollision,
                severity: Severity::Error,
                subject: fault.item.clone(),
                title: format!("{place} and {other} beside it are one name for a Mac"),
                next: "rename one of them where it is built".into(),
                mend: None,
            },
        });
    }
}

/// What the image puts at its top by itself.
fn own(spec: &DmgSpec) -> impl Iterator<Item = &str> {
    let [background, store, icon, ..] = finder::HIDDEN;
    let icon = spec.volume_icon.as_ref().map(|_| icon);
    [background, store].into_iter().chain(icon)
}

fn same(one: &str, other: &str) -> bool {
    unicode::fold(&unicode::to_disk(one)) == unicode::fold(&unicode::to_disk(other))
}

/// "Foo 2.app" beside "Foo.app".
fn free_name(spec: &DmgSpec, name: &str) -> String {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (name.trim_start_matches('.'), String::new()),
    };
    let taken = |name: &String| {
        spec.items.iter().map(|item| item.name.as_str()).chain(own(spec)).any(|other| same(other, name))
    };
    // One of so many numbers is free.
    let numbers = 2..spec.items.len() + 5;
    numbers.map(|number| format!("{stem} {number}{extension}")).find(|name| !taken(name)).unwrap_or_default()
}

fn too_long(item: &str, place: &str, units: usize) -> Lint {
    let shown: String = place.chars().take(60).collect();
    let shown = if shown.len() < place.len() { format!("{shown}…") } else { shown };
    Lint {
        code: Code::NameTooLong,
        severity: Severity::Error,
        subject: item.to_owned(),
        title: format!("The name of {shown} has {units} UTF-16 units, and HFS+ holds {}", unicode::MAX_NAME),
        next: "shorten it".into(),
        mend: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::spec::{Item, ItemSource};
    use super::super::tests::{codes, mended, spec};
    use super::*;
    use std::fs;

    fn link(name: &str) -> Item {
        Item { name: name.into(), ..Item::applications() }
    }

    #[test]
    fn names_that_are_one_for_a_mac_are_told_and_one_of_them_renamed() {
        for name in ["foo.APP", ".ds_store", ".Background"] {
            let mut spec = spec();
            spec.items.push(link(name));
            assert!(codes(&spec).contains(&"name-collision"), "{name}");
            mended(&spec, Code::NameCollision);
        }
        let mut spec = spec();
        spec.items.extend([link("e\u{301}"), link("é"), link("é 2"), link(".VolumeIcon.icns")]);
        assert!(codes(&spec).contains(&"name-collision"));
        assert_eq!(mended(&spec, Code::NameCollision).items[3].name, "é 3");
        spec.items.truncate(3);
        assert!(!codes(&spec).contains(&"name-collision"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_inside_of_an_app_are_looked_at_and_each_folder_by_itself() {
        let top = tempfile::tempdir().unwrap();
        let app = top.path().join("Foo.app");
        for path in ["a/x", "b/X", "B/y", "b/e\u{301}", "b/é"] {
            let path = app.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let mut spec = spec();
        spec.items[0].source = ItemSource::Local(app.clone());
        let context = Context::read(&spec, None, &crate::progress::Progress::silent()).unwrap();
        let mut found = Vec::new();
        check(&spec, &context, &mut found);
        let titles: Vec<&str> = found.iter().map(|lint| lint.title.as_str()).collect();
        assert_eq!(
            titles,
            [
                "Foo.app/b and B beside it are one name for a Mac",
                "Foo.app/b/é and e\u{301} beside it are one name for a Mac"
            ]
        );
    }

    #[test]
    fn accents_count_for_the_length_of_a_name() {
        let mut spec = spec();
        spec.items.push(link(&"é".repeat(127)));
        assert!(!codes(&spec).contains(&"name-too-long"));
        spec.items.push(link(&"é".repeat(128)));
        assert!(codes(&spec).contains(&"name-too-long"));
    }
}
