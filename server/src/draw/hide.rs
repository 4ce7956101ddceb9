//! Privacy masks: polygons of a picture that become one colour, or coarse cells, before anybody sees it.

use super::outline::{Outline, coded};
use super::parts::{Part, Span};
use super::planes::{Canvas, Chroma};
use super::simd::cover;
use crate::pipeline::frame::Colour;
use sightline_nv::{DrawList, Ink};
use sightline_shared::scene::{Mask, MaskStyle};
use std::ops::Range;

/// What a filled mask shows: the dashboard's ground, which is no black that could be taken for a dead camera.
const FILL: u32 = 0x1e_252c;
/// Cells of a pixelated mask on the shorter side of a picture: a face of a sixth of it becomes four cells across.
const CELLS: usize = 24;
/// The smallest cell, in pixels.
const LEAST_CELL: usize = 8;

/// Pixels of a side of a cell in a picture of this size: even, so that chroma has whole cells too.
fn cell((width, height): (usize, usize)) -> usize {
    (width.min(height) / CELLS).max(LEAST_CELL).next_multiple_of(2)
}

/// Hides `masks` on a picture. What is pixelated is done first, of the picture as it was; what is filled lies over it.
pub fn hide(canvas: &mut Canvas<'_>, masks: &[Mask]) {
    let (size, rotation) = (canvas.size(), canvas.rotation());
    let outline = |mask: &Mask| Outline::new(&coded(&mask.points, size, rotation), size.1);
    let of = |style| masks.iter().filter(move |mask| mask.style == style).filter_map(outline);
    let coarse: Vec<Outline> = of(MaskStyle::Pixelate).collect();
    pixelate(canvas, &coarse, cell(size));
    let samples = canvas.colour().samples(FILL, size);
    of(MaskStyle::Fill).for_each(|outline| fill(canvas, &outline, samples));
}

/// Lists the same for a picture on a device.
pub(super) fn list(list: &mut DrawList, (width, height): (u32, u32), rotation: u16, colour: Colour, masks: &[Mask]) {
    let size = (width as usize, height as usize);
    let of = |style| {
        let those = masks.iter().filter(move |mask| mask.style == style);
        those.map(|mask| coded(&mask.points, size, rotation))
    };
    let coarse: Vec<_> = of(MaskStyle::Pixelate).collect();
    list.pixelate(0, &coarse, cell(size) as u32);
    let ink = Ink { samples: colour.samples(FILL, size), alpha: 256 };
    of(MaskStyle::Fill).for_each(|points| list.polygon(0, &points, ink));
}

fn fill(canvas: &mut Canvas<'_>, outline: &Outline, samples: [u8; 3]) {
    let (width, height) = canvas.size();
    let mut spans = Vec::new();
    // How many quarters of each chroma sample are covered.
    let mut covered = vec![0_u16; width.div_ceil(2)];
    let rows = outline.rows();
    for pair in rows.start / 2..rows.end.div_ceil(2) {
        let lines = 2 * pair..(2 * pair + 2).min(height);
        // A last row of a single line is covered whole by it.
        let quarters = 2 / lines.len() as u16;
        let mut reach = width..0;
        for y in lines {
            spans.clear();
            outline.spans(y, width, &mut spans);
            for span in &spans {
                canvas.luma.data[y * canvas.luma.stride..][span.clone()].fill(samples[0]);
                count(&mut covered, span, quarters, width);
                reach = reach.start.min(span.start / 2)..reach.end.max(span.end.div_ceil(2));
            }
        }
        if let Some(covered) = covered.get_mut(reach.clone()) {
            fill_chroma(canvas, pair, (reach.start, covered), samples);
            covered.fill(0);
        }
    }
}

/// Counts the quarters of chroma samples that the pixels of `span` cover; so many are a pixel's, and both where a row ends with it.
fn count(covered: &mut [u16], span: &Range<usize>, quarters: u16, width: usize) {
    let Span { all, inner } = Span::halved(span.clone(), width);
    covered[all].iter_mut().for_each(|count| *count += quarters);
    covered[inner].iter_mut().for_each(|count| *count += quarters);
}

