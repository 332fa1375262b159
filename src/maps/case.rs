//! A bundle written out from its description (`tests/laws/README.md` says how), resolved on another Mac.

use crate::bundle::Bundle;
use crate::dyld::graph::Graph;
use crate::dyld::{Conditions, Place, Resolution, resolve};
use crate::model;
use crate::paths::BundlePath;

pub fn described(text: &str) -> (Bundle, Graph) {
    let bundle = model::bundle(&model::sound(model::items(text)));
    let graph = graph_of(&bundle);
    (bundle, graph)
}

pub fn graph_of(bundle: &Bundle) -> Graph {
    resolve(bundle, &Place::CleanMac, &Conditions::default())
}

pub fn path(text: &str) -> BundlePath {
    BundlePath::new(text).expect("a path in the bundle")
}

pub fn bundled(text: &str) -> Resolution {
    Resolution::Bundled(path(text))
}
