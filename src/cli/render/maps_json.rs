//! `map --json`: only the maps asked for. Images of the bundle are relative paths, those outside it absolute ones.

use serde::Serialize;

use super::{SCHEMA, words};
use crate::cli::map::Maps;
use crate::dyld::Resolution;
use crate::macho::{Arch, PackedVersion};
use crate::maps::architectures::{Architectures, Cell, Lack, Row};
use crate::maps::cycles::Cycle;
use crate::maps::minimum_system::{Culprit, MinimumSystem};
use crate::maps::network::{Content, Edge, Network, Node};
use crate::maps::size::{Brought, Direct, ImageSize, Size};
use crate::maps::unused::{Mention, Standing, Unused};
use crate::maps::why::{Chain, Step, User, Why};

#[derive(Serialize)]
pub struct MapJson<'a> {
    schema: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<WhyJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<SizeJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_system: Option<Vec<MinimumSystemJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    architectures: Option<ArchitecturesJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cycles: Option<Vec<CycleJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unused: Option<Vec<UnusedJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<NetworkJson>,
}

impl<'a> MapJson<'a> {
    pub fn new(maps: &'a Maps) -> Self {
        MapJson {
            schema: SCHEMA,
            why: maps.why.as_ref().map(|(target, why)| WhyJson::new(target, why)),
            size: maps.size.as_ref().map(|(size, brought)| SizeJson::new(size, brought.as_ref())),
            minimum_system: maps
                .minimum_system
                .as_ref()
                .map(|all| all.iter().map(MinimumSystemJson::new).collect()),
            architectures: maps.architectures.as_ref().map(ArchitecturesJson::new),
            cycles: maps.cycles.as_ref().map(|all| all.iter().map(CycleJson::new).collect()),
            unused: maps.unused.as_ref().map(|all| all.iter().map(UnusedJson::new).collect()),
            network: maps.network.as_ref().map(NetworkJson::new),
        }
    }
}

#[derive(Serialize)]
struct WhyJson<'a> {
    image: &'a str,
    weak_only: bool,
    users: Vec<UserJson<'a>>,
    chains: Vec<ChainJson<'a>>,
    /// Further shortest ways; null when there are more than can be counted.
    more: Option<u64>,
}

#[derive(Serialize)]
struct UserJson<'a> {
    image: String,
    name: &'a str,
    kind: &'static str,
    archs: &'a [Arch],
}

#[derive(Serialize)]
struct ChainJson<'a> {
    entry: &'a str,
    kind: &'static str,
    archs: &'a [Arch],
    steps: Vec<StepJson<'a>>,
}

#[derive(Serialize)]
struct StepJson<'a> {
    image: String,
    name: &'a str,
    kind: &'static str,
}

impl<'a> StepJson<'a> {
    fn new(step: &'a Step) -> Self {
        StepJson { image: step.image.to_string(), name: step.name.as_str(), kind: words::kind(step.kind) }
    }
}

impl<'a> WhyJson<'a> {
    fn new(target: &'a Resolution, why: &'a Why) -> Self {
        let user = |user: &'a User| UserJson {
            image: user.image.to_string(),
            name: user.name.as_str(),
            kind: words::kind(user.kind),
            archs: &user.archs,
        };
        let chain = |chain: &'a Chain| ChainJson {
            entry: chain.entry.as_str(),
            kind: words::entry(chain.kind),
            archs: &chain.archs,
            steps: chain.steps.iter().map(StepJson::new).collect(),
        };
        WhyJson {
            image: words::resolution(target).1.unwrap_or_default(),
            weak_only: why.weak_only,
            users: why.users.iter().map(user).collect(),
            chains: why.chains.iter().map(chain).collect(),
            more: (why.more != u64::MAX).then_some(why.more),
        }
    }
}

#[derive(Serialize)]
struct SizeJson<'a> {
    code: u64,
    other: u64,
    images: Vec<ImageSizeJson<'a>>,
    launch: Option<BroughtJson<'a>>,
}

#[derive(Serialize)]
struct ImageSizeJson<'a> {
    path: &'a str,
    bytes: u64,
    exclusive: u64,
    slices: Vec<SliceSizeJson>,
}

#[derive(Serialize)]
struct SliceSizeJson {
    arch: Arch,
    bytes: u64,
}

#[derive(Serialize)]
struct BroughtJson<'a> {
    entry: &'a str,
    arch: Arch,
    own: u64,
    total: u64,
    shared: u64,
    direct: Vec<DirectJson>,
}

#[derive(Serialize)]
struct DirectJson {
    image: String,
    bytes: u64,
    exclusive: u64,
    images: usize,
    shared: bool,
}

impl<'a> SizeJson<'a> {
    fn new(size: &'a Size, brought: Option<&'a Brought>) -> Self {
        let slice = |&(arch, bytes): &(Arch, u64)| SliceSizeJson { arch, bytes };
        let image = |image: &'a ImageSize| ImageSizeJson {
            path: image.image.as_str(),
            bytes: image.bytes,
            exclusive: image.exclusive,
            slices: image.slices.iter().map(slice).collect(),
        };
        let direct = |one: &Direct| DirectJson {
            image: one.image.to_string(),
            bytes: one.bytes,
            exclusive: one.exclusive,
            images: one.images,
            shared: one.is_shared,
        };
        SizeJson {
            code: size.code,
            other: size.other,
            images: size.images.iter().map(image).collect(),
            launch: brought.map(|brought| BroughtJson {
                entry: brought.entry.as_str(),
                arch: brought.arch,
                own: brought.own,
                total: brought.total,
                shared: brought.shared,
                direct: brought.direct.iter().map(direct).collect(),
            }),
        }
    }
}

