//! The pairs that are worth the most together: an assignment of rows to columns, of which most have few that they can go with.

/// Rows beyond which what is left is paired best first: 128 cost half a millisecond at worst, and no camera sees a crowd of more in one spot.
const MOST: usize = 128;

/// A row and a column that can go together, and what that is worth: more than 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) worth: f32,
}

/// The pairs, each row and column at most once, whose worth is the greatest together.
///
/// Most are told by a glance: a pair that is worth as much as the best other pairs of its two ends together is in a best assignment,
/// since those two are all that it could stand in the way of. What is left of such pairs goes through the Hungarian method (Kuhn 1955), so that the
/// whole is what ByteTrack's linear assignment gives.
pub(super) fn best_pairs(mut edges: Vec<Edge>, rows: usize, columns: usize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::with_capacity(rows.min(columns));
    while take_certain(&mut edges, (rows, columns), &mut pairs) {}
    if !edges.is_empty() {
        rest(edges, rows, columns, &mut pairs);
    }
    pairs
}

/// The best and the second best worth of an end, and which edge the best is.
#[derive(Clone, Copy, Default)]
struct Ends {
    best: f32,
    edge: usize,
    next: f32,
}

impl Ends {
    fn add(&mut self, worth: f32, edge: usize) {
        if worth > self.best {
            (self.next, self.best, self.edge) = (self.best, worth, edge);
        } else if worth > self.next {
            self.next = worth;
        }
    }

    /// What this end is worth without `edge`.
    fn without(&self, edge: usize) -> f32 {
        if self.edge == edge { self.next } else { self.best }
    }
}

/// Moves the pairs that are certain from `edges` to `pairs`; false where there were none.
fn take_certain(edges: &mut Vec<Edge>, (rows, columns): (usize, usize), pairs: &mut Vec<(usize, usize)>) -> bool {
    let (mut of_row, mut of_column) = (vec![Ends::default(); rows], vec![Ends::default(); columns]);
    for (index, edge) in edges.iter().enumerate() {
        of_row[edge.row].add(edge.worth, index);
        of_column[edge.column].add(edge.worth, index);
    }
    let before = pairs.len();
    let (mut row_done, mut column_done) = (vec![false; rows], vec![false; columns]);
    for (index, edge) in edges.iter().enumerate() {
        let others = of_row[edge.row].without(index) + of_column[edge.column].without(index);
        if edge.worth >= others && !row_done[edge.row] && !column_done[edge.column] {
            (row_done[edge.row], column_done[edge.column]) = (true, true);
            pairs.push((edge.row, edge.column));
        }
    }
    edges.retain(|edge| !row_done[edge.row] && !column_done[edge.column]);
    pairs.len() > before && !edges.is_empty()
}

/// Pairs what no glance tells.
fn rest(mut edges: Vec<Edge>, rows: usize, columns: usize, pairs: &mut Vec<(usize, usize)>) {
    let names = |of: &dyn Fn(&Edge) -> usize, most: usize| {
        let mut there = vec![false; most];
        edges.iter().for_each(|edge| there[of(edge)] = true);
        (0..most).filter(|index| there[*index]).collect::<Vec<_>>()
    };
    let (rows, columns) = (names(&|edge| edge.row, rows), names(&|edge| edge.column, columns));
    let turned = rows.len() > columns.len();
    let (few, many) = if turned { (&columns, &rows) } else { (&rows, &columns) };
    if few.len() > MOST {
        edges.sort_by(|a, b| b.worth.total_cmp(&a.worth));
        return best_first(&edges, pairs);
    }
    let mut costs = vec![0.0; few.len() * many.len()];
    for edge in &edges {
        let (a, b) = if turned { (edge.column, edge.row) } else { (edge.row, edge.column) };
        if let (Ok(a), Ok(b)) = (few.binary_search(&a), many.binary_search(&b)) {
            costs[a * many.len() + b] = -f64::from(edge.worth);
        }
    }
    for (b, a) in hungarian(&costs, few.len(), many.len()).into_iter().enumerate() {
        // Pairs that are worth nothing stand for what stays alone.
        if let Some(a) = a.filter(|a| costs[a * many.len() + b] < 0.0) {
            pairs.push(if turned { (many[b], few[a]) } else { (few[a], many[b]) });
        }
    }
}

fn best_first(edges: &[Edge], pairs: &mut Vec<(usize, usize)>) {
    let (mut rows, mut columns) = (std::collections::HashSet::new(), std::collections::HashSet::new());
    for edge in edges {
        if !rows.contains(&edge.row) && !columns.contains(&edge.column) {
            rows.insert(edge.row);
            columns.insert(edge.column);
            pairs.push((edge.row, edge.column));
        }
    }
}

