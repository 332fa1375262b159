//! What is not in the bytes of files: empty folders, attributes, modes, dates, inodes.

use std::fs;
use std::time::{Duration, SystemTime};

use bundlewright::progress::Progress;
use bundlewright::workflow;

use crate::app::{App, MAIN, What};

fn long_ago(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000 + seconds)
}

/// Whether the file system of the test's folder keeps attributes.
fn set_attribute(app: &App, inside: &str, value: &str) -> bool {
    let name = if cfg!(target_os = "linux") { "user.org.example.tag" } else { "org.example.tag" };
    xattr::set(app.at(inside), name, value.as_bytes()).is_ok()
}

#[test]
fn empty_folders_attributes_modes_and_dates_stay() {
    let app = App::new();
    app.add_framework("Contents/Frameworks/Bar.framework");
    app.write("Contents/Resources/data/text.txt", "text");
    app.write("Contents/Resources/run.sh", "#!/bin/sh\n");
    for folder in ["Contents/Resources/empty/in/empty", "Contents/PlugIns"] {
        fs::create_dir_all(app.at(folder)).unwrap();
    }
    let tagged = ["Contents/Resources/data", "Contents/Resources/data/text.txt", MAIN, "Contents/PlugIns"];
    let kept = tagged.iter().all(|inside| set_attribute(&app, inside, inside));
    app.set_mode("Contents/Resources/run.sh", 0o750);
    app.set_mode("Contents/Resources/data/text.txt", 0o600);
    app.set_mode(MAIN, 0o555);
    app.set_mode("Contents/PlugIns", 0o500);
    let files = [
        "Contents/Resources/run.sh",
        "Contents/Resources/data/text.txt",
        MAIN,
        "Contents/Frameworks/Bar.framework/Versions/5/Bar",
        "Contents/Resources/empty/in/empty",
        "Contents/PlugIns",
        "Contents/Frameworks",
        "Contents/MacOS",
        "Contents/Resources",
    ];
    for (seconds, inside) in files.iter().enumerate() {
        app.set_modified(inside, long_ago(seconds as u64));
    }
    app.sign();
    let after = app.listing();
    for (seconds, inside) in files.iter().enumerate() {
        assert_eq!(after[*inside].modified, long_ago(seconds as u64), "{inside}");
    }
    assert_eq!(after["Contents/Resources/empty/in/empty"].what, What::Folder(Vec::new()));
    assert!(!kept || tagged.iter().all(|inside| !after[*inside].attributes.is_empty()));
    app.set_mode("Contents/PlugIns", 0o700);
}

/// The kernel keeps a signature with the inode: what is changed in place is killed.
#[test]
fn what_changes_is_a_new_inode_and_the_old_one_stays_as_it_was() {
    let app = App::new();
    app.write("Contents/Resources/data.txt", "data");
    let running = app.beside("still running");
    fs::hard_link(app.at(MAIN), &running).unwrap();
    let before = app.listing();
    app.sign();
    let after = app.listing();
    assert_ne!(before[MAIN].inode, after[MAIN].inode);
    assert_eq!(What::File(fs::read(&running).unwrap()), before[MAIN].what);
    let data = "Contents/Resources/data.txt";
    assert_eq!(before[data].inode, after[data].inode, "what did not change was made anew");
}

#[test]
fn a_link_to_a_file_stays_a_link_and_the_file_is_signed() {
    let app = App::new();
    let link = app.beside("link");
    std::os::unix::fs::symlink(app.at(MAIN), &link).unwrap();
    let before = app.listing().remove(MAIN).unwrap();
    workflow::sign(&link, &Default::default(), &Progress::silent()).unwrap();
    assert!(link.is_symlink());
    assert_ne!(app.listing().remove(MAIN).unwrap().what, before.what);
}

#[test]
fn a_file_alone_keeps_its_mode_date_and_attributes() {
    let app = App::new();
    app.set_mode(MAIN, 0o551);
    app.set_modified(MAIN, long_ago(0));
    app.set_mode(MAIN, 0o751);
    set_attribute(&app, MAIN, "tag");
    app.set_mode(MAIN, 0o551);
    let before = app.listing().remove(MAIN).unwrap();
    workflow::sign(&app.at(MAIN), &Default::default(), &Progress::silent()).unwrap();
    let after = app.listing().remove(MAIN).unwrap();
    assert_ne!(before.inode, after.inode);
    assert_ne!(before.what, after.what);
    assert_eq!(
        (before.mode, before.modified, before.attributes),
        (after.mode, after.modified, after.attributes)
    );
}
