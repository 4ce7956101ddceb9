//! Which frames a clip is made of: from the picture on screen at the asked moment to the asked end, closed at both ends.
//!
//! The file begins with the key frame before the asked picture, and an edit list hides what lies between. At the end no frame
//! is in the file that is not shown: the cut is moved on to where decoding and showing order meet, which is a few frames with
//! B-frames and none without.

use super::reel::{Frame, Reel, Sound, Told, to_samples, to_ticks};
use crate::fragment::InitSet;
use std::sync::Arc;

/// What goes into a file. Times are ticks of the reel's axis.
#[derive(Clone, Debug)]
pub struct Cut {
    /// What the frames are coded with.
    pub init: Arc<InitSet>,
    /// In decoding order from a key frame on.
    pub frames: Vec<Frame>,
    /// The first picture that is shown.
    pub from: i64,
    /// The end of the last.
    pub to: i64,
    /// The sound, where there is some in that time.
    pub audio: Option<AudioCut>,
    /// Tracks messages of the reel, those of the shown pictures among them.
    pub tracks: Vec<Told>,
    /// Pictures that are missing within: how far into the clip, and for how long, in ticks.
    pub holes: Vec<(i64, i64)>,
}

/// The sound of a clip. Times are samples.
#[derive(Clone, Debug)]
pub struct AudioCut {
    /// Samples a second.
    pub rate: u32,
    /// From the frame before the first that is heard: AAC decodes each frame with the help of the one before.
    pub sounds: Vec<Sound>,
    /// Silence from the first picture to the first sound, in ticks.
    pub silence: i64,
    /// What is left out of the first frames.
    pub skip: i64,
    /// What is heard, in ticks.
    pub heard: i64,
}

impl Cut {
    /// How many pictures are shown.
    #[must_use]
    pub fn shown(&self) -> u64 {
        self.frames.iter().filter(|frame| frame.pts >= self.from).count() as u64
    }

    /// Ticks of video.
    #[must_use]
    pub fn duration(&self) -> i64 {
        self.to - self.from
    }
}

/// Cuts `from..to` out of a reel. `open`: frames may still come, of which some may be shown before the newest.
/// `None` where nothing of the span is there.
#[must_use]
pub fn cut(reel: &Reel, from: i64, to: i64, open: bool) -> Option<Cut> {
    let frames = &reel.frames;
    let first = first_shown(frames, from)?;
    let key = key_before(frames, first)?;
    let start = frames[first].pts;
    let kept: Vec<usize> = (key..frames.len()).filter(|&at| !is_leading(frames, key, at)).collect();
    let (count, after) = closed_end(frames, &kept, to, open)?;
    let kept = &kept[..count];
    let last = kept.iter().map(|&at| &frames[at]).max_by_key(|frame| frame.pts)?;
    if last.pts < start || start >= to {
        return None;
    }
    let end = after.map_or(last.pts + last.duration, |after| after.min(last.pts + last.duration));
    let holes = holes(reel, start, end);
    Some(Cut {
        init: Arc::clone(&reel.init),
        frames: kept.iter().map(|&at| frames[at].clone()).collect(),
        from: start,
        to: end,
        audio: reel.rate().and_then(|rate| audio(&reel.sounds, rate, start, end)),
        tracks: reel.tracks.clone(),
        holes,
    })
}

/// The end of the newest picture before which no other can come any more, of a reel to which frames are still added.
#[must_use]
pub fn certain_end(reel: &Reel) -> i64 {
    let kept: Vec<usize> = (0..reel.frames.len()).filter(|&at| !is_leading(&reel.frames, 0, at)).collect();
    let count = closed_end(&reel.frames, &kept, i64::MAX, true).map_or(0, |(count, _)| count);
    let certain = kept[..count].iter().map(|&at| &reel.frames[at]);
    certain.map(|frame| frame.pts + frame.duration).max().unwrap_or_else(|| reel.end())
}

