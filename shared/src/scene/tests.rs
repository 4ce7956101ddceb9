//! Geometry of zones, on drawings made by hand.

use super::*;

fn points(list: &[[f32; 2]]) -> Vec<Point> {
    list.iter().map(|point| (*point).into()).collect()
}

fn at(x: f32, y: f32) -> Point {
    Point { x, y }
}

#[test]
fn a_polygon_contains_what_is_in_it() {
    // A notch from above, down to (0.5, 0.5).
    let notched = points(&[[0.2, 0.2], [0.5, 0.5], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]);
    for (x, y, inside) in [
        (0.5, 0.7, true),
        (0.5, 0.4, false),
        (0.25, 0.4, true),
        (0.75, 0.4, true),
        // At the height of the notch's corner, left of it, right of it, and outside.
        (0.3, 0.5, true),
        (0.7, 0.5, true),
        (0.1, 0.5, false),
        (0.9, 0.5, false),
        // At the height of two corners.
        (0.1, 0.2, false),
        (0.5, 0.9, false),
    ] {
        assert_eq!(contains(&notched, at(x, y)), inside, "{x} {y}");
        let turned: Vec<Point> = notched.iter().rev().copied().collect();
        assert_eq!(contains(&turned, at(x, y)), inside, "{x} {y}, drawn the other way round");
    }
    assert!(!contains(&notched[..2], at(0.3, 0.3)), "two points hold nothing");
}

#[test]
fn squares_side_by_side_share_no_point() {
    let square = |x: f32| points(&[[x, 0.25], [x + 0.25, 0.25], [x + 0.25, 0.75], [x, 0.75]]);
    for step in 0..=64 {
        let p = at(0.25 + step as f32 / 128.0, 0.5);
        let holders = [0.25, 0.5].iter().filter(|x| contains(&square(**x), p)).count();
        assert_eq!(holders, usize::from(step < 64), "{p:?}");
    }
}

#[test]
fn a_line_is_crossed_from_hand_to_hand() {
    // Upwards: the left hand is at the left.
    let up = points(&[[0.5, 0.9], [0.5, 0.1]]);
    assert_eq!(crossings(&up, at(0.4, 0.5), at(0.6, 0.5)), 1);
    assert_eq!(crossings(&up, at(0.6, 0.3), at(0.4, 0.7)), -1);
    assert_eq!(crossings(&up, at(0.4, 0.05), at(0.6, 0.05)), 0, "beyond its end");
    assert_eq!(crossings(&up, at(0.4, 0.2), at(0.45, 0.9)), 0, "on one side");
    // To the right: the left hand is above.
    let along = points(&[[0.1, 0.5], [0.9, 0.5]]);
    assert_eq!(crossings(&along, at(0.3, 0.4), at(0.3, 0.6)), 1);
    let down: Vec<Point> = up.iter().rev().copied().collect();
    assert_eq!(crossings(&down, at(0.4, 0.5), at(0.6, 0.5)), -1, "drawn the other way round");
}

#[test]
fn a_way_that_rests_on_the_line_crosses_it_once() {
    let up = points(&[[0.5, 1.0], [0.5, 0.0]]);
    let way = [0.25, 0.5, 0.5, 0.75, 0.5, 0.25];
    let counted: Vec<i32> = way.windows(2).map(|two| crossings(&up, at(two[0], 0.5), at(two[1], 0.5))).collect();
    assert_eq!(counted, [1, 0, 0, 0, -1]);
}

#[test]
fn a_way_through_a_corner_crosses_once() {
    let bent = points(&[[0.25, 1.0], [0.5, 0.5], [0.25, 0.0]]);
    assert_eq!(crossings(&bent, at(0.25, 0.5), at(0.75, 0.5)), 1);
    assert_eq!(crossings(&bent, at(0.75, 0.5), at(0.25, 0.5)), -1);
    assert_eq!(crossings(&bent, at(0.5, 0.0), at(0.5, 1.0)), 0, "it only touches the corner");
    // In at one leg and out at the other.
    assert_eq!(crossings(&bent, at(0.4, 0.01), at(0.4, 0.99)), 0);
}

/// However a way is cut into pieces, it crosses as often as it does as a whole.
#[test]
fn pieces_of_a_way_add_up() {
    let zigzag = points(&[[0.4, 0.9], [0.6, 0.7], [0.4, 0.5], [0.6, 0.3], [0.4, 0.1]]);
    for row in 0..200 {
        let y = 0.1 + row as f32 * 0.004;
        let whole = crossings(&zigzag, at(0.0, y), at(1.0, y));
        let pieces: i32 =
            (0..50).map(|n| crossings(&zigzag, at(n as f32 / 50.0, y), at((n + 1) as f32 / 50.0, y))).sum();
        assert_eq!((whole, pieces), (i32::from(row > 0 && row < 200), whole), "row {row}");
    }
}

#[test]
fn distances_are_to_the_nearest_place() {
    let square = points(&[[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]]);
    let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a} {b}");
    near(distance(&square, ZoneKind::Area, at(0.4, 0.3)), 0.1);
    near(distance(&square, ZoneKind::Area, at(0.15, 0.4)), 0.05);
    near(distance(&square, ZoneKind::Line, at(0.15, 0.4)), 0.05_f32.hypot(0.2));
    near(distance(&square, ZoneKind::Area, at(0.9, 1.0)), 0.5);
    near(distance(&points(&[[0.5, 0.5], [0.5, 0.5]]), ZoneKind::Line, at(0.5, 0.8)), 0.3);
}

#[test]
fn outlines_that_cross_themselves_are_found() {
    let square = [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]];
    assert_eq!(crosses_itself(&points(&square)), None);
    assert_eq!(crosses_itself(&points(&[square[0], square[2], square[1], square[3]])), Some((0, 2)), "a bow");
    assert_eq!(crosses_itself(&points(&square[..3])), None);
    // A corner that touches the opposite edge.
    assert_eq!(crosses_itself(&points(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.0], [0.0, 1.0]])), Some((0, 2)));
    // A spike: there and back on one straight line.
    assert_eq!(
        crosses_itself(&points(&[[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.5, 0.2], [0.5, 0.9], [0.0, 0.9]])),
        Some((1, 3))
    );
    assert!((surface(&points(&square)) - 0.16).abs() < 1e-6);
    assert_eq!(surface(&points(&[[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]])), 0.0);
}

#[test]
fn the_foot_is_the_middle_of_the_lower_edge() {
    assert_eq!(foot([0.25, 0.1, 0.75, 0.5]), at(0.5, 0.5));
}
