//! Two slices of one architecture: header, load commands, sections, symbols, the tables of `__LINKEDIT`, signature.

use super::commands::Pairing;
use super::{Class, Difference, Found, commands, explain, linkedit, sections, signature, symbols};
use crate::macho::header::Header;
use crate::macho::listing::{self, Listed, header_flags};
use crate::macho::{Arch, FileType, ReadError};

/// One slice, taken apart as far as all need it.
pub(super) struct View<'a> {
    pub bytes: &'a [u8],
    pub header: Header,
    pub commands: Vec<Listed>,
}

impl<'a> View<'a> {
    fn new(bytes: &'a [u8]) -> Result<View<'a>, ReadError> {
        Ok(View { bytes, header: Header::parse(bytes)?, commands: listing::list(bytes)? })
    }

    /// An address, in bytes from the start of the image, by the section it is in: `__TEXT,__text+0x10`. Code that only moved has
    /// the same.
    pub fn place(&self, from_start: u64) -> String {
        let base = self.header.segment("__TEXT").map_or(0, |text| text.vmaddr);
        let address = base.wrapping_add(from_start);
        let sections = self.header.segments.iter().flat_map(|segment| &segment.sections);
        let mut around = sections.filter_map(|section| Some((section, address.checked_sub(section.addr)?)));
        match around.rfind(|(section, inside)| *inside < section.size.max(1)) {
            Some((section, inside)) => format!("{},{}+{inside:#x}", section.segment, section.name),
            None => format!("{from_start:#x}"),
        }
    }

    pub fn has(&self, cmd: u32) -> bool {
        self.header.find(cmd).is_some()
    }
}

/// What is known of two slices before their tables are compared.
pub(super) struct Known {
    /// Whether every section holds the same bytes.
    pub same_sections: bool,
    pub pairing: Pairing,
    /// Whether the imports are the same by name, library and kind.
    pub same_imports: bool,
}

pub(super) fn compare(path: &str, arch: Arch, left: &[u8], right: &[u8]) -> Vec<Difference> {
    if left == right {
        return Vec::new();
    }
    let mut found = Found::new(path, Some(arch));
    let (a, b) = match (View::new(left), View::new(right)) {
        (Ok(a), Ok(b)) => (a, b),
        (a, b) => {
            let said =
                |view: Result<View, ReadError>| view.map_or_else(|why| why.0, |_| "can be read".to_owned());
            found.changed(Class::Content, "load commands", said(a), said(b), explain::BROKEN).code = true;
            return found.differences;
        }
    };
    header(&a.header, &b.header, &mut found);
    let mut of_sections = Found::new(path, Some(arch));
    sections::compare(&a, &b, &mut of_sections);
    let same_sections = of_sections.differences.iter().all(|difference| !difference.code);
    let pairing = commands::compare(&a, &b, same_sections, &mut found);
    found.differences.append(&mut of_sections.differences);
    let mut known = Known { same_sections, pairing, same_imports: true };
    known.same_imports = symbols::compare(&a, &b, &known, &mut found);
    linkedit::compare(&a, &b, &known, &mut found);
    signature::compare(&a, &b, &mut found);
    if found.differences.is_empty() {
        let at = left.iter().zip(right).position(|(a, b)| a != b).unwrap_or(left.len().min(right.len()));
        let shown = |bytes: &[u8]| format!("{} bytes, the first that differs at {at:#x}", bytes.len());
        found.changed(Class::Format, "padding", shown(left), shown(right), explain::PADDING);
    }
    tell_of_kept_uuid(&a, &b, &mut found);
    found.differences
}

fn header(a: &Header, b: &Header, found: &mut Found) {
    if a.file_type != b.file_type {
        let (a, b) = (FileType::from_number(a.file_type), FileType::from_number(b.file_type));
        found.changed(Class::Content, "filetype", a, b, explain::FILE_TYPE).code = true;
    }
    if a.flags != b.flags {
        let (a, b) = (header_flags(a.flags), header_flags(b.flags));
        found.changed(Class::Linkage, "flags", a, b, explain::HEADER_FLAGS);
    }
    if a.capabilities != b.capabilities {
        let shown = |header: &Header| format!("{:#04x}", header.capabilities >> 24);
        found.changed(Class::Format, "caps", shown(a), shown(b), explain::CAPABILITIES);
    }
}

/// The name of a build on other code is a trap for whoever reads a crash report.
fn tell_of_kept_uuid(a: &View, b: &View, found: &mut Found) {
    let uuid = |view: &View| {
        let command = view.commands.iter().find(|command| command.name == "LC_UUID");
        command.and_then(|command| command.field("uuid")).map(str::to_owned)
    };
    if uuid(a).is_none() || uuid(a) != uuid(b) {
        return;
    }
    if let Some(first) = found.differences.iter_mut().find(|difference| difference.code) {
        first.explanation = format!("{} {}", first.explanation, explain::UUID_KEPT).into();
    }
}
