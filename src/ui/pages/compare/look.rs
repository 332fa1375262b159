//! What a class of differences looks like: an icon and a colour, always beside its word.

use crate::compare::{Change, Class, Difference};
use crate::ui::icons::Icon;
use crate::ui::widgets::Tone;

pub fn icon(class: Class) -> Icon {
    match class {
        Class::Content => Icon::File,
        Class::Linkage => Icon::Link,
        Class::Signature => Icon::Shield,
        Class::Environment => Icon::Wrench,
        Class::Format => Icon::Columns,
        Class::Always => Icon::Refresh,
    }
}

/// No difference is a fault: the colours tell how much it matters.
pub fn tone(class: Class) -> Tone {
    match class {
        Class::Content => Tone::Warning,
        Class::Linkage | Class::Signature => Tone::Note,
        Class::Environment | Class::Format | Class::Always => Tone::Quiet,
    }
}

/// How the sides differ, in words for a person.
pub fn change(change: Change) -> &'static str {
    match change {
        Change::Changed => "On both sides, and different",
        Change::Added => "Only on the right side",
        Change::Removed => "Only on the left side",
        Change::Moved => "At another place on the right side",
    }
}

/// What each side has; `None` where it has nothing.
pub fn values(difference: &Difference) -> (Option<&str>, Option<&str>) {
    let there = |gone: Change| difference.change != gone;
    (
        there(Change::Added).then_some(difference.left.as_str()),
        there(Change::Removed).then_some(difference.right.as_str()),
    )
}
