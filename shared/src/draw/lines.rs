//! Lines as rectangles of whole pixels: each pixel of a line is filled once, however often the line crosses itself.

/// A run of pixels `x0..x1` in the rows `y0..y1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    pub(super) y0: i32,
    pub(super) x0: i32,
    pub(super) x1: i32,
    pub(super) y1: i32,
}

/// The pixels of a picture of `size` whose middle is not farther than `radius` from the line through `points`, as rectangles that do not
/// overlap, from top to bottom.
pub(super) fn runs(points: &[(f32, f32)], radius: f32, size: (i32, i32)) -> Vec<Run> {
    let mut rows = Rows { rows: Vec::new(), newest: vec![0; size.1.max(0) as usize] };
    if points.iter().all(|(x, y)| x.is_finite() && y.is_finite()) {
        points.windows(2).for_each(|two| segment(two[0], two[1], radius, size, &mut rows));
    }
    let mut rows = rows.rows;
    rows.sort_unstable();
    stacked(joined(rows))
}

/// Rows of the pieces of a line, each as high as one pixel.
struct Rows {
    rows: Vec<Run>,
    /// Of each row of the picture the newest of `rows`, from 1 on.
    newest: Vec<usize>,
}

impl Rows {
    /// Adds one. Mostly it touches what the piece before has left there: joined at once, a third is left to be sorted.
    fn add(&mut self, y0: i32, x0: i32, x1: i32) {
        let newest = &mut self.newest[y0 as usize];
        match newest.checked_sub(1).map(|at| &mut self.rows[at]) {
            Some(row) if x0 <= row.x1 && row.x0 <= x1 => (row.x0, row.x1) = (row.x0.min(x0), row.x1.max(x1)),
            _ => {
                self.rows.push(Run { y0, x0, x1, y1: y0 + 1 });
                *newest = self.rows.len();
            }
        }
    }
}

/// The rows of one piece: all within `radius` of it, its round ends too.
fn segment(a: (f32, f32), b: (f32, f32), radius: f32, (width, height): (i32, i32), rows: &mut Rows) {
    // Rightward, so that a row on the very edge of a level line is judged as those of its round ends are.
    let (from, to) = if a.0 <= b.0 { (a, b) } else { (b, a) };
    let (top, bottom) = (from.1.min(to.1) - radius, from.1.max(to.1) + radius);
    let first = top.floor().clamp(0.0, height as f32) as i32;
    let last = bottom.ceil().clamp(0.0, height as f32) as i32;
    for y0 in first..last {
        let middle = y0 as f32 + 0.5;
        let mut reach = (f32::MAX, f32::MIN);
        let mut add = |part: Option<(f32, f32)>| {
            if let Some((left, right)) = part {
                reach = (reach.0.min(left), reach.1.max(right));
            }
        };
        add(round(from, radius, middle));
        add(round(to, radius, middle));
        add(straight(from, to, radius, middle));
        let (x0, x1) = (pixel(reach.0, width), pixel(reach.1, width));
        if x0 < x1 {
            rows.add(y0, x0, x1);
        }
    }
}

/// The first pixel whose middle is not left of `x`: one is in where its middle is on a left edge, not where it is on a right one, so that
/// widths are whole.
fn pixel(x: f32, width: i32) -> i32 {
    let x = (x - 0.5).clamp(0.0, width as f32);
    // Rounded up; a call of `ceil` for each takes longer than all else.
    x as i32 + i32::from(x > (x as i32) as f32)
}

/// Where the row through `y` is within `radius` of a point.
fn round((x, centre): (f32, f32), radius: f32, y: f32) -> Option<(f32, f32)> {
    let down = y - centre;
    if down < -radius || down >= radius {
        return None;
    }
    let half = (radius * radius - down * down).max(0.0).sqrt();
    Some((x - half, x + half))
}

/// Where the row through `y` is between the ends of a piece and within `radius` of it.
fn straight(from: (f32, f32), to: (f32, f32), radius: f32, y: f32) -> Option<(f32, f32)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let square = dx * dx + dy * dy;
    let across = radius * square.sqrt();
    let down = y - from.1;
    // Along the piece: 0 <= dx (x - x0) + dy down <= square. Across it: -across <= dx down - dy (x - x0) < across.
    let along = between(dx, dy * down, 0.0, square)?;
    let beside = between(-dy, dx * down, -across, across)?;
    let (left, right) = (along.0.max(beside.0), along.1.min(beside.1));
    (left < right).then_some((from.0 + left, from.0 + right))
}

/// Where `low <= slope * x + offset <= high`; `None` where that is nowhere.
fn between(slope: f32, offset: f32, low: f32, high: f32) -> Option<(f32, f32)> {
    if slope == 0.0 {
        return (low <= offset && offset < high).then_some((f32::MIN, f32::MAX));
    }
    let (a, b) = ((low - offset) / slope, (high - offset) / slope);
    Some((a.min(b), a.max(b)))
}

/// Of sorted rows those that touch made one.
fn joined(rows: Vec<Run>) -> Vec<Run> {
    let mut joined: Vec<Run> = Vec::with_capacity(rows.len());
    for row in rows {
        match joined.last_mut() {
            Some(last) if last.y0 == row.y0 && row.x0 <= last.x1 => last.x1 = last.x1.max(row.x1),
            _ => joined.push(row),
        }
    }
    joined
}