/// Fills a row of chroma samples from the `from`th on by how many quarters of them are covered.
fn fill_chroma(canvas: &mut Canvas<'_>, row: usize, (from, covered): (usize, &[u16]), [_, blue, red]: [u8; 3]) {
    let mut end = from;
    for alike in covered.chunk_by(|a, b| a == b) {
        let across = Span::whole(end..end + alike.len());
        end += alike.len();
        let mut part = Part { across, down: Span::whole(row..row + 1), alpha: 64 * alike[0] };
        match &mut canvas.chroma {
            _ if part.alpha == 0 => {}
            Chroma::Planar { cb, cr } => {
                cover(cb, &part, (blue, blue));
                cover(cr, &part, (red, red));
            }
            Chroma::Interleaved(plane) => {
                part.across = part.across.times(2);
                cover(plane, &part, (blue, red));
            }
        }
    }
}

fn pixelate(canvas: &mut Canvas<'_>, outlines: &[Outline], cell: usize) {
    let (width, height) = canvas.size();
    let top = outlines.iter().map(|outline| outline.rows().start).min();
    let Some(top) = top else { return };
    let bottom = outlines.iter().map(|outline| outline.rows().end).max().unwrap_or_default();
    let mut spans = Vec::new();
    for row in top / cell..bottom.div_ceil(cell) {
        let lines = row * cell..((row + 1) * cell).min(height);
        let means = means(canvas, &lines, cell);
        for y in lines {
            spans.clear();
            let here = outlines.iter().filter(|outline| outline.rows().contains(&y));
            here.for_each(|outline| outline.spans(y, width, &mut spans));
            spans.iter().for_each(|span| coarsen(canvas, y, span, &means, cell));
        }
    }
}

/// The mean samples of each cell of a row of cells.
fn means(canvas: &Canvas<'_>, lines: &Range<usize>, cell: usize) -> Vec<[u8; 3]> {
    let (width, _) = canvas.size();
    let rows = lines.start / 2..lines.end.div_ceil(2);
    let one = |start: usize| {
        let end = (start + cell).min(width);
        let (luma, pairs) = (&canvas.luma, start / 2..end.div_ceil(2));
        let y = mean(lines.clone().map(|y| &luma.data[y * luma.stride..][start..end]), 1, 0);
        let chroma = |channel: usize| match &canvas.chroma {
            Chroma::Planar { cb, cr } => {
                let plane = if channel == 0 { cb } else { cr };
                mean(rows.clone().map(|y| &plane.data[y * plane.stride..][pairs.clone()]), 1, 0)
            }
            Chroma::Interleaved(plane) => {
                let bytes = 2 * pairs.start..2 * pairs.end;
                mean(rows.clone().map(|y| &plane.data[y * plane.stride..][bytes.clone()]), 2, channel)
            }
        };
        [y, chroma(0), chroma(1)]
    };
    (0..width).step_by(cell).map(one).collect()
}

/// The rounded mean of every `step`th byte from `first` on.
fn mean<'a>(rows: impl Iterator<Item = &'a [u8]>, step: usize, first: usize) -> u8 {
    let add = |(sum, count): (u32, u32), row: &'a [u8]| {
        let samples = row.iter().skip(first).step_by(step);
        (sum + samples.clone().map(|byte| u32::from(*byte)).sum::<u32>(), count + samples.len() as u32)
    };
    let (sum, count) = rows.fold((0, 0), add);
    ((sum + count / 2) / count.max(1)) as u8
}

/// Gives the pixels of a span the means of their cells, and the chroma samples that they belong to.
fn coarsen(canvas: &mut Canvas<'_>, y: usize, span: &Range<usize>, means: &[[u8; 3]], cell: usize) {
    let cells = span.start / cell..span.end.div_ceil(cell);
    for (index, [luma, cb, cr]) in cells.clone().zip(means[cells].iter().copied()) {
        let part = span.start.max(index * cell)..span.end.min((index + 1) * cell);
        canvas.luma.data[y * canvas.luma.stride..][part.clone()].fill(luma);
        let pairs = part.start / 2..part.end.div_ceil(2);
        match &mut canvas.chroma {
            Chroma::Planar { cb: blue, cr: red } => {
                blue.data[y / 2 * blue.stride..][pairs.clone()].fill(cb);
                red.data[y / 2 * red.stride..][pairs].fill(cr);
            }
            Chroma::Interleaved(plane) => {
                let row = &mut plane.data[y / 2 * plane.stride..][2 * pairs.start..2 * pairs.end];
                row.chunks_exact_mut(2).for_each(|pair| pair.copy_from_slice(&[cb, cr]));
            }
        }
    }
}

#[cfg(test)]
mod tests;
