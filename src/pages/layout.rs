//! Where the boxes of a graph stand: layers from left to right, few crossings, edges around boxes.
//! Layers and rows are those of `dugong`, a port of dagre; each column is as wide as its widest box.
//! Same graph, same picture.

use std::collections::BTreeMap;

use dugong::graphlib::{Graph, GraphOptions};
use dugong::{EdgeLabel, GraphLabel, NodeLabel, RankDir};

/// A drawing, in pixels.
#[derive(Debug, Clone, Default)]
pub(super) struct Drawing {
    /// Left side and width of each column, left to right.
    pub(super) columns: Vec<(f64, f64)>,
    /// Column of each box, and where its middle is between top and bottom.
    pub(super) places: Vec<(usize, f64)>,
    /// For each edge, the columns between its ends and where it goes through them.
    pub(super) passes: Vec<Vec<(usize, f64)>>,
}

/// Between boxes of one column.
const ROW_GAP: f64 = 24.0;
/// Between columns.
const COLUMN_GAP: f64 = 52.0;

/// Lays out boxes of these widths and one height, with edges between them, which are pairs of box numbers.
pub(super) fn draw(widths: &[f64], height: f64, edges: &[(usize, usize)]) -> Drawing {
    if widths.is_empty() {
        return Drawing::default();
    }
    let rows = layered(widths.len(), height, edges).unwrap_or_else(|| stacked(widths.len(), height, edges));
    let mut columns = vec![(0.0, 0.0_f64); rows.places.iter().map(|(column, _)| column + 1).max().unwrap_or_default()];
    for ((column, _), width) in rows.places.iter().zip(widths) {
        columns[*column].1 = columns[*column].1.max(*width);
    }
    let mut left = 0.0;
    for column in &mut columns {
        column.0 = left;
        left += column.1 + COLUMN_GAP;
    }
    Drawing { columns, ..rows }
}

/// Width that stands for all boxes while layers are found; only the order of columns is taken from it.
const ANY_WIDTH: f64 = 100.0;

/// Columns and rows by dagre's algorithm; `None` should it give up.
fn layered(count: usize, height: f64, edges: &[(usize, usize)]) -> Option<Drawing> {
    // Numbers with leading zeros: names in order keep the layout's ties in order.
    let name = |number: usize| format!("{number:06}");
    let mut graph: Graph<NodeLabel, EdgeLabel, GraphLabel> =
        Graph::new(GraphOptions { directed: true, ..Default::default() });
    graph.set_graph(GraphLabel {
        rankdir: RankDir::LR,
        nodesep: ROW_GAP,
        ranksep: COLUMN_GAP,
        edgesep: ROW_GAP,
        ..Default::default()
    });
    for number in 0..count {
        graph.set_node(name(number), NodeLabel { width: ANY_WIDTH, height, ..Default::default() });
    }
    for (from, to) in edges {
        graph.set_edge_with_label(name(*from), name(*to), EdgeLabel { minlen: 1, weight: 1.0, ..Default::default() });
    }
    dugong::layout(&mut graph).ok()?;
    let centre = |number: usize| {
        let label = graph.node(&name(number))?;
        Some((label.x?, label.y?))
    };
    let centres = (0..count).map(centre).collect::<Option<Vec<_>>>()?;
    let mut middles: Vec<f64> = centres.iter().map(|(x, _)| *x).collect();
    middles.sort_by(f64::total_cmp);
    middles.dedup_by(|a, b| (*a - *b).abs() < 1.0);
    let column_at = |x: f64| middles.iter().position(|middle| (middle - x).abs() < 1.0);
    let places = centres.iter().map(|(x, y)| Some((column_at(*x)?, *y))).collect::<Option<Vec<_>>>()?;
    let passes = edges.iter().map(|(from, to)| {
        let points = graph.edge(&name(*from), &name(*to), None).map(|it| it.points.as_slice()).unwrap_or_default();
        let through = points.iter().filter_map(|it| Some((column_at(it.x)?, it.y)));
        through.filter(|(column, _)| places[*from].0 < *column && *column < places[*to].0).collect()
    });
    let passes = passes.collect();
    Some(Drawing { columns: Vec::new(), places, passes })
}

/// What is drawn should the layout give up: each box one column after the last of its inputs.
fn stacked(count: usize, height: f64, edges: &[(usize, usize)]) -> Drawing {
    let mut columns = vec![0_usize; count];
    // In an order with inputs first, one round would do; edges come in any order.
    for _ in 0..count {
        let mut changed = false;
        for (from, to) in edges {
            if columns[*to] <= columns[*from] {
                columns[*to] = columns[*from] + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let mut next: BTreeMap<usize, f64> = BTreeMap::new();
    let place = |column| {
        let y = next.entry(column).or_insert(height / 2.0);
        *y += height + ROW_GAP;
        (column, *y - height - ROW_GAP)
    };
    let places = columns.into_iter().map(place).collect();
    Drawing { columns: Vec::new(), places, passes: vec![Vec::new(); edges.len()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No two boxes overlap, and every edge goes to the right.
    fn check(edges: &[(usize, usize)], drawing: &Drawing) {
        for (from, to) in edges {
            assert!(drawing.places[*from].0 < drawing.places[*to].0, "{from} -> {to}");
        }
        for (at, a) in drawing.places.iter().enumerate() {
            for b in &drawing.places[..at] {
                assert!(a.0 != b.0 || (a.1 - b.1).abs() >= 40.0);
            }
        }
    }

    #[test]
    fn boxes_stand_apart_and_edges_go_to_the_right() {
        let edges = [(0, 2), (1, 2), (2, 3), (0, 3), (3, 4), (0, 4)];
        check(&edges, &draw(&[100.0; 6], 40.0, &edges));
        check(&edges, &stacked(6, 40.0, &edges));
    }

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let drawing = draw(&[80.0, 120.0, 90.0], 40.0, &[(0, 2), (1, 2)]);
        assert_eq!(drawing.columns, [(0.0, 120.0), (120.0 + COLUMN_GAP, 90.0)]);
    }

    #[test]
    fn long_edges_pass_between_boxes() {
        let drawing = draw(&[100.0; 4], 40.0, &[(0, 1), (1, 2), (2, 3), (0, 3)]);
        let columns: Vec<usize> = drawing.passes[3].iter().map(|(column, _)| *column).collect();
        assert_eq!(columns, [1, 2]);
        assert!(drawing.passes[0].is_empty());
    }

    #[test]
    fn the_same_graph_gives_the_same_picture() {
        let edges: Vec<(usize, usize)> = (0..40).flat_map(|from| [(from, from + 7), (from / 2, from + 9)]).collect();
        let (one, other) = (draw(&[100.0; 50], 40.0, &edges), draw(&[100.0; 50], 40.0, &edges));
        assert_eq!(one.places, other.places);
        assert_eq!(one.passes, other.passes);
    }
}
