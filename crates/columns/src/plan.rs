//! From the graph to steps: which nodes are worked out for every row, in which order and into which buffer, and which
//! (the amounts) only for the rows that an outcome picks.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cells::{Values, Width};
use crate::graph::{Arg, Graph, Id, Link, Mask, Node, Op};

/// Where a node's values stand while a chunk is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Not worked out.
    Nowhere,
    /// In the snapshot itself.
    Leaf,
    /// In a buffer.
    Buffer(usize),
}

/// Work for every row of a chunk.
#[derive(Debug)]
pub(crate) struct Plan {
    pub nodes: Vec<Node>,
    /// In order, each after those it reads.
    pub steps: Vec<Id>,
    /// By node.
    pub places: Vec<Place>,
    pub buffers: Vec<Width>,
    /// The values of each lookup in the width of its result.
    pub lookups: Vec<Option<Arc<Values>>>,
    /// Tables whose rows must know their parent.
    pub owned: Vec<bool>,
}

/// Work for the rows that a mask picks.
#[derive(Debug)]
pub(crate) struct Picked {
    /// Read from the dense work at the picked rows: (node, buffer).
    pub leaves: Vec<(Id, usize)>,
    pub steps: Vec<Id>,
    /// The buffer of each node.
    pub places: Vec<Option<usize>>,
    pub buffers: Vec<Width>,
}

/// The nodes that these need, themselves included.
fn reachable(graph: &Graph<'_>, roots: impl IntoIterator<Item = Id>, needed: &mut [bool]) {
    let mut open: Vec<Id> = roots.into_iter().collect();
    while let Some(id) = open.pop() {
        if !std::mem::replace(&mut needed[id.0 as usize], true) {
            open.extend(graph.node(id).op.reads());
        }
    }
}

pub(crate) fn mask_id(mask: Mask) -> Option<Id> {
    match mask {
        Mask::Node(id) => Some(id),
        Mask::Yes | Mask::No => None,
    }
}

pub(crate) fn arg_id(arg: Arg) -> Option<Id> {
    match arg {
        Arg::Node(id) => Some(id),
        Arg::Const(_) => None,
    }
}

/// What is wanted only where a programme's outcome is yes.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub table: usize,
    pub nodes: Vec<Id>,
}

impl Plan {
    /// `dense` is worked out for every row and kept until the chunk ends; `wanted` for picked rows. The rows of `units`
    /// will be asked for their root.
    pub(crate) fn new(
        graph: &Graph<'_>,
        dense: &[Id],
        wanted: &[Wanted],
        units: &[usize],
    ) -> (Plan, Vec<Picked>) {
        let mut needed = vec![false; graph.nodes.len()];
        reachable(graph, dense.iter().copied(), &mut needed);
        for wish in wanted {
            let mut forced = Vec::new();
            for &id in &wish.nodes {
                forced_dense(graph, id, wish.table, &needed, &mut forced);
            }
            reachable(graph, forced, &mut needed);
        }
        let picked: Vec<Picked> = wanted.iter().map(|wish| Picked::new(graph, wish, &needed)).collect();
        let mut kept = vec![false; graph.nodes.len()];
        for id in dense.iter().chain(picked.iter().flat_map(|picked| picked.leaves.iter().map(|(id, _)| id)))
        {
            kept[id.0 as usize] = true;
        }
        let mut plan = Plan::dense(graph, &needed, &kept);
        for &unit in units {
            let mut at = Some(unit);
            while let Some(table) = at {
                plan.owned[table] = true;
                at = graph.schema.tables[table].parent.as_ref().map(|parent| parent.table);
            }
        }
        (plan, picked)
    }