/// For each of `columns` the one of at most as many `rows` that it goes with, at the least cost together: shortest augmenting paths with
/// potentials (Jonker & Volgenant 1987).
fn hungarian(costs: &[f64], rows: usize, columns: usize) -> Vec<Option<usize>> {
    let mut owner: Vec<Option<usize>> = vec![None; columns];
    let (mut row_price, mut price) = (vec![0.0; rows], vec![0.0; columns]);
    for start in 0..rows {
        let (mut far, mut from) = (vec![f64::INFINITY; columns], vec![None; columns]);
        let mut done = vec![false; columns];
        let (mut row, mut last) = (start, None);
        let end = loop {
            let mut nearest = (f64::INFINITY, 0);
            for column in (0..columns).filter(|column| !done[*column]) {
                let here = costs[row * columns + column] - row_price[row] - price[column];
                if here < far[column] {
                    (far[column], from[column]) = (here, last);
                }
                if far[column] < nearest.0 {
                    nearest = (far[column], column);
                }
            }
            let (step, column) = nearest;
            row_price[start] += step;
            for other in 0..columns {
                if done[other] {
                    price[other] -= step;
                    row_price[owner[other].unwrap_or(start)] += step;
                } else {
                    far[other] -= step;
                }
            }
            done[column] = true;
            last = Some(column);
            match owner[column] {
                Some(next) => row = next,
                None => break column,
            }
        };
        // Everybody on the way moves up.
        let mut column = end;
        while let Some(before) = from[column] {
            owner[column] = owner[before];
            column = before;
        }
        owner[column] = Some(start);
    }
    owner
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn worth(edges: &[Edge], pairs: &[(usize, usize)]) -> f32 {
        let of = |pair: &(usize, usize)| {
            edges.iter().find(|edge| (edge.row, edge.column) == *pair).expect("a pair is an edge").worth
        };
        pairs.iter().map(of).sum()
    }

    /// The best by trying everything.
    fn tried(edges: &[Edge], row: usize, rows: usize, used: &mut Vec<bool>) -> f32 {
        if row == rows {
            return 0.0;
        }
        let mut best = tried(edges, row + 1, rows, used);
        for edge in edges.iter().filter(|edge| edge.row == row) {
            if !used[edge.column] {
                used[edge.column] = true;
                best = best.max(edge.worth + tried(edges, row + 1, rows, used));
                used[edge.column] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_other_pairs_are_worth_more(
            (rows, columns) in (1_usize..7, 1_usize..7),
            all in prop::collection::vec((any::<bool>(), 1_u8..40), 49),
        ) {
            let all = all.into_iter().enumerate().filter(|(at, (there, _))| *there && at / 7 < rows && at % 7 < columns);
            // Few values, so that many pairs are worth the same.
            let edge = |(at, (_, worth)): (usize, (bool, u8))| Edge { row: at / 7, column: at % 7, worth: f32::from(worth) / 8.0 };
            let edges: Vec<_> = all.map(edge).collect();
            let pairs = best_pairs(edges.clone(), rows, columns);
            let (mut by_row, mut by_column): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
            by_row.sort_unstable();
            by_column.sort_unstable();
            prop_assert!(by_row.windows(2).all(|two| two[0] < two[1]) && by_column.windows(2).all(|two| two[0] < two[1]));
            prop_assert!((worth(&edges, &pairs) - tried(&edges, 0, rows, &mut vec![false; columns])).abs() < 1e-4);
            // The Hungarian method alone, without the glance.
            let mut slow = Vec::new();
            rest(edges.clone(), rows, columns, &mut slow);
            prop_assert!((worth(&edges, &slow) - worth(&edges, &pairs)).abs() < 1e-4);
        }
    }

    #[test]
    fn a_crowd_beyond_all_measure_is_paired_best_first_and_soon() {
        let edges = |count: usize| {
            let worth = |row: usize, column: usize| 1.0 + ((row * 7919 + column * 104_729) % 1000) as f32 / 1000.0;
            let all = (0..count).flat_map(move |row| (0..count).map(move |column| (row, column)));
            all.map(|(row, column)| Edge { row, column, worth: worth(row, column) }).collect::<Vec<_>>()
        };
        for count in [MOST, MOST + 40] {
            assert_eq!(best_pairs(edges(count), count, count).len(), count);
        }
        assert!(best_pairs(Vec::new(), 3, 0).is_empty());
    }
}