/// The picture on screen at `from`: the newest that is not later, or else the first that can be shown.
fn first_shown(frames: &[Frame], from: i64) -> Option<usize> {
    let begin = frames.first()?.pts;
    let shown = || frames.iter().enumerate().filter(move |(_, frame)| frame.pts >= begin);
    let before = shown().filter(|(_, frame)| frame.pts <= from).max_by_key(|(_, frame)| frame.pts);
    before.or_else(|| shown().min_by_key(|(_, frame)| frame.pts)).map(|(at, _)| at)
}

/// The key frame from which frame `at` can be decoded: a frame that is shown before the key frame in front of it may need the
/// GOP before.
fn key_before(frames: &[Frame], at: usize) -> Option<usize> {
    (0..=at).rev().find(|&key| frames[key].key && frames[key].pts <= frames[at].pts)
}

/// Whether frame `at` comes behind the key frame `key`, is shown before it, and belongs to its GOP.
fn is_leading(frames: &[Frame], key: usize, at: usize) -> bool {
    at > key && frames[at].pts < frames[key].pts
}

/// How many of `kept` go into the file, and the first picture behind them: the least number that has everything before `to`
/// and no picture that is shown behind one that is left out; where there is none (the newest frames), the greatest.
fn closed_end(frames: &[Frame], kept: &[usize], to: i64, open: bool) -> Option<(usize, Option<i64>)> {
    let needed = kept.iter().rposition(|&at| frames[at].pts < to)? + 1;
    // Frames to come have a later DTS, and none is shown before its DTS.
    let unknown = kept.last().filter(|_| open).map_or(i64::MAX, |&at| frames[at].dts + 1);
    let mut after = vec![i64::MAX; kept.len() + 1];
    for index in (0..kept.len()).rev() {
        after[index] = after[index + 1].min(frames[kept[index]].pts);
    }
    let mut newest = i64::MIN;
    let mut best = None;
    for (index, &at) in kept.iter().enumerate() {
        newest = newest.max(frames[at].pts);
        if newest < after[index + 1].min(unknown) {
            best = Some((index + 1, Some(after[index + 1]).filter(|_| index + 1 < kept.len())));
            if index + 1 >= needed {
                break;
            }
        }
    }
    best
}

fn audio(sounds: &[Sound], rate: u32, from: i64, to: i64) -> Option<AudioCut> {
    let (start, end) = (to_samples(from, rate), to_samples(to, rate));
    // A frame in front of a pause may be told as long as the pause; players count its samples.
    let usual = usual_length(sounds);
    let sound_end = |sound: &Sound| sound.start + sound.duration.min(usual);
    let first = sounds.iter().position(|sound| sound_end(sound) > start)?;
    let count = sounds[first..].iter().take_while(|sound| sound.start < end).count();
    let last = sounds.get(first + count.checked_sub(1)?)?;
    let joined = |at: usize| sound_end(&sounds[at]) >= sounds[at + 1].start;
    let begin = if first > 0 && joined(first - 1) { first - 1 } else { first };
    let heard_from = start.max(sounds[first].start);
    let heard_to = end.min(sound_end(last));
    let silence = to_ticks(heard_from, rate).max(from) - from;
    Some(AudioCut {
        rate,
        sounds: sounds[begin..first + count].to_vec(),
        silence: if heard_from > start { silence } else { 0 },
        skip: heard_from - sounds[begin].start,
        heard: to_ticks(heard_to, rate) - to_ticks(heard_from, rate),
    })
}

fn usual_length(sounds: &[Sound]) -> i64 {
    let mut lengths: Vec<i64> = sounds.iter().map(|sound| sound.duration).collect();
    let middle = lengths.len() / 2;
    if lengths.is_empty() { 0 } else { *lengths.select_nth_unstable(middle).1 }
}

/// Where pictures are missing between `from` and `to`.
fn holes(reel: &Reel, from: i64, to: i64) -> Vec<(i64, i64)> {
    let stretches = reel.stretches();
    let between = stretches.windows(2).map(|pair| (pair[0].to, pair[1].from));
    between.filter(|&(begin, end)| begin >= from && end < to).map(|(begin, end)| (begin - from, end - begin)).collect()
}

#[cfg(test)]
#[path = "cut_tests.rs"]
mod tests;