    fn dense(graph: &Graph<'_>, needed: &[bool], kept: &[bool]) -> Plan {
        let steps: Vec<Id> = (0..graph.nodes.len())
            .filter(|&index| needed[index] && !matches!(graph.nodes[index].op, Op::Column(_) | Op::Division))
            .map(|index| Id(index as u32))
            .collect();
        let mut last_read = vec![0; graph.nodes.len()];
        for (at, &id) in steps.iter().enumerate() {
            for read in graph.node(id).op.reads() {
                last_read[read.0 as usize] = at;
            }
        }
        let mut places = vec![Place::Nowhere; graph.nodes.len()];
        let mut buffers = Vec::new();
        // Buffers that nobody reads any more, by width and table.
        let mut free: HashMap<(Width, usize), Vec<usize>> = HashMap::new();
        let mut ends: Vec<Vec<Id>> = vec![Vec::new(); steps.len()];
        for (at, &id) in steps.iter().enumerate() {
            let node = graph.node(id);
            let buffer = free.entry((node.width, node.table)).or_default().pop().unwrap_or_else(|| {
                buffers.push(node.width);
                buffers.len() - 1
            });
            places[id.0 as usize] = Place::Buffer(buffer);
            let end = last_read[id.0 as usize].max(at);
            if !kept[id.0 as usize] {
                ends[end].push(id);
            }
            for &ended in &ends[at] {
                if let Place::Buffer(buffer) = places[ended.0 as usize] {
                    let node = graph.node(ended);
                    free.entry((node.width, node.table)).or_default().push(buffer);
                }
            }
        }
        let mut owned = vec![false; graph.schema.tables.len()];
        let mut lookups = vec![None; graph.nodes.len()];
        for (index, node) in graph.nodes.iter().enumerate() {
            if !needed[index] {
                continue;
            }
            if matches!(node.op, Op::Column(_) | Op::Division) {
                places[index] = Place::Leaf;
            }
            if matches!(node.op, Op::Broadcast(_)) {
                owned[node.table] = true;
            }
        }
        for (index, node) in graph.nodes.iter().enumerate() {
            if let Op::Lookup { values, .. } = &node.op {
                lookups[index] = Some(Arc::new(typed(values, node.width)));
            }
        }
        Plan { nodes: graph.nodes.clone(), steps, places, buffers, lookups, owned }
    }

    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0 as usize]
    }
}

/// Values in one width, which holds them.
fn typed(values: &[i64], width: Width) -> Values {
    let mut typed = Values::default();
    values.iter().for_each(|&value| typed.push(value));
    typed.widen(width);
    typed
}

/// Nodes below `id` that cannot be worked out for picked rows alone.
fn forced_dense(graph: &Graph<'_>, id: Id, table: usize, needed: &[bool], forced: &mut Vec<Id>) {
    let node = graph.node(id);
    if needed[id.0 as usize] || matches!(node.op, Op::Column(_) | Op::Division) {
        return;
    }
    let above = graph.schema.is_above(node.table, table);
    if above && (node.op.is_row_by_row() || matches!(node.op, Op::Broadcast(_))) {
        for read in node.op.reads() {
            forced_dense(graph, read, table, needed, forced);
        }
    } else {
        forced.push(id);
    }
}

impl Picked {
    /// The buffer of a node that was placed.
    pub(crate) fn buffer(&self, id: Id) -> usize {
        self.places[id.0 as usize].expect("every node that a step reads was placed before it")
    }

    fn new(graph: &Graph<'_>, wish: &Wanted, needed: &[bool]) -> Picked {
        let mut picked =
            Picked { leaves: Vec::new(), steps: Vec::new(), places: Vec::new(), buffers: Vec::new() };
        picked.places.resize(graph.nodes.len(), None);
        for &id in &wish.nodes {
            picked.place(graph, id, needed);
        }
        picked
    }

    fn place(&mut self, graph: &Graph<'_>, id: Id, needed: &[bool]) -> usize {
        if let Some(buffer) = self.places[id.0 as usize] {
            return buffer;
        }
        let node = graph.node(id);
        let leaf = needed[id.0 as usize] || matches!(node.op, Op::Column(_) | Op::Division);
        if !leaf && let Op::Broadcast(inner) = node.op {
            // A picked row reads its parent's value where it stands.
            let buffer = self.place(graph, inner, needed);
            self.places[id.0 as usize] = Some(buffer);
            return buffer;
        }
        if !leaf {
            for read in node.op.reads() {
                self.place(graph, read, needed);
            }
        }
        let buffer = self.buffers.len();
        self.buffers.push(node.width);
        self.places[id.0 as usize] = Some(buffer);
        if leaf {
            self.leaves.push((id, buffer));
        } else {
            self.steps.push(id);
        }
        buffer
    }
}

/// The table that a link leads to.
pub(crate) fn target(link: Link) -> usize {
    match link {
        Link::Only(target) | Link::At { target, .. } => target,
    }
}
