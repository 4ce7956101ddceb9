//! Letters of the dashboard's font: each is rasterised once for a size, at four positions within a pixel, and words are put together of them.

use super::stencil::Stencil;
use ab_glyph::{Font, FontRef, Glyph, GlyphId, PxScale, ScaleFont, point};
use std::collections::HashMap;
use std::sync::Arc;

/// Inter at weight 600, the one that the dashboard draws labels with: `static/fonts` cut to Latin, Greek, Cyrillic and signs.
static FONT: &[u8] = include_bytes!("inter-600.ttf");
/// Positions within a pixel: a quarter is less than eyes tell, and words keep their spacing.
const POSITIONS: usize = 4;
/// Letters that are kept for one size; 10 kB of bitmaps at most sizes.
const MAX_LETTERS: usize = 2048;
/// Sizes that are kept.
const MAX_SIZES: usize = 4;
/// Words that are kept for one size, a kilobyte each: labels come again from frame to frame.
const MAX_WORDS: usize = 256;
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

/// Words that were set: their pixels as coded, whose upper left corner as shown is at `left`, `top` from the pen's start and the baseline.
#[derive(Default)]
pub(super) struct Run {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) stencil: Stencil,
    /// Pixels from the pen's start to the end of the last letter.
    pub(super) advance: f32,
}

/// What is known of one size and rotation.
#[derive(Default)]
struct Shelf {
    letters: HashMap<(char, u8), Letter>,
    words: HashMap<String, Arc<Run>>,
}

/// All letters and words so far.
pub(super) struct Letters {
    font: FontRef<'static>,
    shelves: Vec<((f32, u16), Shelf)>,
}

impl Letters {
    pub(super) fn new() -> Self {
        let font = FontRef::try_from_slice(FONT).expect("the font is part of the program, and a test reads it");
        Self { font, shelves: Vec::new() }
    }

    /// Sets `text` in `size` pixels for pictures that are shown turned clockwise by `rotation`, or gives what was set before.
    pub(super) fn set(&mut self, text: &str, size: f32, rotation: u16) -> Arc<Run> {
        let Shelf { letters, words } = shelf(&mut self.shelves, (size, rotation));
        if let Some(known) = words.get(text) {
            return known.clone();
        }
        let run = set(&self.font, letters, text, size);
        let run = Arc::new(Run { stencil: run.stencil.coded(rotation), ..run });
        if words.len() == MAX_WORDS {
            words.clear();
        }
        words.insert(text.to_owned(), run.clone());
        run
    }
}

fn set(font: &FontRef<'_>, letters: &mut HashMap<(char, u8), Letter>, text: &str, size: f32) -> Run {
    let mut pen = 0.0_f32;
    let mut placed = Vec::with_capacity(text.len().min(MAX_SIGNS));
    for sign in text.chars().filter(|sign| !sign.is_control()).take(MAX_SIGNS) {
        let whole = pen.floor();
        let position = ((pen - whole) * POSITIONS as f32) as u8;
        let letter = letters.entry((sign, position)).or_insert_with(|| rasterised(font, sign, size, position));
        placed.push((whole as i32, (sign, position)));
        pen += letter.advance;
    }
    let seen = placed.iter().filter_map(|(at, key)| Some((*at, letters.get(key)?)));
    Run { advance: pen, ..Run::composed(seen.filter(|(_, letter)| letter.width > 0)) }
}

fn shelf(shelves: &mut Vec<((f32, u16), Shelf)>, kind: (f32, u16)) -> &mut Shelf {
    let at = shelves
        .iter()
        .position(|(known, shelf)| *known == kind && shelf.letters.len() < MAX_LETTERS)
        .unwrap_or_else(|| {
            shelves.retain(|(known, _)| *known != kind);
            shelves.truncate(MAX_SIZES - 1);
            shelves.push((kind, Shelf::default()));
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
    /// Letters side by side; where two touch, both cover.
    fn composed<'a>(letters: impl Iterator<Item = (i32, &'a Letter)> + Clone) -> Self {
        let rows = |letter: &Letter| (letter.cover.len() / letter.width) as i32;
        let mut all = letters.clone();
        let Some((at, first)) = all.next() else { return Self::default() };
        let edges = |at: i32, letter: &Letter| {
            (at + letter.left, letter.top, at + letter.left + letter.width as i32, letter.top + rows(letter))
        };
        let bounds = all.fold(edges(at, first), |bounds, (at, letter)| {
            let one = edges(at, letter);
            (bounds.0.min(one.0), bounds.1.min(one.1), bounds.2.max(one.2), bounds.3.max(one.3))
        });
        let (left, top) = (bounds.0, bounds.1);
        let (width, height) = ((bounds.2 - left) as usize, (bounds.3 - top) as usize);
        let mut cover = vec![0_u8; width * height];
        for (at, letter) in letters {
            let (x, y) = ((at + letter.left - left) as usize, (letter.top - top) as usize);
            for (row, part) in letter.cover.chunks_exact(letter.width).enumerate() {
                let to = &mut cover[(y + row) * width + x..][..letter.width];
                to.iter_mut().zip(part).for_each(|(to, part)| *to = to.saturating_add(*part));
            }
        }
        Self { left, top, stencil: Stencil::new(width, height, |x, y| cover[y * width + x]), advance: 0.0 }
    }
}
