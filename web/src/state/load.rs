//! Two minutes of the devices' load: lines of the plot, values under its ruler, its table.

use super::format;
use sightline_shared::system::{DeviceLoad, LOAD_HISTORY, LOAD_STEP_MS, LoadSample};
use std::collections::VecDeque;

/// One line of the plot. All are percent of the whole, so that one axis serves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its name.
    pub(crate) name: &'static str,
    /// The token of its colour: that of the stage which keeps the engine busy.
    pub(crate) colour: &'static str,
    /// Strokes and gaps in CSS pixels; lines are told apart without colours, too.
    pub(crate) dash: &'static [u32],
}

/// Every line, in the order of the legend.
pub(crate) const LINES: [Line; 4] = [
    Line { name: "GPU", colour: "--stage-detect", dash: &[3, 3] },
    Line { name: "Decoder", colour: "--stage-decode", dash: &[8, 4] },
    Line { name: "Encoder", colour: "--stage-encode", dash: &[] },
    Line { name: "Memory", colour: "--stage-network", dash: &[1, 3] },
];

/// The value of a line in percent.
pub(crate) fn percent(load: &DeviceLoad, line: usize) -> Option<f64> {
    match line {
        0 => load.gpu_percent.map(f64::from),
        1 => load.decoder_percent.map(f64::from),
        2 => load.encoder_percent.map(f64::from),
        _ => {
            let (used, total) = (load.memory_used_bytes?, load.memory_total_bytes.filter(|total| *total > 0)?);
            Some(used as f64 / total as f64 * 100.0)
        }
    }
}

/// The value of a line in words; memory in bytes.
pub(crate) fn words(load: &DeviceLoad, line: usize) -> String {
    let memory = (load.memory_used_bytes, load.memory_total_bytes);
    match (line, memory, percent(load, line)) {
        (3, (Some(used), Some(total)), _) => {
            format!("{} of {}", format::bytes(used as f64), format::bytes(total as f64))
        }
        (_, _, Some(percent)) => format!("{percent:.0} %"),
        _ => "unknown".into(),
    }
}

/// One line over the two minutes, for the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    /// Its name.
    pub(crate) name: &'static str,
    /// The token of its colour.
    pub(crate) colour: &'static str,
    /// Least, mean and most, in percent; absent where nothing is known.
    pub(crate) values: Option<[f64; 3]>,
}

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Loads {
    samples: VecDeque<LoadSample>,
}

impl Loads {
    /// Takes what the server told beyond [`Self::last_ms`]. Samples that are older than those that are here come from a server that
    /// was started again: they take the place of all.
    pub(crate) fn take(&mut self, samples: Vec<LoadSample>) {
        if samples.first().zip(self.last_ms()).is_some_and(|(first, last)| first.at_ms <= last) {
            self.samples.clear();
        }
        self.samples.extend(samples);
        while self.samples.len() > LOAD_HISTORY {
            self.samples.pop_front();
        }
    }

    /// The server's time of the newest sample.
    pub(crate) fn last_ms(&self) -> Option<f64> {
        self.samples.back().map(|sample| sample.at_ms)
    }

    /// How many samples there are.
    pub(crate) fn len(&self) -> usize {
        self.samples.len()
    }

    /// When the sample at `index` was taken, in milliseconds since 1970, and a device's load then.
    pub(crate) fn get(&self, index: usize, device: u32) -> Option<(f64, &DeviceLoad)> {
        let sample = self.samples.get(index)?;
        Some((sample.utc_ms, sample.devices.get(&device)?))
    }

    /// The two minutes up to the newest sample, in seconds since 1970.
    pub(crate) fn span_s(&self) -> Option<(f64, f64)> {
        let end = self.samples.back()?.utc_ms / 1e3;
        Some((end - (LOAD_HISTORY as u64 * LOAD_STEP_MS) as f64 / 1e3, end))
    }

    /// Columns for the plot: seconds since 1970, then the percent of each of [`LINES`].
    pub(crate) fn columns(&self, device: u32) -> Vec<Vec<Option<f64>>> {
        let mut columns = vec![self.samples.iter().map(|sample| Some(sample.utc_ms / 1e3)).collect()];
        for line in 0..LINES.len() {
            let value = |sample: &LoadSample| sample.devices.get(&device).and_then(|load| percent(load, line));
            columns.push(self.samples.iter().map(value).collect());
        }
        columns
    }

    /// Each line over all that is remembered.
    pub(crate) fn summary(&self, device: u32) -> Vec<Summary> {
        let columns = self.columns(device);
        let one = |(line, column): (&Line, &Vec<Option<f64>>)| {
            let known: Vec<f64> = column.iter().filter_map(|value| *value).collect();
            let values = (!known.is_empty()).then(|| {
                let least = known.iter().copied().fold(f64::INFINITY, f64::min);
                let most = known.iter().copied().fold(0.0, f64::max);
                [least, known.iter().sum::<f64>() / known.len() as f64, most]
            });
            Summary { name: line.name, colour: line.colour, values }
        };
        LINES.iter().zip(&columns[1..]).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: u32, gpu: Option<u32>) -> LoadSample {
        let load = DeviceLoad {
            gpu_percent: gpu,
            memory_used_bytes: Some(3 << 30),
            memory_total_bytes: Some(12 << 30),
            ..DeviceLoad::default()
        };
        let at_ms = f64::from(second) * 1e3;
        LoadSample { at_ms, utc_ms: at_ms + 1.8e12, devices: [(1, load)].into() }
    }

    #[test]
    fn two_minutes_are_kept_and_a_server_that_began_anew_takes_their_place() {
        let mut loads = Loads::default();
        assert_eq!((loads.last_ms(), loads.span_s()), (None, None));
        loads.take((1..=100).map(|n| sample(n, Some(n))).collect());
        loads.take((101..=150).map(|n| sample(n, Some(n))).collect());
        loads.take(vec![]);
        assert_eq!((loads.len(), loads.last_ms()), (LOAD_HISTORY, Some(150e3)));
        assert_eq!(loads.span_s(), Some((1.8e9 + 30.0, 1.8e9 + 150.0)));
        assert_eq!(loads.get(0, 1).and_then(|(_, load)| load.gpu_percent), Some(31));
        assert_eq!(loads.get(0, 0), None);
        loads.take(vec![sample(1, Some(7)), sample(2, Some(8))]);
        assert_eq!((loads.len(), loads.last_ms()), (2, Some(2e3)));
    }

    #[test]
    fn what_is_not_known_is_a_gap_and_not_zero() {
        let mut loads = Loads::default();
        loads.take(vec![sample(1, Some(40)), sample(2, None), sample(3, Some(60))]);
        let columns = loads.columns(1);
        assert_eq!(columns.len(), 1 + LINES.len());
        assert_eq!(columns[1], [Some(40.0), None, Some(60.0)]);
        assert_eq!(columns[2], [None; 3]);
        assert_eq!(columns[4], [Some(25.0); 3]);
        let summary = loads.summary(1);
        assert_eq!(summary[0].values, Some([40.0, 50.0, 60.0]));
        assert_eq!((summary[1].values, summary[3].values), (None, Some([25.0; 3])));
        let (_, load) = loads.get(1, 1).expect("there");
        assert_eq!((words(load, 0), words(load, 3)), ("unknown".into(), "3.2 GB of 13 GB".into()));
        let (_, load) = loads.get(0, 1).expect("there");
        assert_eq!(words(load, 0), "40 %");
    }
}
