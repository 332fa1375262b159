//! The parts that every page is made of.

mod badge;
mod button;
mod callout;
mod card;
mod diff;
mod field;
mod focus;
mod inside;
mod menu_item;
mod middle_elide;
mod mono_block;
mod progress;
mod property_row;
mod segments;
mod selector;
mod states;
mod status;
mod switch;
mod text;
pub mod tree_table;

pub use badge::{Tone, badge, chip};
pub use button::Button;
pub use callout::callout;
pub use card::{action_bar, card, divider, panel_frame};
pub use diff::{Sign, changed_part, diff_block, diff_line};
pub use field::{Field, number_field};
pub use focus::{focus_ring, note_input};
pub use inside::inside;
pub use menu_item::MenuItem;
pub use middle_elide::{elided, middle_elide};
pub use mono_block::mono_block;
pub use progress::progress;
pub use property_row::{property, property_path, property_text};
pub use segments::{Choice, segments};
pub use selector::{drop_down, selector};
pub use states::empty;
pub use status::{Status, status_width};
pub use switch::switch;
pub use text::{
    cut, format, galley, job, label, name as text_name, paint_left, paint_right, paint_tinted, paragraph,
    path_lines, wrapped,
};
