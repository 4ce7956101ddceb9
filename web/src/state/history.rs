//! Two minutes of one camera's telemetry: lines, bands and drops of the plot, values under its ruler, its CSV.

use super::format;
use sightline_shared::telemetry::{CameraSample, HISTORY, STEP_MS, Sample, StageSample};
use std::collections::{BTreeMap, VecDeque};

/// The stages in the order of a frame's way, which is that of the legend and of the plot's series.
pub(crate) const STAGES: [&str; 11] = [
    "source",
    "decode",
    "process",
    "detect",
    "track",
    "draw",
    "encode",
    "process_small",
    "encode_small",
    "fragment",
    "send",
];
/// A logarithmic scale has no zero: what is faster is drawn here.
pub(crate) const LEAST_MS: f64 = 0.01;

/// One sample of the camera.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    /// End of the step on the server's monotonic clock.
    pub(crate) at_ms: f64,
    /// The same in UTC since 1970.
    pub(crate) utc_ms: f64,
    /// What happened.
    pub(crate) camera: CameraSample,
}

/// What is remembered of one camera.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    points: VecDeque<Point>,
}

/// Items that were thrown away in one step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drop {
    /// When, in seconds since 1970.
    pub(crate) utc_s: f64,
    /// Where.
    pub(crate) stage: &'static str,
    /// Why, in words.
    pub(crate) cause: String,
    /// How many.
    pub(crate) count: u64,
}

/// One stage over a span of time, for the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    /// The stage.
    pub(crate) stage: &'static str,
    /// Middle of the steps' medians.
    pub(crate) p50_ms: Option<f64>,
    /// Largest of the steps' p95.
    pub(crate) p95_ms: Option<f64>,
    /// The slowest item.
    pub(crate) max_ms: Option<f64>,
    /// Items passed on.
    pub(crate) out: u64,
    /// Items thrown away, by cause in words.
    pub(crate) dropped: BTreeMap<String, u64>,
}

/// A cause of a drop in words: `queue_full` is "queue full".
pub(crate) fn cause(name: &str) -> String {
    name.replace('_', " ")
}

impl History {
    /// What the server remembers: takes the place of all that was here.
    pub(crate) fn load(&mut self, samples: Vec<Sample>) {
        self.points.clear();
        for sample in samples {
            self.push(sample);
        }
    }

    /// One more sample; one that is not newer than the last is left out.
    pub(crate) fn push(&mut self, sample: Sample) {
        if self.points.back().is_some_and(|last| last.at_ms >= sample.at_ms) {
            return;
        }
        if self.points.len() == HISTORY {
            self.points.pop_front();
        }
        // The connection carries one camera, whatever its id is by now.
        let camera = sample.cameras.into_values().next().unwrap_or_default();
        self.points.push_back(Point { at_ms: sample.at_ms, utc_ms: sample.utc_ms, camera });
    }

    /// How many samples there are.
    pub(crate) fn len(&self) -> usize {
        self.points.len()
    }

