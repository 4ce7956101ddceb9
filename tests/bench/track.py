#!/usr/bin/env python3
"""The tracker against ByteTrack of supervision 0.25.1 on the same boxes: time of an update at 10, 30 and 100 boxes, and identities.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install supervision==0.25.1
    /tmp/venv/bin/python tests/bench/track.py         # builds and runs `cargo bench --bench track` for ours
"""
import collections
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
import supervision as sv

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = 3


def ours(folder):
    command = ["cargo", "bench", "--quiet", "-p", "sightline-server", "--bench", "track", "--", "--told", str(folder)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {int(things): us for things, us in json.loads(told.strip().splitlines()[-1]).items()}


def frames(path):
    """Rows by frame."""
    rows = collections.defaultdict(list)
    for line in path.read_text().splitlines():
        frame, *rest = map(float, line.split(","))
        rows[int(frame)].append(rest)
    return rows


def box(row):
    return [row[1], row[2], row[1] + row[3], row[2] + row[4]]


def theirs(found):
    """Median microseconds of an update, and its identity for every box of every frame."""
    # Begins at 0.25 + 0.1, as ours does at 0.35; the first stage's overlap as it comes.
    tracker = sv.ByteTrack(track_activation_threshold=0.25, frame_rate=30)
    times, ids = [], {}
    for frame in sorted(found):
        boxes = np.array([box(row) for row in found[frame]])
        detections = sv.Detections(xyxy=boxes, confidence=np.array([row[5] for row in found[frame]]))
        start = time.perf_counter()
        tracked = tracker.update_with_detections(detections)
        times.append(time.perf_counter() - start)
        ids[frame] = {tuple(map(float, xyxy)): int(n) for xyxy, n in zip(tracked.xyxy, tracked.tracker_id)}
    return statistics.median(times) * 1e6, ids


def same(ids, tracks):
    """How many boxes both tell, and of these how many under identities that go with each other one to one."""
    pairs = collections.Counter()
    for frame, boxes in ids.items():
        mine = {tuple(box(row)): int(row[0]) for row in tracks[frame] if row[7] == 1}
        pairs.update((boxes[place], mine[place]) for place in boxes if place in mine)
    # Each of theirs goes with the one of ours that it is told with most often, if that goes with it, too.
    first, second = {}, {}
    for (a, b), _ in pairs.most_common():
        if a not in first and b not in second:
            first[a], second[b] = b, a
    return sum(pairs.values()), sum(count for (a, b), count in pairs.items() if first.get(a) == b)


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        rounds = []
        for _ in range(ROUNDS):
            mine = ours(folder)
            rounds.append((mine, {things: theirs(frames(folder / f"{things}.found.txt")) for things in mine}))
        print(f"| boxes | ours, us | supervision {sv.__version__}, us | faster | boxes told by both | same identity |")
        print("|---|---|---|---|---|---|")
        for things in rounds[0][0]:
            mine = statistics.median(round[0][things] for round in rounds)
            other = statistics.median(round[1][things][0] for round in rounds)
            both, equal = same(rounds[-1][1][things][1], frames(folder / f"{things}.tracks.txt"))
            print(f"| {things} | {mine:.2f} | {other:.0f} | {other / mine:.0f}x | {both} | {equal} |")


main()
