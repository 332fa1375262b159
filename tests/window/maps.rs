//! The maps, by label and by keyboard.

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::lesson::{click, row};
use crate::settle;
use crate::tour::{command, opened, press, rows, says, selected};

#[test]
fn each_map_tells_its_own() {
    let mut harness = opened();
    command(&mut harness, Key::Num7);
    assert!(says(&harness, "of code in"));
    assert!(rows(&harness).iter().any(|row| row.starts_with("Contents/MacOS/write-postcard, ")));
    for (map, words) in [
        ("Unused", "that no program loads at its start"),
        ("Circles", "No libraries need each other in a circle."),
        ("Minimum macOS", "No image was built for a newer macOS than Info.plist promises."),
        ("Slices", "asked for in vain"),
    ] {
        click(&mut harness, &format!("Map: {map}"));
        assert!(says(&harness, words), "{map}");
    }
}

#[test]
fn an_image_says_why_it_is_there() {
    let mut harness = opened();
    command(&mut harness, Key::Num7);
    row(&mut harness, &["libstamp"]);
    assert!(says(&harness, "Way 1: write-postcard"));
    assert!(says(&harness, "Asked for by 1 image"));
    click(&mut harness, "Way 1: write-postcard");
    assert!(selected(&harness).contains("write-postcard"), "{}", selected(&harness));
}

#[test]
fn selections_of_the_tree_and_of_the_maps_are_one() {
    let mut harness = opened();
    command(&mut harness, Key::Num3);
    row(&mut harness, &["libstamp"]);
    click(&mut harness, "Why is this here");
    assert!(selected(&harness).contains("libstamp"), "{}", selected(&harness));
    row(&mut harness, &["Frameworks/Quill"]);
    command(&mut harness, Key::Num3);
    assert!(selected(&harness).contains("Quill"), "{}", selected(&harness));
}

#[test]
fn the_graph_is_walked_by_keyboard() {
    let mut harness = opened();
    command(&mut harness, Key::Num7);
    click(&mut harness, "Map: Graph");
    assert!(rows(&harness).iter().any(|row| row == "libinkwell.2.dylib, not found"), "{:?}", rows(&harness));
    harness.get_by_role_and_label(Role::TreeItem, "write-postcard, in the bundle").click();
    settle(&mut harness);
    press(&mut harness, Key::ArrowDown);
    let below = selected(&harness);
    assert_ne!(below, "write-postcard, in the bundle");
    press(&mut harness, Key::ArrowUp);
    assert_eq!(selected(&harness), "write-postcard, in the bundle");
    let wide = |harness: &egui_kittest::Harness<'_, bundlewright::ui::App>| {
        harness.get_by_role_and_label(Role::TreeItem, "write-postcard, in the bundle").rect().width()
    };
    let before = wide(&harness);
    press(&mut harness, Key::Plus);
    assert!(wide(&harness) > before);
    press(&mut harness, Key::Num0);
    assert!((wide(&harness) - before).abs() < 0.5);
    let named = harness.get_all_by_role(Role::TreeItem).all(|node| node.accesskit_node().label().is_some());
    assert!(named);
}
