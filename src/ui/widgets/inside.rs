//! Contents at a place of their own, which the flow around them does not notice.

use egui::{Layout, Rect, Ui, UiBuilder};

pub fn inside<R>(ui: &mut Ui, rect: Rect, layout: Layout, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    contents(&mut child)
}
