//! The imports of one image in one process: `Loader::resolveSymbol`.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::binaries::{Binaries, Binary, BinaryId};
use super::lookup::{Found, Lookup};
use super::message::Request;
use super::processes::{End, Loaded, Process};
use super::{Expected, MissingSymbol, RecentSymbol, SystemSymbols, When};
use crate::bundle::ImageId;
use crate::dyld::system::{self, Listed};
use crate::macho::symbols::{Import, Ordinal};
use crate::macho::{Arch, InstallName};
use crate::paths::RuntimePath;

pub(super) struct Checker<'m, 's> {
    pub binaries: Binaries<'m>,
    system: &'s dyn SystemSymbols,
    /// What a flat lookup among the images of a host came to, by the host and the name.
    flat: Mutex<HashMap<(usize, &'m [u8]), Found>>,
    /// Who exports a name that a flat lookup did not find, by the architecture of the process.
    offers: Mutex<Offers<'m>>,
}

type Offers<'m> = HashMap<(Arch, &'m [u8]), Option<ImageId>>;

/// Missing symbols with the positions of their imports.
pub(super) type Missing = Vec<(usize, Arc<MissingSymbol>)>;

/// What is the same in every process with the same surroundings.
pub(super) struct Checked<'m> {
    pub missing: Missing,
    /// Imports that ask more of the process than its libraries, with their positions.
    pub wider: Vec<(usize, Import<'m>)>,
    /// Newer than the slice's minimum macOS.
    pub recent: Vec<RecentSymbol>,
    /// Whose dylib commands the lookups followed.
    pub followed: Vec<(BinaryId, u32)>,
    pub imports: usize,
}

impl<'m, 's> Checker<'m, 's> {
    pub fn new(binaries: Binaries<'m>, system: &'s dyn SystemSymbols) -> Self {
        Checker { binaries, system, flat: Mutex::default(), offers: Mutex::default() }
    }

