//! Which images meet in one process.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::bundle::ImageId;
use crate::dyld::graph::{Launch, Load};
use crate::dyld::{Graph, Loads};
use crate::paths::BundlePath;

/// Images of one key that a launch has in its process.
pub struct Meeting<'a, K> {
    pub key: K,
    /// The entry point whose launch brings them together.
    pub entry: &'a BundlePath,
    pub images: BTreeSet<&'a ImageId>,
}

/// Images by key.
type Groups<'a, K> = BTreeMap<K, BTreeSet<&'a ImageId>>;

/// Wherever two or more images of one key come together. A plug-in is compared with what its host has loaded, without
/// going through the host's images again.
pub fn together<'a, K: Ord + Clone>(
    graph: &'a Graph,
    key: impl Fn(&'a ImageId) -> Option<K>,
) -> Vec<Meeting<'a, K>> {
    let mut hosts: HashMap<*const Loads, Groups<'a, K>> = HashMap::new();
    let mut meetings = Vec::new();
    for launch in graph.launches.iter().filter(|launch| launch.loads.before().is_none()) {
        let groups = grouped(launch.loads.own(), &key);
        meetings.extend(groups.iter().filter_map(|(key, images)| meeting(launch, key, images.clone())));
        hosts.insert(Arc::as_ptr(&launch.loads), groups);
    }
    for launch in &graph.launches {
        let Some(before) = launch.loads.before() else { continue };
        let host = hosts.get(&Arc::as_ptr(before));
        for (key, mut images) in grouped(launch.loads.own(), &key) {
            images.extend(host.and_then(|groups| groups.get(&key)).into_iter().flatten());
            meetings.extend(meeting(launch, &key, images));
        }
    }
    meetings
}

fn grouped<'a, K: Ord>(loads: &'a [Arc<Load>], key: &impl Fn(&'a ImageId) -> Option<K>) -> Groups<'a, K> {
    let mut groups = Groups::new();
    for load in loads {
        if let Some(key) = key(&load.image) {
            groups.entry(key).or_default().insert(&load.image);
        }
    }
    groups
}

/// A library that is opened by itself for want of another way meets its namesakes in no real process.
fn meeting<'a, K: Clone>(
    launch: &'a Launch,
    key: &K,
    images: BTreeSet<&'a ImageId>,
) -> Option<Meeting<'a, K>> {
    let opened_itself = images.iter().any(|id| matches!(id, ImageId::Bundled(path) if *path == launch.entry));
    let meets = images.len() > 1 && !opened_itself;
    meets.then(|| Meeting { key: key.clone(), entry: &launch.entry, images })
}
