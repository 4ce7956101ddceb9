//! Letters of the dashboard's font: each is rasterised once for a size, at four positions within a pixel, and words are put together of them.

use ab_glyph::{Font, FontRef, Glyph, GlyphId, PxScale, ScaleFont, point};
use std::collections::HashMap;

/// Inter at weight 600, the one that the dashboard draws labels with: `static/fonts` cut to Latin, Greek, Cyrillic and signs.
static FONT: &[u8] = include_bytes!("inter-600.ttf");
/// Positions within a pixel: a quarter is less than eyes tell, and words keep their spacing.
const POSITIONS: usize = 4;
/// Letters that are kept for one size; 10 kB of bitmaps at most sizes.
const MAX_LETTERS: usize = 2048;
/// Sizes that are kept.
const MAX_SIZES: usize = 4;
/// Signs of a label that are set; more are no label.
const MAX_SIGNS: usize = 128;

/// A rasterised letter: how much of each pixel it covers, and where its upper left corner is from the pen and the baseline.
struct Letter {
    left: i32,
    top: i32,
    width: usize,
    cover: Vec<u8>,
    advance: f32,
}

/// The words that were set last: coverage in rows of `width`; `left` and `top` are from the pen's start and the baseline.
#[derive(Default)]
pub(super) struct Run {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) cover: Vec<u8>,
}

type Shelf = HashMap<(char, u8), Letter>;

/// All letters so far.
pub(super) struct Letters {
    font: FontRef<'static>,
    shelves: Vec<(f32, Shelf)>,
    run: Run,
}

impl Letters {
    pub(super) fn new() -> Self {
        let font = FontRef::try_from_slice(FONT).expect("the font is part of the program, and a test reads it");
        Self { font, shelves: Vec::new(), run: Run::default() }
    }

    /// Sets `text` in `size` pixels; gives the width in pixels to the end of its last letter. [`Self::run`] then holds it.
    pub(super) fn set(&mut self, text: &str, size: f32) -> f32 {
        let shelf = shelf(&mut self.shelves, size);
        let mut pen = 0.0_f32;
        let mut placed = Vec::with_capacity(text.len().min(MAX_SIGNS));
        for sign in text.chars().filter(|sign| !sign.is_control()).take(MAX_SIGNS) {
            let whole = pen.floor();
            let position = ((pen - whole) * POSITIONS as f32) as u8;
            let letter = shelf.entry((sign, position)).or_insert_with(|| rasterised(&self.font, sign, size, position));
            placed.push((whole as i32, (sign, position)));
            pen += letter.advance;
        }
        let letters = placed.iter().filter_map(|(at, key)| Some((*at, shelf.get(key)?)));
        self.run.compose(letters.filter(|(_, letter)| letter.width > 0));
        pen
    }

    pub(super) fn run(&self) -> &Run {
        &self.run
    }
}

fn shelf(shelves: &mut Vec<(f32, Shelf)>, size: f32) -> &mut Shelf {
    let at =
        shelves.iter().position(|(known, shelf)| *known == size && shelf.len() < MAX_LETTERS).unwrap_or_else(|| {
            shelves.retain(|(known, _)| *known != size);
            shelves.truncate(MAX_SIZES - 1);
            shelves.push((size, Shelf::new()));
            shelves.len() - 1
        });
    &mut shelves[at].1
}

fn rasterised(font: &FontRef<'_>, sign: char, size: f32, position: u8) -> Letter {
    let id: GlyphId = font.glyph_id(sign);
    // ab_glyph scales by ascent and descent, CSS by the em square.
    let scale = PxScale::from(size * font.height_unscaled() / font.units_per_em().unwrap_or(2048.0));
    let advance = font.as_scaled(scale).h_advance(id);
    let glyph: Glyph = id.with_scale_and_position(scale, point(f32::from(position) / POSITIONS as f32, 0.0));
    let Some(outlined) = font.outline_glyph(glyph) else {
        return Letter { left: 0, top: 0, width: 0, cover: Vec::new(), advance };
    };
    let bounds = outlined.px_bounds();
    let (width, height) = (bounds.width() as usize, bounds.height() as usize);
    let mut cover = vec![0; width * height];
    outlined.draw(|x, y, covered| {
        if let Some(pixel) = cover.get_mut(y as usize * width + x as usize) {
            *pixel = (covered * 255.0).round() as u8;
        }
    });
    Letter { left: bounds.min.x as i32, top: bounds.min.y as i32, width, cover, advance }
}

impl Run {
    /// Puts letters side by side; where two touch, both cover.
    fn compose<'a>(&mut self, letters: impl Iterator<Item = (i32, &'a Letter)> + Clone) {
        let rows = |letter: &Letter| (letter.cover.len() / letter.width) as i32;
        let mut all = letters.clone();
        let Some((at, first)) = all.next() else {
            *self = Self { cover: std::mem::take(&mut self.cover), ..Self::default() };
            return;
        };
        let edges = |at: i32, letter: &Letter| {
            (at + letter.left, letter.top, at + letter.left + letter.width as i32, letter.top + rows(letter))
        };
        let bounds = all.fold(edges(at, first), |bounds, (at, letter)| {
            let one = edges(at, letter);
            (bounds.0.min(one.0), bounds.1.min(one.1), bounds.2.max(one.2), bounds.3.max(one.3))
        });
        (self.left, self.top) = (bounds.0, bounds.1);
        (self.width, self.height) = ((bounds.2 - bounds.0) as usize, (bounds.3 - bounds.1) as usize);
        self.cover.clear();
        self.cover.resize(self.width * self.height, 0);
        for (at, letter) in letters {
            let (x, y) = ((at + letter.left - self.left) as usize, (letter.top - self.top) as usize);
            for (row, cover) in letter.cover.chunks_exact(letter.width).enumerate() {
                let to = &mut self.cover[(y + row) * self.width + x..][..letter.width];
                to.iter_mut().zip(cover).for_each(|(to, cover)| *to = to.saturating_add(*cover));
            }
        }
    }
}
