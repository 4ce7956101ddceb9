#!/usr/bin/env python3
"""Scores tracks against the truth by motmetrics: for every NAME.gt.txt of a folder NAME.txt, both MOTChallenge text.

    tests/mot/score.py FOLDER         # prints {"NAME": {"idf1", "mota", "switches", "false", "missed", "boxes"}, ...}
"""
import json
import pathlib
import sys
import warnings

import motmetrics as mm

# motmetrics 1.4.0 calls pandas in ways that it will not understand in years to come.
warnings.simplefilter("ignore", FutureWarning)
NAMES = {
    "idf1": "idf1",
    "mota": "mota",
    "num_switches": "switches",
    "num_false_positives": "false",
    "num_misses": "missed",
    "num_objects": "boxes",
}


def main(folder):
    scores = {}
    for truth in sorted(folder.glob("*.gt.txt")):
        name = truth.name.removesuffix(".gt.txt")
        expected = mm.io.loadtxt(str(truth), fmt="mot16", min_confidence=1)
        found = mm.io.loadtxt(str(folder / f"{name}.txt"), fmt="mot16")
        compared = mm.utils.compare_to_groundtruth(expected, found, "iou", distth=0.5)
        row = mm.metrics.create().compute(compared, metrics=list(NAMES)).iloc[0]
        scores[name] = {ours: float(row[theirs]) for theirs, ours in NAMES.items()}
    print(json.dumps(scores))


main(pathlib.Path(sys.argv[1]))
