//! What each image's references lead to, by the first launch that loads it.

use std::collections::HashMap;

use crate::bundle::ImageId;
use crate::dyld::Graph;
use crate::dyld::graph::Dependency;
use crate::macho::Arch;

pub struct Loaded<'a> {
    dependencies: HashMap<(&'a ImageId, Arch), &'a [Dependency]>,
}

impl<'a> Loaded<'a> {
    pub fn new(graph: &'a Graph) -> Self {
        let mut dependencies: HashMap<_, &[Dependency]> = HashMap::new();
        for launch in &graph.launches {
            for load in launch.loads.own() {
                dependencies.entry((&load.image, launch.arch)).or_insert(&load.dependencies);
            }
        }
        Loaded { dependencies }
    }

    /// In the order of the slice's `uses`; `None` when no launch loads it.
    pub fn of(&self, image: &ImageId, arch: Arch) -> Option<&'a [Dependency]> {
        self.dependencies.get(&(image, arch)).copied()
    }
}
