//! Benchmark 18: decoder to model input to boxes for many cameras at once, and what of it goes over the bus.

use crate::cpu::Moment;
use crate::decoding::decoder;
use crate::report::Report;
use crate::throughput::{boxes, label, model};
use crate::{Effort, clips};
use sightline_nv::{Atlas, Buffer, Context, Crop, Decoded, DrawList, Error, Input, Kernels, Matrix, Samples};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Cameras that a thread serves.
const OF_A_THREAD: usize = 8;

pub(crate) fn whole(context: &Context, effort: &Effort, report: &mut Report) -> Result<(), Error> {
    let rounds = if effort.launches > 10 { 12 } else { 1 };
    for cameras in &effort.cameras {
        let (free, _) = context.memory()?;
        let before = context.copied();
        let (failed, least) = (Mutex::new(None), Mutex::new(free));
        let begun = Moment::now();
        let pictures: usize = thread::scope(|scope| {
            let mut threads = Vec::new();
            for first in (0..*cameras).step_by(OF_A_THREAD) {
                let count = OF_A_THREAD.min(cameras - first);
                let (failed, least) = (&failed, &least);
                let work = move || {
                    some(context, count, rounds, least).unwrap_or_else(|error| {
                        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        0
                    })
                };
                threads.extend(thread::Builder::new().name(format!("cameras {first}")).spawn_scoped(scope, work));
            }
            threads.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
        });
        let spent = begun.spent();
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let after = context.copied();
        let rate = pictures as f64 / spent.wall.as_secs_f64();
        let used = free.saturating_sub(least.into_inner().unwrap_or_else(PoisonError::into_inner));
        let name = format!("{cameras} cameras of 1080p, decoded, model input, boxes");
        report.figure(18, name.clone(), rate, "pictures/s");
        let each = spent.cpu.as_secs_f64() * 1e6 / pictures.max(1) as f64;
        report.figure(18, format!("{name}: processor time of each"), each, "us");
        let bytes = (after.pictures_to_host - before.pictures_to_host) as f64;
        report.figure(18, format!("{name}: samples to the host"), bytes, "bytes");
        let lists = (after.lists_to_device - before.lists_to_device) as f64 / pictures.max(1) as f64;
        report.figure(18, format!("{name}: lists to the device for each"), lists, "bytes");
        report.figure(18, format!("{name}: device memory of each"), (used / cameras) as f64 / 1e6, "MB");
    }
    Ok(())
}

/// A thread's cameras: a batch of all of them for every picture. Gives how many pictures there were.
fn some(context: &Context, cameras: usize, rounds: usize, least: &Mutex<usize>) -> Result<usize, Error> {
    let clip = clips::h264();
    let mut kernels = Kernels::new(context)?;
    let mut atlas = Atlas::new(context)?;
    let letters = label(&mut atlas)?;
    let model = model(Samples::F16);
    let input = Buffer::new(context, cameras * 3 * (model.width * model.height) as usize * 2)?;
    let mut decoders = (0..cameras).map(|_| decoder(context, &clip, 4)).collect::<Result<Vec<_>, _>>()?;
    let matrix = Matrix { code: 1, full_range: false, height: clip.size.1 };
    let mut all = 0;
    for unit in clip.units.iter().cycle().take(rounds * clip.units.len()) {
        let mut pictures: Vec<Decoded> = Vec::new();
        // All are given their unit first: they decode at once.
        for decoder in &mut decoders {
            decoder.decode(unit, 0)?;
        }
        for decoder in &mut decoders {
            while let Some(decoded) = decoder.next_picture()? {
                pictures.push(decoded);
            }
        }
        for batch in pictures.chunks(cameras) {
            let inputs: Vec<_> = batch
                .iter()
                .map(|decoded| Input { picture: &decoded.picture, crop: Crop::whole(clip.size), matrix })
                .collect();
            kernels.input(&model, &inputs, &input)?;
            let mut list = DrawList::new(&vec![clip.size; batch.len()]);
            (0..batch.len()).for_each(|picture| boxes(&mut list, picture, letters));
            kernels.draw(&list, &mut atlas, &batch.iter().map(|decoded| &decoded.picture).collect::<Vec<_>>())?;
            all += batch.len();
        }
    }
    let (free, _) = context.memory()?;
    let mut least = least.lock().unwrap_or_else(PoisonError::into_inner);
    *least = (*least).min(free);
    Ok(all)
}
