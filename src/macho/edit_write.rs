//! Edited names → load commands: the half of an edit that only bytes need.

use super::byte_order::ByteOrder;
use super::edit::EditError;
use super::edit_names::{Name, Names};
use super::header::{Header, LC_RPATH, NCMDS_AT, SIZEOFCMDS_AT, command_bytes};
use super::name_command::{NameCommand, NameKind, fixed_size, smallest_size};

/// Writes the load commands of `slice` anew with these names. Nothing is written before all is known to fit.
pub(super) fn write(slice: &mut [u8], names: &Names, reserve: u64) -> Result<(), EditError> {
    let header = Header::parse(slice)?;
    let low = header.low_fileoff().and_then(|low| usize::try_from(low).ok());
    let low = low.filter(|&low| header.commands_end() <= low && low <= slice.len()).ok_or_else(|| {
        EditError::Malformed(
            "it cannot be told where the load commands must end, so nothing was changed".to_owned(),
        )
    })?;
    let mut commands = new_commands(slice, &header, names, Padding::Keep)?;
    if commands.end(&header) as u64 + reserve > low as u64 {
        commands = new_commands(slice, &header, names, Padding::Drop)?;
    }
    let new_end = commands.end(&header);
    if new_end > low {
        return Err(EditError::NoRoom { arch: header.arch, missing: (new_end - low) as u64 });
    }
    let sizeofcmds = as_u32(commands.bytes.len())?;
    let area = slice.get_mut(header.size()..new_end.max(header.commands_end())).unwrap_or_default();
    let (used, freed) = area.split_at_mut(commands.bytes.len());
    used.copy_from_slice(&commands.bytes);
    freed.fill(0);
    header.order.put_u32(slice, NCMDS_AT, commands.count)?;
    header.order.put_u32(slice, SIZEOFCMDS_AT, sizeofcmds)?;
    Ok(())
}

/// What becomes of bytes after a name that it does not need.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Padding {
    Keep,
    Drop,
}

#[derive(Default)]
struct Commands {
    bytes: Vec<u8>,
    count: u32,
}

impl Commands {
    fn push(&mut self, command: &[u8]) {
        self.bytes.extend_from_slice(command);
        self.count += 1;
    }

    fn end(&self, header: &Header) -> usize {
        header.size() + self.bytes.len()
    }
}

fn new_commands(
    slice: &[u8],
    header: &Header,
    names: &Names,
    padding: Padding,
) -> Result<Commands, EditError> {
    let (order, alignment) = (header.order, header.command_alignment());
    let mut commands = Commands::default();
    let (mut ids, mut uses, mut rpaths) = (names.id.iter(), names.uses.iter(), 0..);
    for command in &header.commands {
        let raw = command_bytes(slice, command)?;
        let Some(old) = NameCommand::parse(order, alignment, raw)? else {
            commands.push(raw);
            continue;
        };
        let new = match old.kind {
            // Of several LC_ID_DYLIB the first counts, and only that one is ever changed.
            NameKind::Id => ids.next().map_or(Some(old.text.as_str()), |name| Some(&name.text)),
            NameKind::Use => uses.next().map(|name| name.text.as_str()),
            NameKind::Rpath => rpaths.next().and_then(|index| kept_rpath(&names.rpaths, index)),
        };
        let same = new == Some(&old.text);
        if same && (padding == Padding::Keep || !old.editable) {
            commands.push(raw);
        } else if !old.editable {
            let text = &old.text;
            return Err(EditError::Malformed(format!(
                "the load command for {text} is laid out in an unknown way"
            )));
        } else if let Some(text) = new {
            commands.push(&with_name(order, alignment, &raw[..old.fixed], text)?);
        }
    }
    for name in names.rpaths.iter().filter(|name| name.source.is_none()) {
        let fixed = fixed_size(NameKind::Rpath, 0);
        let start = [LC_RPATH, 0, as_u32(fixed)?].map(|word| order.bytes_of_u32(word)).concat();
        commands.push(&with_name(order, alignment, &start, &name.text)?);
    }
    Ok(commands)
}

/// What the LC_RPATH that was the `index`-th says now, unless it is gone.
fn kept_rpath(rpaths: &[Name], index: usize) -> Option<&str> {
    let kept = rpaths.iter().find(|name| name.source.as_ref().is_some_and(|(source, _)| *source == index));
    kept.map(|name| name.text.as_str())
}

/// A command of the fixed part `start`, with `text` after it and `cmdsize` to suit.
fn with_name(order: ByteOrder, alignment: usize, start: &[u8], text: &str) -> Result<Vec<u8>, EditError> {
    let size = smallest_size(start.len(), text, alignment);
    let mut command = [start, text.as_bytes()].concat();
    command.resize(size, 0);
    order.put_u32(&mut command, 4, as_u32(size)?)?;
    Ok(command)
}

fn as_u32(size: usize) -> Result<u32, EditError> {
    u32::try_from(size).map_err(|_| EditError::Malformed("a load command cannot be that long".to_owned()))
}