#[derive(Serialize)]
struct MinimumSystemJson<'a> {
    entry: &'a str,
    kind: &'static str,
    arch: Arch,
    promised: Option<String>,
    to_start: Option<String>,
    to_open_all: Option<String>,
    ok: bool,
    culprits: Vec<CulpritJson>,
}

#[derive(Serialize)]
struct CulpritJson {
    image: String,
    minimum: String,
    opened_later: bool,
}

impl<'a> MinimumSystemJson<'a> {
    fn new(one: &'a MinimumSystem) -> Self {
        let text = |version: Option<PackedVersion>| version.map(|version| version.to_string());
        let culprit = |one: &Culprit| CulpritJson {
            image: one.image.to_string(),
            minimum: one.minimum.to_string(),
            opened_later: one.is_opened_later,
        };
        MinimumSystemJson {
            entry: one.entry.as_str(),
            kind: words::entry(one.kind),
            arch: one.arch,
            promised: text(one.promised),
            to_start: text(one.to_start),
            to_open_all: text(one.to_open_all),
            ok: !one.is_broken(),
            culprits: one.culprits.iter().map(culprit).collect(),
        }
    }
}

#[derive(Serialize)]
struct ArchitecturesJson<'a> {
    archs: &'a [Arch],
    rows: Vec<RowJson>,
    lacks: Vec<LackJson<'a>>,
}

#[derive(Serialize)]
struct RowJson {
    image: String,
    /// In the order of `archs`.
    cells: Vec<CellJson>,
}

#[derive(Serialize)]
struct CellJson {
    state: &'static str,
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct LackJson<'a> {
    image: String,
    arch: Arch,
    asked_by: String,
    entry: &'a str,
}

impl<'a> ArchitecturesJson<'a> {
    fn new(matrix: &'a Architectures) -> Self {
        let cell = |cell: &Cell| match *cell {
            Cell::Loaded(bytes) => CellJson { state: "loaded", bytes: Some(bytes) },
            Cell::Idle(bytes) => CellJson { state: "idle", bytes: Some(bytes) },
            Cell::Absent => CellJson { state: "absent", bytes: None },
            Cell::Lacking => CellJson { state: "lacking", bytes: None },
        };
        let row =
            |row: &Row| RowJson { image: row.image.to_string(), cells: row.cells.iter().map(cell).collect() };
        let lack = |lack: &'a Lack| LackJson {
            image: lack.image.to_string(),
            arch: lack.arch,
            asked_by: lack.asked_by.to_string(),
            entry: lack.entry.as_str(),
        };
        ArchitecturesJson {
            archs: &matrix.archs,
            rows: matrix.rows.iter().map(row).collect(),
            lacks: matrix.lacks.iter().map(lack).collect(),
        }
    }
}

#[derive(Serialize)]
struct CycleJson<'a> {
    images: Vec<String>,
    archs: &'a [Arch],
    upward: bool,
    shortest: Vec<StepJson<'a>>,
}

impl<'a> CycleJson<'a> {
    fn new(cycle: &'a Cycle) -> Self {
        CycleJson {
            images: cycle.images.iter().map(ToString::to_string).collect(),
            archs: &cycle.archs,
            upward: cycle.is_upward,
            shortest: cycle.shortest.iter().map(StepJson::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct UnusedJson<'a> {
    path: &'a str,
    bytes: u64,
    standing: &'static str,
    users: Vec<&'a str>,
    named_in: Vec<MentionJson<'a>>,
}

#[derive(Serialize)]
struct MentionJson<'a> {
    file: &'a str,
    name: &'a str,
}

impl<'a> UnusedJson<'a> {
    fn new(one: &'a Unused) -> Self {
        let mention = |mention: &'a Mention| MentionJson { file: mention.file.as_str(), name: &mention.name };
        UnusedJson {
            path: one.image.as_str(),
            bytes: one.bytes,
            standing: match one.standing {
                Standing::Named => "named",
                Standing::PlugIn => "plug-in",
                Standing::NeededByThose => "needed-by-those",
                Standing::Nothing => "nothing",
            },
            users: one.users.iter().map(|user| user.as_str()).collect(),
            named_in: one.named_in.iter().map(mention).collect(),
        }
    }
}

#[derive(Serialize)]
struct NetworkJson {
    width: f32,
    height: f32,
    nodes: Vec<NodeJson>,
    edges: Vec<EdgeJson>,
}

#[derive(Serialize)]
struct NodeJson {
    kind: &'static str,
    names: Vec<String>,
    layer: usize,
    x: f32,
    y: f32,
}

#[derive(Serialize)]
struct EdgeJson {
    from: usize,
    to: usize,
    kind: &'static str,
    references: usize,
}

impl NetworkJson {
    fn new(network: &Network) -> Self {
        let node = |node: &Node| NodeJson {
            kind: content(&node.content),
            names: node.content.names(),
            layer: node.layer,
            x: node.x,
            y: node.y,
        };
        let edge = |edge: &Edge| EdgeJson {
            from: edge.from,
            to: edge.to,
            kind: words::kind(edge.kind),
            references: edge.references,
        };
        NetworkJson {
            width: network.width,
            height: network.height,
            nodes: network.nodes.iter().map(node).collect(),
            edges: network.edges.iter().map(edge).collect(),
        }
    }
}

fn content(content: &Content) -> &'static str {
    match content {
        Content::Image(_) => "image",
        Content::OfHost(_) => "of-host",
        Content::System(_) => "system",
        Content::Missing(_) => "missing",
        Content::Systems(_) => "systems",
        Content::LeavesOf(..) => "leaves",
        Content::Others(_) => "others",
    }
}
