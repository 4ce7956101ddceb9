//! Boxes and labels by the device's kernels, on pictures in its memory: the same edges, letters and colours as in host memory; a
//! sample on which several of them lie may be one step off, since software rounds once for all of them.

use super::hide;
use super::letters::Letters;
use super::{RIM, ink};
use crate::device::Error;
use crate::pipeline::frame::Colour;
use sightline_nv::{Atlas, Context, DrawList, Ink, Kernels, Picture};
use sightline_shared::draw::{Fill, Item, label_plate, label_size, outline, plate_fill};
use sightline_shared::scene::Mask;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Words in the atlas: how far their last letter ends, and where their coverage lies from the pen and the baseline.
#[derive(Clone, Copy)]
struct Set {
    width: f32,
    at: (i32, i32),
    letters: Option<sightline_nv::Letters>,
}

/// Draws lists on pictures of one device, upright ones. It keeps the words that it has set in the device's memory.
pub struct DevicePainter {
    letters: Letters,
    atlas: Atlas,
    words: HashMap<u64, Set>,
    inks: Vec<(u32, [u8; 3])>,
    fills: Vec<Fill>,
}

impl DevicePainter {
    /// A painter with the dashboard's font.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn new(context: &Context) -> Result<Self, Error> {
        Ok(Self {
            letters: Letters::new(),
            atlas: Atlas::new(context)?,
            words: HashMap::new(),
            inks: Vec::new(),
            fills: Vec::new(),
        })
    }

    /// Draws `items` on an NV12 picture in their order: each with its box, then its label. Nobody waits for it.
    ///
    /// # Errors
    /// The driver fails.
    pub fn draw(
        &mut self,
        kernels: &mut Kernels,
        picture: &Picture,
        colour: Colour,
        items: &[Item],
    ) -> Result<(), Error> {
        self.inks.clear();
        let mut list = DrawList::new(&[picture.size()]);
        for item in items {
            if !self.item(&mut list, picture.size(), colour, item) {
                // The atlas is full: what is listed needs what it holds.
                kernels.draw(&list, &mut self.atlas, &[picture])?;
                self.atlas.clear();
                self.words.clear();
                list = DrawList::new(&[picture.size()]);
                self.item(&mut list, picture.size(), colour, item);
            }
        }
        kernels.draw(&list, &mut self.atlas, &[picture])
    }

    /// Hides masks on an NV12 picture that is shown turned clockwise by `rotation`. Nobody waits for it.
    ///
    /// # Errors
    /// The driver fails.
    pub fn hide(
        &mut self,
        kernels: &mut Kernels,
        picture: &Picture,
        (rotation, colour): (u16, Colour),
        masks: &[Mask],
    ) -> Result<(), Error> {
        let mut list = DrawList::new(&[picture.size()]);
        hide::list(&mut list, picture.size(), rotation, colour, masks);
        kernels.draw(&list, &mut self.atlas, &[picture])
    }

    /// Lists an item; false, and nothing of it is listed, where the atlas has no room for its words.
    fn item(&mut self, list: &mut DrawList, (width, height): (u32, u32), colour: Colour, item: &Item) -> bool {
        let (shown, size) = ((width as f32, height as f32), (width as usize, height as usize));
        let text_size = label_size(shown.1);
        let Some(words) = item.text.as_ref().map_or(Some(None), |text| self.set(text, text_size).map(Some)) else {
            return false;
        };
        self.fills.clear();
        outline(item, RIM, shown, &mut self.fills);
        let plate = words.map(|words| (words, label_plate(item, words.width, text_size, shown)));
        if let Some((_, plate)) = &plate {
            self.fills.extend(plate_fill(plate, shown));
        }
        for fill in &self.fills {
            let samples = ink(&mut self.inks, colour, fill.colour, size);
            list.fill(0, (fill.x0, fill.y0, fill.x1, fill.y1), Ink { samples, alpha: fill.alpha });
        }
        if let Some((Set { at, letters: Some(letters), .. }, plate)) = plate {
            let samples = ink(&mut self.inks, colour, item.colour, size);
            let at = (plate.text_x as i32 + at.0, plate.baseline as i32 + at.1);
            list.letters(0, at, letters, Ink { samples, alpha: 256 });
        }
        true
    }

    /// Sets words once; `None` where there is no room.
    fn set(&mut self, text: &str, size: f32) -> Option<Set> {
        let mut hasher = DefaultHasher::new();
        (text, size.to_bits()).hash(&mut hasher);
        let key = hasher.finish();
        if let Some(known) = self.words.get(&key) {
            return Some(*known);
        }
        let run = self.letters.set(text, size, 0);
        let letters = match run.stencil.width {
            0 => None,
            wide => Some(self.atlas.put(key, wide as u32, &run.stencil.pixels())?),
        };
        let set = Set { width: run.advance, at: (run.left, run.top), letters };
        self.words.insert(key, set);
        Some(set)
    }
}
