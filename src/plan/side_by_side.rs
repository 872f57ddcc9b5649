//! Work on many nodes, on all processors.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;

use crate::graph::Node;

/// Plans of deeply nested queries are walked recursively.
pub const PLANNING_STACK: usize = 16 << 20;

/// What `work` makes of each node, in the nodes' order.
pub(super) fn side_by_side<'a, T: Send>(nodes: &[&'a Node], work: impl Fn(&Node) -> T + Sync) -> Vec<(&'a Node, T)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(nodes.len());
    let next = AtomicUsize::new(0);
    // Files that a query names are read while it is planned, and their readers ask for the runtime.
    let runtime = Handle::try_current().ok();
    let take = || {
        let _entered = runtime.as_ref().map(Handle::enter);
        let mut done = Vec::new();
        while let Some(node) = nodes.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push((*node, work(node)));
        }
        done
    };
    if threads < 2 {
        return take();
    }
    let take = &take;
    let mut done: Vec<(&Node, T)> = std::thread::scope(|scope| {
        let spawn = |_| std::thread::Builder::new().stack_size(PLANNING_STACK).spawn_scoped(scope, take);
        // Where no more threads can be had, those that there are do the work.
        let others: Vec<_> = (1..threads).map(spawn).collect();
        let mut done = take();
        for other in others.into_iter().flatten() {
            // What panics there panics here.
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    let order: std::collections::BTreeMap<_, _> = nodes.iter().enumerate().map(|(at, it)| (&it.facts.id, at)).collect();
    done.sort_by_key(|(node, _)| order.get(&node.facts.id).copied());
    done
}
