//! A walk in a terminal: `dyld::walk`'s own text, its answers coloured.

use super::{BAD, CAREFUL, FAINT, GOOD, Page, STRONG};
use crate::dyld::walk::{Walk, plain};

pub fn walk(page: &mut Page, walk: &Walk, explained: bool) {
    for (at, line) in plain(walk, explained).lines().enumerate() {
        let style = match line.trim_start().chars().next() {
            _ if at == 0 => STRONG,
            Some('✓') => GOOD,
            Some('✗') => FAINT,
            Some('!') => CAREFUL,
            Some('–') => FAINT,
            Some('→') if walk.end.fatal => BAD,
            Some('→') => GOOD,
            _ => {
                page.put(line).end();
                continue;
            }
        };
        page.paint(style, line).end();
    }
}
