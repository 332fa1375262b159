//! All imports of all launches, each image in the same surroundings once.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::binaries::{BinaryId, Maps};
use super::imports::{Checked, Checker, Missing};
use super::processes::{Process, processes};
use super::{LaunchSymbols, RecentSymbol, SymbolReport, SystemSymbols};
use crate::bundle::Bundle;
use crate::dyld::Graph;

/// Looks for every import of every image that the launches of `graph` load. Files are mapped, not read; a file that has
/// gone or changed since the scan counts as unreadable.
pub fn check(bundle: &Bundle, graph: &Graph, system: &dyn SystemSymbols) -> SymbolReport {
    let maps = Maps::open(bundle, graph);
    let checker = Checker::new(maps.read(), system);
    let processes = processes(graph, &maps);
    let mut groups: BTreeMap<(BinaryId, u32), Vec<(usize, usize)>> = BTreeMap::new();
    for (launch, process) in processes.iter().enumerate() {
        for (position, loaded) in process.loads.iter().enumerate() {
            groups.entry((loaded.binary, loaded.surroundings)).or_default().push((launch, position));
        }
    }
    let groups: Vec<Vec<(usize, usize)>> = groups.into_values().collect();
    let outcomes: Vec<Outcome> =
        groups.par_iter().map(|members| checker.check_group(&processes, members)).collect();
    checker.report(&processes, outcomes)
}

/// What the members of a group lack: launch, position in the process, and what.
#[derive(Default)]
struct Outcome {
    missing: Vec<(usize, usize, Missing)>,
    recent: Vec<RecentSymbol>,
    unreadable: Option<(BinaryId, String)>,
    imports: usize,
}

impl<'m> Checker<'m, '_> {
    fn check_group(&self, processes: &[Process<'_>], members: &[(usize, usize)]) -> Outcome {
        let mut outcome = Outcome::default();
        let mut known: Vec<Checked<'m>> = Vec::new();
        for &(launch, position) in members {
            let process = &processes[launch];
            let loaded = &process.loads[position];
            let index = match known.iter().position(|checked| holds(checked, process)) {
                Some(index) => index,
                None => match self.check_image(process, loaded) {
                    Ok(mut checked) => {
                        outcome.imports += checked.imports;
                        outcome.recent.append(&mut checked.recent);
                        known.push(checked);
                        known.len() - 1
                    }
                    Err(why) => {
                        outcome.unreadable = Some((loaded.binary, why));
                        return outcome;
                    }
                },
            };
            let checked = &known[index];
            let mut missing = checked.missing.clone();
            missing.extend(self.check_wider(process, loaded, &checked.wider));
            if !missing.is_empty() {
                missing.sort_by_key(|(import, _)| *import);
                outcome.missing.push((launch, position, missing));
            }
        }
        outcome
    }

    fn report(&self, processes: &[Process<'_>], outcomes: Vec<Outcome>) -> SymbolReport {
        let mut report =
            SymbolReport { launches: vec![LaunchSymbols::new(); processes.len()], ..Default::default() };
        let mut placed: Vec<Vec<(usize, Missing)>> = processes.iter().map(|_| Vec::new()).collect();
        for binary in self.binaries.iter() {
            if let Err(why) = &binary.symbols {
                report.unreadable.insert((binary.image.clone(), binary.arch), why.clone());
            }
        }
        for outcome in outcomes {
            report.checked += 1;
            report.imports += outcome.imports;
            report.recent.extend(outcome.recent);
            for (launch, position, missing) in outcome.missing {
                placed[launch].push((position, missing));
            }
            if let Some((binary, why)) = outcome.unreadable {
                let binary = self.binaries.get(binary);
                report.unreadable.insert((binary.image.clone(), binary.arch), why);
            }
        }
        for ((launch, process), mut placed) in report.launches.iter_mut().zip(processes).zip(placed) {
            placed.sort_by_key(|(position, _)| *position);
            for (position, missing) in placed {
                let position = process.loads[position].position;
                launch.extend(missing.into_iter().map(|(_, one)| (position, one)));
            }
        }
        report
    }
}

/// Whether what was found in another process holds in this one.
fn holds(checked: &Checked<'_>, process: &Process<'_>) -> bool {
    checked.followed.iter().all(|(binary, surroundings)| {
        process.find(*binary).is_some_and(|loaded| loaded.surroundings == *surroundings)
    })
}
