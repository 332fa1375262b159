//! Icons outside of the window, on each other, or nowhere.

use super::super::frame::{BARS, Frame};
use super::super::spec::DmgSpec;
use super::{Code, Context, Lint, Mend, Severity};

/// Points between the places that are tried for an icon.
const STEP: usize = 8;

pub fn check(spec: &DmgSpec, _: &Context, found: &mut Vec<Lint>) {
    let hidden = spec.items.iter().filter(|item| item.name.starts_with('.'));
    found.extend(hidden.map(|item| {
        let title = format!("{} is not shown in the window", item.name);
        lint(Code::HiddenItem, Severity::Info, &item.name, title, "give it a name without a full stop", None)
    }));
    let shown: Vec<&str> = visible(spec).collect();
    for (index, name) in shown.iter().enumerate() {
        let Some(&at) = spec.layout.positions.get(*name) else {
            let title = format!("{name} has no place in the window");
            let mend = free(spec, name).map(|at| Mend::Place((*name).to_owned(), at));
            found.push(lint(Code::NoPosition, Severity::Warning, name, title, "give it one", mend));
            continue;
        };
        found.extend(edges(spec, name, at));
        let own = whole(spec, name, at);
        let other = shown[..index].iter().find(|other| {
            spec.layout.positions.get(**other).is_some_and(|at| whole(spec, other, *at).meets(own))
        });
        if let Some(other) = other {
            let title = format!("{name} stands on {other}");
            let mend = free(spec, name).map(|at| Mend::Place((*name).to_owned(), at));
            found.push(lint(Code::Overlap, Severity::Warning, name, title, "move them apart", mend));
        }
    }
}

fn lint(code: Code, severity: Severity, name: &str, title: String, next: &str, mend: Option<Mend>) -> Lint {
    Lint { code, severity, subject: name.to_owned(), title, next: next.into(), mend }
}

fn visible(spec: &DmgSpec) -> impl Iterator<Item = &str> {
    spec.items.iter().map(|item| item.name.as_str()).filter(|name| !name.starts_with('.'))
}

/// An icon with its label.
fn whole(spec: &DmgSpec, name: &str, at: (i32, i32)) -> Frame {
    spec.layout.icon_frame(at).with(spec.layout.label_frame(name, at))
}

fn content(spec: &DmgSpec) -> Frame {
    let (width, height) = spec.layout.window.content();
    Frame { left: 0, top: 0, right: width as i32, bottom: height as i32 }
}

fn edges(spec: &DmgSpec, name: &str, at: (i32, i32)) -> Option<Lint> {
    let (own, window) = (whole(spec, name, at), content(spec));
    let back = || Some(Mend::Place(name.to_owned(), inward(spec, name, at, 0)?));
    if !window.meets(own) {
        let title = format!("{name} is outside of the window");
        return Some(lint(Code::OutsideWindow, Severity::Warning, name, title, "move it in", back()));
    }
    if !window.holds(own) {
        let title = format!("{name} is cut off by the edge of the window");
        return Some(lint(Code::OutsideWindow, Severity::Warning, name, title, "move it in", back()));
    }
    let free = Frame { bottom: window.bottom - BARS as i32, ..window };
    (!free.holds(own)).then(|| {
        let title = format!("{name} reaches into the strip that the Finder's bars may cover");
        let mend = inward(spec, name, at, BARS as i32).map(|at| Mend::Place(name.to_owned(), at));
        lint(Code::UnderBars, Severity::Info, name, title, "move it up, or make the window higher", mend)
    })
}

/// The nearest place that is wholly in the window, `below` points from its lower edge; `None` when the window is too small, or
/// when something else is there.
fn inward(spec: &DmgSpec, name: &str, at: (i32, i32), below: i32) -> Option<(i32, i32)> {
    let (own, window) = (whole(spec, name, at), content(spec));
    let shift = |low: i32, high: i32, from: i32, to: i32| {
        let (up, down) = (from.saturating_sub(low), to.saturating_sub(high));
        (up <= down).then(|| 0.clamp(up, down))
    };
    let x = shift(own.left, own.right, window.left, window.right)?;
    let y = shift(own.top, own.bottom, window.top, window.bottom - below)?;
    let to = (at.0.saturating_add(x), at.1.saturating_add(y));
    if is_free(spec, name, to) { Some(to) } else { free(spec, name) }
}

/// Whether nothing else is where this icon would stand, whole and clear of the bars.
fn is_free(spec: &DmgSpec, name: &str, at: (i32, i32)) -> bool {
    let own = whole(spec, name, at);
    let others = visible(spec).filter(|other| *other != name);
    let mut others = others.filter_map(|other| Some((other, *spec.layout.positions.get(other)?)));
    content(spec).holds(own) && !others.any(|(other, at)| whole(spec, other, at).meets(own))
}

/// A free place for an icon, near the others' row: the one nearest to the middle of the window.
pub fn free(spec: &DmgSpec, name: &str) -> Option<(i32, i32)> {
    let (width, height) = spec.layout.window.content();
    let height = height.saturating_sub(BARS);
    let middle = (width as i32 / 2, height as i32 / 2);
    let places =
        (0..width as i32).step_by(STEP).flat_map(|x| (0..height as i32).step_by(STEP).map(move |y| (x, y)));
    let clear = |at: &(i32, i32)| is_free(spec, name, *at) && whole(spec, name, *at).bottom <= height as i32;
    places.filter(clear).min_by_key(|(x, y)| (x - middle.0).pow(2) + (y - middle.1).pow(2))
}

#[cfg(test)]
mod tests {
    use super::super::super::layout::Background;
    use super::super::super::spec::Item;
    use super::super::tests::{codes, mended, spec};
    use super::*;

    fn plain() -> DmgSpec {
        let mut spec = spec();
        spec.layout.background = Background::None;
        spec
    }

    #[test]
    fn what_is_outside_under_the_edge_or_behind_the_bars_comes_back_in() {
        for (at, code) in [
            ((-500, 100), Code::OutsideWindow),
            ((172, 4_000), Code::OutsideWindow),
            ((i32::MAX, i32::MIN), Code::OutsideWindow),
            ((600, 176), Code::OutsideWindow),
            ((172, 270), Code::UnderBars),
        ] {
            let mut spec = plain();
            spec.layout.positions.insert("Foo.app".into(), at);
            assert_eq!(codes(&spec)[0], code.name(), "{at:?}");
            mended(&spec, code);
        }
    }

    #[test]
    fn icons_on_each_other_go_apart_and_those_without_a_place_get_one() {
        let mut spec = plain();
        spec.layout.positions.insert("Foo.app".into(), (400, 170));
        assert_eq!(codes(&spec), ["overlap"]);
        mended(&spec, Code::Overlap);
        spec.layout.positions.remove("Foo.app");
        assert_eq!(codes(&spec), ["no-position"]);
        assert!(mended(&spec, Code::NoPosition).layout.positions.contains_key("Foo.app"));
        spec.layout.window.width = 140;
        spec.layout.positions.insert("Applications".into(), (70, 176));
        let context = Context::read(&spec, None, &crate::progress::Progress::silent()).unwrap();
        let mut found = Vec::new();
        check(&spec, &context, &mut found);
        assert!(found.iter().all(|lint| lint.mend.is_none()), "no room for two: {found:?}");
    }

    #[test]
    fn hidden_items_need_no_place_and_are_told() {
        let mut spec = plain();
        spec.items.push(Item { name: ".hidden".into(), ..Item::applications() });
        assert_eq!(codes(&spec), ["hidden-item"]);
    }
}