    pub fn check_image(&self, process: &Process<'_>, loaded: &Loaded<'_>) -> Result<Checked<'m>, String> {
        let symbols = self.binaries.get(loaded.binary).symbols.as_ref().map_err(Clone::clone)?;
        let imports = symbols.slice.imports().map_err(|error| error.0)?;
        let mut lookup = Lookup::new(process, &self.binaries, self.system);
        let (mut missing, mut wider, mut seen) = (Missing::new(), Vec::new(), HashSet::new());
        let mut recent = Vec::new();
        for (position, import) in imports.iter().enumerate() {
            match import.ordinal {
                _ if import.weak && !is_unknown(import.ordinal, loaded) => {}
                Ordinal::Main | Ordinal::Flat => wider.push((position, *import)),
                Ordinal::WeakLookup => {
                    if lookup.in_own_table(loaded, import.name) == Found::No {
                        wider.push((position, *import));
                    }
                }
                Ordinal::SelfImage | Ordinal::Dylib(_) | Ordinal::Unknown(_) => {
                    if let Some(one) = self.two_level(&mut lookup, loaded, import)
                        && seen.insert((import.name, import.ordinal))
                    {
                        missing.push((position, Arc::new(one)));
                    }
                    recent.extend(self.recent(loaded, import));
                }
            }
        }
        Ok(Checked { missing, wider, recent, followed: lookup.followed, imports: imports.len() })
    }

    /// Whether the symbol came to libSystem after the macOS that the slice is built for.
    fn recent(&self, loaded: &Loaded<'_>, import: &Import<'_>) -> Option<RecentSymbol> {
        let Ordinal::Dylib(ordinal) = import.ordinal else { return None };
        let target = loaded.targets.get((ordinal as usize).checked_sub(1)?)?;
        let End::System(path) = target.end else { return None };
        let symbol = std::str::from_utf8(import.name).ok().filter(|_| system::is_libsystem(path))?;
        let oldest = loaded.slice.build?.min_os;
        matches!(system::libsystem_symbol(symbol, oldest), Listed::NotYet { .. }).then(|| RecentSymbol {
            image: loaded.load.image.clone(),
            arch: self.binaries.get(loaded.binary).arch,
            reference: target.dependency.map_or_else(|| InstallName::new(path), |one| one.name.clone()),
            symbol: symbol.to_owned(),
        })
    }

    fn two_level<'g>(
        &self,
        lookup: &mut Lookup<'_, 'm, 'g>,
        loaded: &Loaded<'g>,
        import: &Import<'m>,
    ) -> Option<MissingSymbol> {
        let symbol = String::from_utf8_lossy(import.name);
        let request = Request { user: loaded, symbol: &symbol, config: lookup.process().config };
        let (end, name) = match import.ordinal {
            Ordinal::Dylib(ordinal) => match loaded.targets.get(ordinal as usize - 1) {
                Some(target) => (target.end, target.dependency.map(|dependency| &dependency.name)),
                None => return Some(self.nowhere(loaded, &request, i64::from(ordinal))),
            },
            Ordinal::Unknown(number) => return Some(self.nowhere(loaded, &request, number)),
            _ => (End::Loaded(loaded.binary), None),
        };
        let process = lookup.process;
        let (found, expected) = match end {
            End::Fatal => return None,
            End::Absent => (Found::No, Expected::AbsentLibrary),
            End::System(path) => {
                (lookup.in_system(path, import.name), Expected::System(RuntimePath::new(path)))
            }
            End::Loaded(binary) => {
                let there = process.find(binary)?;
                (lookup.in_image(there, import.name), Expected::Image(there.load.image.clone()))
            }
        };
        let complaint = match &found {
            Found::Yes | Found::Unsure => return None,
            Found::No => None,
            Found::Broken(complaint) => Some(complaint.as_str()),
        };
        let message = match end {
            End::Loaded(binary) => request.expected_in_image(process.find(binary)?, complaint),
            other => request.expected_at(other, complaint),
        };
        let missing = self.missing(loaded, &request, expected, when(import), message);
        Some(MissingSymbol { reference: name.cloned(), ..missing })
    }

    /// Lookups among all images of the process, and in the main executable.
    pub fn check_wider(
        &self,
        process: &Process<'_>,
        loaded: &Loaded<'_>,
        imports: &[(usize, Import<'m>)],
    ) -> Missing {
        let mut lookup = Lookup::new(process, &self.binaries, self.system);
        let mut missing = Missing::new();
        for (position, import) in imports {
            let symbol = String::from_utf8_lossy(import.name);
            let request = Request { user: loaded, symbol: &symbol, config: process.config };
            let one = match import.ordinal {
                Ordinal::Main => self.in_main(&mut lookup, loaded, import, &request),
                Ordinal::WeakLookup => self.weak_definition(&mut lookup, loaded, import, &request),
                _ => self.in_flat_namespace(&mut lookup, loaded, import, &request),
            };
            missing.extend(one.map(|one| (*position, Arc::new(one))));
        }
        missing
    }

    fn in_main<'g>(
        &self,
        lookup: &mut Lookup<'_, 'm, 'g>,
        loaded: &Loaded<'g>,
        import: &Import<'m>,
        request: &Request<'_>,
    ) -> Option<MissingSymbol> {
        let main = lookup.process.main()?;
        let complaint = match lookup.in_image(main, import.name) {
            Found::Yes | Found::Unsure => return None,
            Found::No => None,
            Found::Broken(complaint) => Some(complaint),
        };
        let expected = Expected::MainExecutable(main.load.image.clone());
        let message = request.expected_in_image(main, complaint.as_deref());
        Some(self.missing(loaded, request, expected, when(import), message))
    }

    fn weak_definition<'g>(
        &self,
        lookup: &mut Lookup<'_, 'm, 'g>,
        loaded: &Loaded<'g>,
        import: &Import<'m>,
        request: &Request<'_>,
    ) -> Option<MissingSymbol> {
        // Nearly always answered here: C++'s own are in libc++, which every process has.
        if lookup.anywhere_in_system(import.name) != Found::No {
            return None;
        }
        let has_weak = |one: &&Loaded<'g>| {
            let symbols = self.binaries.get(one.binary).symbols.as_ref();
            symbols.is_ok_and(|symbols| symbols.slice.has_weak_definitions())
        };
        let process = lookup.process;
        let mut images = process.in_order().filter(has_weak);
        if images.any(|image| lookup.in_own_table(image, import.name) != Found::No) {
            return None;
        }
        let message = request.weak_definition();
        Some(self.missing(loaded, request, Expected::WeakDefinition, When::Bind, message))
    }

    fn in_flat_namespace<'g>(
        &self,
        lookup: &mut Lookup<'_, 'm, 'g>,
        loaded: &Loaded<'g>,
        import: &Import<'m>,
        request: &Request<'_>,
    ) -> Option<MissingSymbol> {
        let process = lookup.process;
        let mut found = Found::No;
        if let Some(base) = &process.base {
            found = self.in_base(lookup, base, import.name);
        }
        for image in &process.loads {
            found = match (lookup.in_own_table(image, import.name), found) {
                (Found::Yes, _) | (_, Found::Yes) => return None,
                (Found::No | Found::Broken(_), before) => before,
                (Found::Unsure, _) => Found::Unsure,
            };
        }
        let system = lookup.in_named_libraries(import.name);
        let certain = match (system, found) {
            (Found::Yes, _) | (_, Found::Yes) => return None,
            (Found::No, Found::No) => true,
            _ => false,
        };
        let missing = self.missing(loaded, request, Expected::FlatNamespace, when(import), request.flat());
        let offered_by = self.offer(process.config.arch, import.name);
        Some(MissingSymbol { certain, offered_by, ..missing })
    }

    /// Among the images that were there before a plug-in: each name is looked for once.
    fn in_base<'g>(&self, lookup: &mut Lookup<'_, 'm, 'g>, base: &Arc<Process<'g>>, name: &'m [u8]) -> Found {
        let key = (Arc::as_ptr(base) as usize, name);
        if let Some(found) = locked(&self.flat).get(&key) {
            return found.clone();
        }
        let mut found = Found::No;
        for image in base.in_order() {
            match lookup.in_own_table(image, name) {
                Found::Yes => {
                    found = Found::Yes;
                    break;
                }
                Found::Unsure => found = Found::Unsure,
                Found::No | Found::Broken(_) => {}
            }
        }
        locked(&self.flat).insert(key, found.clone());
        found
    }

    /// The first image of any process that exports it.
    fn offer(&self, arch: Arch, name: &'m [u8]) -> Option<ImageId> {
        if let Some(known) = locked(&self.offers).get(&(arch, name)) {
            return known.clone();
        }
        let offers = |binary: &&Binary<'m>| {
            let symbols = binary.symbols.as_ref();
            symbols.is_ok_and(|symbols| matches!(symbols.find(name), Ok(Some(_))))
        };
        let mut binaries = self.binaries.iter().filter(|binary| binary.process == arch);
        let offer = binaries.find(offers).map(|binary| binary.image.clone());
        locked(&self.offers).insert((arch, name), offer.clone());
        offer
    }

    fn nowhere(&self, loaded: &Loaded<'_>, request: &Request<'_>, ordinal: i64) -> MissingSymbol {
        self.missing(loaded, request, Expected::Nowhere, When::Bind, request.unknown_ordinal(ordinal))
    }

    fn missing(
        &self,
        loaded: &Loaded<'_>,
        request: &Request<'_>,
        expected: Expected,
        when: When,
        message: String,
    ) -> MissingSymbol {
        MissingSymbol {
            image: loaded.load.image.clone(),
            arch: self.binaries.get(loaded.binary).arch,
            symbol: request.symbol.to_owned(),
            reference: None,
            expected,
            when,
            certain: true,
            offered_by: None,
            message,
        }
    }
}

/// dyld refuses such an ordinal even for a weak import.
fn is_unknown(ordinal: Ordinal, loaded: &Loaded<'_>) -> bool {
    match ordinal {
        Ordinal::Unknown(_) => true,
        Ordinal::Dylib(ordinal) => ordinal as usize > loaded.targets.len(),
        _ => false,
    }
}

fn when(import: &Import<'_>) -> When {
    if import.lazy { When::Call } else { When::Bind }
}

/// A panic of another thread leaves these maps whole: each change is one insertion.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
