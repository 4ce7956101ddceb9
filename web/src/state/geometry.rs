//! Where the picture is inside its frame, and how tiles share the wall.

/// A rectangle in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rect {
    /// Left.
    pub(crate) x: f64,
    /// Top.
    pub(crate) y: f64,
    /// Width.
    pub(crate) width: f64,
    /// Height.
    pub(crate) height: f64,
}

/// Where `object-fit: contain` puts a picture of `picture` pixels (as shown, after rotation) in a box.
pub(crate) fn contain(box_size: (f64, f64), picture: (f64, f64)) -> Option<Rect> {
    if box_size.0 <= 0.0 || box_size.1 <= 0.0 || picture.0 <= 0.0 || picture.1 <= 0.0 {
        return None;
    }
    let scale = (box_size.0 / picture.0).min(box_size.1 / picture.1);
    let (width, height) = (picture.0 * scale, picture.1 * scale);
    Some(Rect { x: (box_size.0 - width) / 2.0, y: (box_size.1 - height) / 2.0, width, height })
}

/// Narrowest tile that still shows something.
const MIN_TILE: f64 = 260.0;
/// Space between tiles.
const GAP: f64 = 8.0;

/// The wall's columns, and the width of a tile: the largest tiles of 16:9 of which `count` fit into `width` x `height`; where
/// they would be too small, as many columns as are not too narrow, and the page scrolls.
pub(crate) fn wall(count: usize, width: f64, height: f64) -> (usize, f64) {
    let widest = (((width + GAP) / (MIN_TILE + GAP)).floor() as usize).max(1);
    let mut best = (0.0, 1);
    for columns in 1..=count.clamp(1, widest) {
        let rows = count.div_ceil(columns) as f64;
        let by_width = (width - GAP * (columns - 1) as f64) / columns as f64;
        let by_height = (height - GAP * (rows - 1.0)) / rows * 16.0 / 9.0;
        let tile = by_width.min(by_height);
        if tile > best.0 + 0.5 {
            best = (tile, columns);
        }
    }
    if best.0 >= MIN_TILE {
        return (best.1, best.0.floor());
    }
    let columns = widest.min(count.max(1));
    (columns, ((width - GAP * (columns - 1) as f64) / columns as f64).floor().max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contain_centres_and_keeps_the_ratio() {
        assert_eq!(contain((160.0, 90.0), (1280.0, 720.0)), Some(Rect { x: 0.0, y: 0.0, width: 160.0, height: 90.0 }));
        assert_eq!(
            contain((160.0, 90.0), (720.0, 1280.0)),
            Some(Rect { x: 54.6875, y: 0.0, width: 50.625, height: 90.0 })
        );
        assert_eq!(contain((100.0, 100.0), (200.0, 100.0)), Some(Rect { x: 0.0, y: 25.0, width: 100.0, height: 50.0 }));
        assert_eq!(contain((100.0, 100.0), (0.0, 100.0)), None);
    }

    #[test]
    fn the_wall_uses_its_width() {
        assert_eq!(wall(1, 1424.0, 800.0), (1, 1422.0));
        assert_eq!(wall(4, 1424.0, 800.0), (2, 704.0));
        assert_eq!(wall(9, 1424.0, 800.0), (3, 464.0));
        assert_eq!(wall(16, 1424.0, 800.0), (4, 344.0));
        assert_eq!(wall(64, 1424.0, 800.0), (5, 278.0));
        assert_eq!(wall(6, 366.0, 740.0), (1, 366.0));
        assert_eq!(wall(0, 0.0, 0.0), (1, 0.0));
    }
}