    /// The sample at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<&Point> {
        self.points.get(index)
    }

    /// The span of time from the oldest that may be remembered to the newest sample, in seconds since 1970.
    pub(crate) fn span_s(&self) -> Option<(f64, f64)> {
        let end = self.points.back()?.utc_ms / 1e3;
        Some((end - (HISTORY as u64 * STEP_MS) as f64 / 1e3, end))
    }

    /// Names of the stages through which anything went.
    pub(crate) fn stages(&self) -> Vec<&'static str> {
        let seen = |stage: &&&str| self.points.iter().any(|point| point.camera.stages.contains_key(**stage));
        STAGES.iter().filter(seen).copied().collect()
    }

    /// Columns for the plot: seconds since 1970, then p50 and p95 of each of [`STAGES`].
    pub(crate) fn columns(&self) -> Vec<Vec<Option<f64>>> {
        let mut columns = vec![self.points.iter().map(|point| Some(point.utc_ms / 1e3)).collect()];
        for stage in STAGES {
            for pick in [|s: &StageSample| s.p50_ms, |s: &StageSample| s.p95_ms] {
                let value = |point: &Point| point.camera.stages.get(stage).and_then(pick).map(|ms| ms.max(LEAST_MS));
                columns.push(self.points.iter().map(value).collect());
            }
        }
        columns
    }

    /// Every drop, oldest first.
    pub(crate) fn drops(&self) -> Vec<Drop> {
        let mut drops = Vec::new();
        for point in &self.points {
            for stage in STAGES {
                let Some(sample) = point.camera.stages.get(stage) else { continue };
                for (name, count) in &sample.dropped {
                    drops.push(Drop { utc_s: point.utc_ms / 1e3, stage, cause: cause(name), count: *count });
                }
            }
        }
        drops
    }

    /// Each stage over a span of seconds since 1970.
    pub(crate) fn summary(&self, (from_s, to_s): (f64, f64)) -> Vec<Summary> {
        self.stages().into_iter().map(|stage| self.summary_of(stage, from_s, to_s)).collect()
    }

    fn summary_of(&self, stage: &'static str, from_s: f64, to_s: f64) -> Summary {
        let mut summary = Summary { stage, p50_ms: None, p95_ms: None, max_ms: None, out: 0, dropped: BTreeMap::new() };
        let mut medians = Vec::new();
        let largest = |old: Option<f64>, new: Option<f64>| old.into_iter().chain(new).reduce(f64::max);
        for point in self.within(from_s, to_s) {
            let Some(sample) = point.camera.stages.get(stage) else { continue };
            medians.extend(sample.p50_ms);
            summary.p95_ms = largest(summary.p95_ms, sample.p95_ms);
            summary.max_ms = largest(summary.max_ms, sample.max_ms);
            summary.out += sample.out;
            for (name, count) in &sample.dropped {
                *summary.dropped.entry(cause(name)).or_default() += count;
            }
        }
        medians.sort_by(f64::total_cmp);
        summary.p50_ms = medians.get(medians.len() / 2).copied();
        summary
    }

    fn within(&self, from_s: f64, to_s: f64) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(move |point| (from_s..=to_s).contains(&(point.utc_ms / 1e3)))
    }

    /// What is shown as CSV: a line for each step and stage, of the stages that `shown` names.
    pub(crate) fn csv(&self, (from_s, to_s): (f64, f64), shown: &[&str]) -> String {
        let mut out = String::from("time_utc,stage,p50_ms,p95_ms,max_ms,out,dropped,causes\r\n");
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        for point in self.within(from_s, to_s) {
            for stage in STAGES.iter().filter(|stage| shown.contains(stage)) {
                let Some(sample) = point.camera.stages.get(*stage) else { continue };
                let dropped: u64 = sample.dropped.values().sum();
                let causes: Vec<String> = sample.dropped.iter().map(|(name, n)| format!("{name} {n}")).collect();
                let times = [sample.p50_ms, sample.p95_ms, sample.max_ms].map(number).join(",");
                let (time, causes) = (format::rfc3339(point.utc_ms), causes.join("; "));
                out.push_str(&format!("{time},{stage},{times},{},{dropped},{causes}\r\n", sample.out));
            }
        }
        out
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample(at_ms: f64, stages: &[(&str, f64)]) -> Sample {
        let one = |(name, ms): &(&str, f64)| {
            let stage = StageSample {
                p50_ms: Some(*ms),
                p95_ms: Some(ms * 2.0),
                max_ms: Some(ms * 3.0),
                out: 15,
                ..StageSample::default()
            };
            ((*name).to_owned(), stage)
        };
        let camera = CameraSample { stages: stages.iter().map(one).collect(), ..CameraSample::default() };
        Sample { at_ms, utc_ms: 1.8e12 + at_ms, cameras: BTreeMap::from([("yard".into(), camera)]) }
    }

    fn with_drop(mut sample: Sample) -> Sample {
        let camera = sample.cameras.get_mut("yard").expect("there");
        camera.stages.insert(
            "decode".into(),
            StageSample { dropped: BTreeMap::from([("queue_full".into(), 3)]), ..StageSample::default() },
        );
        sample
    }

    #[test]
    fn two_minutes_are_kept_and_old_news_are_left_out() {
        let mut history = History::default();
        for n in 0..500 {
            history.push(sample(f64::from(n) * 500.0, &[("source", 1.0)]));
        }
        history.push(sample(0.0, &[("source", 1.0)]));
        assert_eq!((history.len(), history.get(239).map(|p| p.at_ms)), (HISTORY, Some(499.0 * 500.0)));
        let (from, to) = history.span_s().expect("there are samples");
        assert_eq!(to - from, 120.0);
        history.load(vec![sample(5.0, &[]), sample(6.0, &[])]);
        assert_eq!(history.len(), 2);
    }

    #[test]
    fn columns_are_a_pair_a_stage_and_gaps_stay_gaps() {
        let mut history = History::default();
        history.push(sample(500.0, &[("source", 0.001), ("encode", 5.0)]));
        history.push(sample(1000.0, &[("encode", 7.0)]));
        let columns = history.columns();
        assert_eq!(columns.len(), 1 + 2 * STAGES.len());
        assert_eq!(columns[0], [Some(1_800_000_000.5), Some(1_800_000_001.0)]);
        assert_eq!(columns[1], [Some(LEAST_MS), None], "a logarithm has no zero");
        let encode = 1 + 2 * STAGES.iter().position(|stage| *stage == "encode").expect("a stage");
        assert_eq!(
            (&columns[encode][..], &columns[encode + 1][..]),
            (&[Some(5.0), Some(7.0)][..], &[Some(10.0), Some(14.0)][..])
        );
        assert_eq!(history.stages(), ["source", "encode"]);
    }

    #[test]
    fn drops_carry_their_cause_and_the_table_sums_them() {
        let mut history = History::default();
        history.push(with_drop(sample(500.0, &[("source", 1.0)])));
        history.push(with_drop(sample(1000.0, &[("source", 3.0)])));
        let drops = history.drops();
        assert_eq!(
            (drops.len(), drops[0].stage, drops[0].cause.as_str(), drops[0].count),
            (2, "decode", "queue full", 3)
        );
        let table = history.summary(history.span_s().expect("there are samples"));
        assert_eq!(
            (table[0].stage, table[0].p50_ms, table[0].max_ms, table[0].out),
            ("source", Some(3.0), Some(9.0), 30)
        );
        assert_eq!((table[1].stage, table[1].dropped["queue full"], table[1].p50_ms), ("decode", 6, None));
        let first = history.summary((1_800_000_000.0, 1_800_000_000.6));
        assert_eq!(first[1].dropped["queue full"], 3, "only what is in the span");
    }

    #[test]
    fn the_csv_is_what_is_shown() {
        let mut history = History::default();
        history.push(with_drop(sample(500.0, &[("source", 0.25), ("track", 9.0)])));
        history.push(sample(1000.0, &[("source", 1.0)]));
        let csv = history.csv((0.0, f64::MAX), &["source", "decode"]);
        assert_eq!(
            csv,
            "time_utc,stage,p50_ms,p95_ms,max_ms,out,dropped,causes\r\n\
             2027-01-15T08:00:00.500Z,source,0.25,0.5,0.75,15,0,\r\n\
             2027-01-15T08:00:00.500Z,decode,,,,0,3,queue_full 3\r\n\
             2027-01-15T08:00:01.000Z,source,1,2,3,15,0,\r\n"
        );
        assert_eq!(history.csv((0.0, 1.0), &["source"]).lines().count(), 1, "nothing was in that span");
    }
}