/// Rows that stand exactly on one another made one: an upright line is a single rectangle.
fn stacked(rows: Vec<Run>) -> Vec<Run> {
    let mut done: Vec<Run> = Vec::with_capacity(rows.len());
    // Those that end where the newest row begins; few, as a line is.
    let mut open: Vec<usize> = Vec::new();
    for row in rows {
        open.retain(|&index| done[index].y1 >= row.y0);
        let below = open.iter().copied().find(|&index| {
            let above = done[index];
            above.y1 == row.y0 && (above.x0, above.x1) == (row.x0, row.x1)
        });
        if let Some(index) = below {
            done[index].y1 = row.y1;
        } else {
            open.push(done.len());
            done.push(row);
        }
    }
    done
}

/// An arrow of `length` on the middle of the line through `points`, to the right of who walks along it, as one line; `None` for a line
/// without length.
pub(super) fn arrow(points: &[(f32, f32)], length: f32) -> Option<Vec<(f32, f32)>> {
    let long = |two: &[(f32, f32)]| (two[1].0 - two[0].0).hypot(two[1].1 - two[0].1);
    let half = points.windows(2).map(long).sum::<f32>() * 0.5;
    let mut left = half;
    let two = points.windows(2).find(|two| {
        left -= long(two);
        left <= 0.0
    })?;
    let whole = long(two);
    if half <= 0.0 || whole <= 0.0 {
        return None;
    }
    let (ex, ey) = ((two[1].0 - two[0].0) / whole, (two[1].1 - two[0].1) / whole);
    let foot = (two[1].0 + ex * left, two[1].1 + ey * left);
    let from_foot = |along: f32, right: f32| (foot.0 + ex * along - ey * right, foot.1 + ey * along + ex * right);
    let (tip, wing) = (from_foot(0.0, length), length * 0.4);
    Some(vec![foot, tip, from_foot(wing, length - wing), tip, from_foot(-wing, length - wing)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(points: &[(f32, f32)], radius: f32, size: (i32, i32)) -> Vec<String> {
        let mut pixels = vec![vec!['.'; size.0 as usize]; size.1 as usize];
        for run in runs(points, radius, size) {
            for row in &mut pixels[run.y0 as usize..run.y1 as usize] {
                for pixel in &mut row[run.x0 as usize..run.x1 as usize] {
                    assert_eq!(*pixel, '.', "filled twice");
                    *pixel = '#';
                }
            }
        }
        pixels.into_iter().map(|row| row.into_iter().collect()).collect()
    }

    #[test]
    fn lines_have_their_width_in_every_direction() {
        let level = painted(&[(2.0, 3.0), (8.0, 3.0)], 1.0, (10, 6));
        assert_eq!(level, ["..........", "..........", ".########.", ".########.", "..........", ".........."]);
        let upright = painted(&[(3.0, 2.0), (3.0, 6.0)], 1.0, (6, 8));
        assert_eq!(upright.concat().matches('#').count(), 12);
        let slope = painted(&[(1.0, 1.0), (9.0, 9.0)], 1.0, (10, 10));
        let wanted = ["##........", "###.......", ".###......", "..###....."];
        assert_eq!(slope[..4], wanted);
        assert_eq!(runs(&[(3.0, 2.0), (3.0, 600.0)], 1.5, (60, 800)).len(), 3, "the ends, and one rectangle");
    }

    #[test]
    fn crossings_are_filled_once_and_nothing_is_beyond_the_picture() {
        let star = [(2.0, 2.0), (18.0, 18.0), (18.0, 2.0), (2.0, 18.0), (2.0, 2.0), (40.0, -7.0)];
        let picture = painted(&star, 1.5, (20, 20)).concat();
        // Every pixel by its distance, the plain way.
        for (at, pixel) in picture.chars().enumerate() {
            let (x, y) = ((at % 20) as f32 + 0.5, (at / 20) as f32 + 0.5);
            let near = star.windows(2).map(|two| distance((x, y), two[0], two[1])).fold(f32::MAX, f32::min);
            if (near - 1.5).abs() > 0.01 {
                assert_eq!(pixel == '#', near < 1.5, "{x} {y}: {near}");
            }
        }
        assert!(runs(&[(f32::NAN, 0.0), (5.0, 5.0)], 1.0, (20, 20)).is_empty());
        assert!(runs(&[(5.0, 5.0)], 1.0, (20, 20)).is_empty() && runs(&[], 1.0, (20, 20)).is_empty());
        let far = runs(&[(-1e30, -1e30), (1e30, 1e30)], 1.0, (20, 20));
        assert!(far.iter().all(|run| run.x0 >= 0 && run.x1 <= 20 && run.y0 >= 0 && run.y1 <= 20));
        assert_eq!(painted(&[(5.0, 5.0), (5.0, 5.0)], 1.0, (10, 10)).concat().matches('#').count(), 4);
    }

    fn distance(point: (f32, f32), from: (f32, f32), to: (f32, f32)) -> f32 {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let along = (((point.0 - from.0) * dx + (point.1 - from.1) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        (point.0 - from.0 - along * dx).hypot(point.1 - from.1 - along * dy)
    }

    #[test]
    fn the_arrow_stands_on_the_middle_and_points_to_the_right_hand() {
        // Eastward: the right hand is south, and y grows downward.
        let east = arrow(&[(0.0, 10.0), (4.0, 10.0), (20.0, 10.0)], 5.0).expect("it has a length");
        assert_eq!(east[..2], [(10.0, 10.0), (10.0, 15.0)]);
        let north = arrow(&[(3.0, 20.0), (3.0, 0.0)], 5.0).expect("it has a length");
        assert_eq!(north[..2], [(3.0, 10.0), (8.0, 10.0)]);
        assert_eq!(
            (arrow(&[(1.0, 1.0), (1.0, 1.0)], 5.0), arrow(&[(1.0, 1.0)], 5.0), arrow(&[], 5.0)),
            (None, None, None)
        );
    }
}
