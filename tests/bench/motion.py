#!/usr/bin/env python3
"""The motion gate beside Frigate's steps and OpenCV's MOG2: time of a look at 1080p and what each finds, in turn on the same films.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install numpy scipy opencv-python-headless onnxruntime==1.31.1
    /tmp/venv/bin/python tests/bench/motion.py YOLOX_NANO.onnx VIDEO...   # builds and runs `cargo bench --bench see` for ours

All look five times a second at 1080p, for a minute at most, one thread each. What moves is known in two ways:
1. The first two videos' still backgrounds (the median over time), with patches of the last video pasted on as things of known
   place, 40 to 240 pixels high, faint to opaque, with a sensor's noise; calm, at night, and on a mast in the wind under clouds.
   Everything is H.264 of 4 Mb/s then.
2. The videos themselves, where a model judges: what it finds with 0.35 and found elsewhere at the look before has moved.
Found is a look with movement at which some box touches a thing that moves; false is one with any box though all has been still
for a second. Of the videos that is told where the model finds nothing that could move, not even with 0.1: since it misses things,
the last line leaves them out there. The first ten seconds are for learning, and count for nothing. Needs `ffmpeg`.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np
import onnxruntime
from scipy.ndimage import gaussian_filter

ROOT = pathlib.Path(__file__).resolve().parents[2]
WIDTH, HEIGHT, FPS, MOST, LEARN, ROUNDS, SCENES = 1920, 1080, 5, 300, 50, 7, 4
COCO_MOVES = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck", 15: "cat", 16: "dog", 39: "bottle"}
# Frigate's least contour, 10 pixels of a picture 100 high, here.
LEAST = 10 * (HEIGHT / 100) ** 2
cv2.setNumThreads(1)


class Frigate:
    """The steps of frigate/motion/improved_motion.py (commit e3fa7018) with its defaults, on luma."""

    def __init__(self):
        self.size = (100 * WIDTH // HEIGHT, 100)
        self.average = np.zeros(self.size[::-1], np.float32)
        self.contrast, self.at = np.zeros((50, 2), np.uint8), 0
        self.contrast[:, 1] = 255
        self.masked = np.where(np.ones(self.size[::-1], np.uint8) == 0)
        self.calibrating, self.moving = True, 0

    def look(self, luma):
        small = cv2.resize(luma, self.size, interpolation=cv2.INTER_NEAREST)
        low, high = (np.percentile(small, part).astype(np.uint8) for part in (4, 96))
        if low < high:
            self.contrast[self.at] = [low, high]
            self.at = (self.at + 1) % len(self.contrast)
            low, high = np.mean(self.contrast, axis=0)
            small = np.clip(small, low, high)
            small = (((small - low) / (high - low)) * 255).astype(np.uint8)
        small[self.masked] = [0]
        small = gaussian_filter(small, sigma=1, radius=1)
        off = cv2.absdiff(small, cv2.convertScaleAbs(self.average))
        bits = cv2.dilate(cv2.threshold(off, 30, 255, cv2.THRESH_BINARY)[1], None, iterations=1)
        boxes, total = [], 0
        for contour in cv2.findContours(bits, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
            area = cv2.contourArea(contour)
            total += area
            if area > 10:
                x, y, w, h = cv2.boundingRect(contour)
                boxes.append((x / self.size[0], y / self.size[1], (x + w) / self.size[0], (y + h) / self.size[1]))
        part = total / (self.size[0] * self.size[1])
        if part < 0.05 and len(boxes) <= 4:
            self.calibrating = False
        if self.calibrating or part > 0.8:
            self.calibrating = True
        self.moving = self.moving + 1 if boxes else 0
        if not boxes or self.moving >= 10:
            cv2.accumulateWeighted(small, self.average, 0.2 if self.calibrating else 0.01)
        # While it calibrates, what calls it makes nothing of its boxes.
        return [] if self.calibrating else boxes


class Mog2:
    """MOG2 with its defaults, shadows left out, specks opened away."""

    def __init__(self):
        self.model = cv2.createBackgroundSubtractorMOG2()

    def look(self, luma):
        bits = cv2.threshold(self.model.apply(luma), 200, 255, cv2.THRESH_BINARY)[1]
        bits = cv2.morphologyEx(bits, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        boxes = []
        for contour in cv2.findContours(bits, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
            if cv2.contourArea(contour) > LEAST:
                x, y, w, h = cv2.boundingRect(contour)
                boxes.append((x / WIDTH, y / HEIGHT, (x + w) / WIDTH, (y + h) / HEIGHT))
        return boxes


def theirs(make, frames):
    """Median microseconds of a look, and the boxes of every one."""
    detector, times, boxes = make(), [], []
    for luma in frames:
        start = time.perf_counter()
        found = detector.look(luma)
        times.append(time.perf_counter() - start)
        boxes.append(found)
    return statistics.median(times) * 1e6, boxes


class Ours:
    """`cargo bench --bench see` on a file of luma; SIGHTLINE_BENCH names a program that is built."""

    def __init__(self, path):
        cargo = ["cargo", "bench", "--quiet", "-p", "sightline-server", "--bench", "see", "--"]
        built = os.environ.get("SIGHTLINE_BENCH")
        command = ([built] if built else cargo) + [str(path), str(WIDTH), str(HEIGHT), str(FPS)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self):
        self.process.stdin.write("look\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        return told["us"], told["boxes"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def i420(video, filters):
    """Frames of the video as I420 in 1080p."""
    command = ["ffmpeg", "-v", "error", "-i", str(video), "-vf", filters, "-frames:v", str(MOST), "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]
    size = WIDTH * HEIGHT * 3 // 2
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            while len(data := process.stdout.read(size)) == size:
                yield np.frombuffer(data, np.uint8).reshape(HEIGHT * 3 // 2, WIDTH)
        finally:
            process.kill()


def film(video):
    yield from i420(video, f"fps={FPS},scale={WIDTH}:{HEIGHT}:flags=bicubic")


class Judge:
    """YOLOX-nano: boxes of what could move, in fractions of the picture, with scores."""

    def __init__(self, model):
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        self.name, self.size = self.session.get_inputs()[0].name, self.session.get_inputs()[0].shape[2]
        grids, strides = [], []
        for stride in (8, 16, 32):
            y, x = np.mgrid[0 : self.size // stride, 0 : self.size // stride]
            grids.append(np.stack([x, y], -1).reshape(-1, 2))
            strides.append(np.full((x.size, 1), stride))
        self.grid, self.stride = np.concatenate(grids), np.concatenate(strides)

    def look(self, frame):
        scale = self.size / WIDTH
        boxed = np.full((self.size, self.size, 3), 114, np.uint8)
        boxed[: int(HEIGHT * scale)] = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_YUV2BGR_I420), (self.size, int(HEIGHT * scale)))
        head = self.session.run(None, {self.name: boxed.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
        centre, wh = (head[:, :2] + self.grid) * self.stride, np.exp(head[:, 2:4]) * self.stride
        scores = head[:, 4:5] * head[:, 5:]
        best, kinds = scores.max(1), scores.argmax(1)
        keep = np.flatnonzero((best > 0.1) & np.isin(kinds, list(COCO_MOVES)))
        corners = (centre - wh / 2)[keep] / scale
        rows = np.concatenate([corners, wh[keep] / scale], 1)
        kept = cv2.dnn.NMSBoxesBatched(rows.tolist(), best[keep].tolist(), kinds[keep].tolist(), 0.1, 0.45)
        unit = np.array([WIDTH, HEIGHT, WIDTH, HEIGHT])
        boxes = np.concatenate([corners, corners + rows[:, 2:]], 1) / unit
        return [(int(kinds[keep][k]), float(best[keep][k]), tuple(boxes[k])) for k in kept]


def judged(judge, frames):
    """For every look the boxes that moved, and whether there is anything that could."""
    moved, any_there, before = [], [], []
    for frame in frames:
        seen = judge.look(frame)
        now = [(kind, box) for kind, score, box in seen if score > 0.35]
        moving = []
        for kind, box in now:
            off = [np.hypot(*(centre(box) - centre(other))) for same, other in before if same == kind and touch(box, other)]
            if off and 0.01 < min(off) < 0.2:
                moving.append(box)
        moved.append(moving)
        any_there.append(bool(seen))
        before = now
    return moved, any_there


def centre(box):
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])


def touch(a, b):
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def composed(name, background, patch, sigma, wind, folder):
    """A minute of things that pass, through an encoder and back: frames, and the things of every look."""
    random = np.random.default_rng(7)
    bank = random.normal(0, sigma, 4 * WIDTH * HEIGHT).astype(np.float32)
    things, at = [], LEARN
    while at < MOST:
        # One or two pass for 3 to 6 s, then all is still for as long; the next ones are of another size, speed and strength.
        length = int(random.integers(15, 30))
        for _ in range(int(random.integers(1, 3))):
            high = int(random.integers(40, 240))
            x, y = random.uniform(0, WIDTH - high), random.uniform(0, HEIGHT - high)
            speed, turn = random.uniform(40, 300) / FPS, random.uniform(0, 2 * np.pi)
            step = speed * np.array([np.cos(turn), 0.3 * np.sin(turn)])
            things.append((at, at + length, high, np.array([x, y]), step, random.choice([0.35, 0.6, 1.0])))
        at += length + int(random.integers(15, 30))
    truth = []

    def picture(n):
        light = 1 + 0.06 * np.sin(n / FPS * 2 * np.pi / 20) if wind else 1
        luma = background.astype(np.float32) * light
        boxes = []
        for first, last, high, place, step, strength in things:
            if first <= n < last:
                x, y = (int(v) for v in place + step * (n - first))
                piece = cv2.resize(patch, (high // 2, high)).astype(np.float32) * light
                x1, y1, x2, y2 = max(x, 0), max(y, 0), min(x + high // 2, WIDTH), min(y + high, HEIGHT)
                if x2 - x1 > 10 and y2 - y1 > 10:
                    there = luma[y1:y2, x1:x2]
                    there += (piece[y1 - y : y2 - y, x1 - x : x2 - x] - there) * strength
                    boxes.append((x1 / WIDTH, y1 / HEIGHT, x2 / WIDTH, y2 / HEIGHT))
        if wind:
            luma = np.roll(luma, tuple(random.integers(-1, 2, 2)), (0, 1))
        start = int(random.integers(0, 3 * WIDTH * HEIGHT))
        luma = luma + bank[start : start + WIDTH * HEIGHT].reshape(HEIGHT, WIDTH)
        truth.append(boxes)
        return np.clip(luma, 16, 235).astype(np.uint8)

    path = folder / f"{name}.mp4"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M", "-maxrate", "4M", "-bufsize", "4M", "-g", str(2 * FPS), str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        grey = bytes([128]) * (WIDTH * HEIGHT // 2)
        for n in range(MOST):
            process.stdin.write(picture(n).tobytes() + grey)
        process.stdin.close()
    return i420(path, "null"), truth, [bool(boxes) for boxes in truth]


def told(boxes, truth, any_there):
    """How many looks with movement there are and were found, how many still ones there are and were told of all the same."""
    moving = [n for n in range(LEARN, len(truth)) if truth[n]]
    still = [n for n in range(LEARN, len(truth)) if not any(any_there[n - FPS : n + 1])]
    found = sum(any(touch(box, thing) for box in boxes[n] for thing in truth[n]) for n in moving)
    parts = sum(any(touch(box, thing) for box in boxes[n]) for n in moving for thing in truth[n])
    false = sum(bool(boxes[n]) for n in still)
    return np.array([found, len(moving), parts, sum(len(truth[n]) for n in moving), false, len(still)])


def measure(name, frames, truth, any_there, folder, totals):
    path = folder / "luma"
    frames = [np.ascontiguousarray(frame[:HEIGHT]) for frame in frames]
    with open(path, "wb") as out:
        out.writelines(frame.data for frame in frames)
    ours = Ours(path)
    rows = {
        "ours": ours.run,
        "Frigate's steps": lambda: theirs(Frigate, frames),
        "MOG2": lambda: theirs(Mog2, frames),
    }
    times, boxes = {who: [] for who in rows}, {}
    for turn in range(ROUNDS):
        for who, run in rows.items():
            # MOG2 takes half a minute a film: once is enough to see by how much.
            if who != "MOG2" or turn == 0:
                us, boxes[who] = run()
                times[who].append(us)
    for who in rows:
        assert len(boxes[who]) == len(frames)
        us, counts = statistics.median(times[who]), told(boxes[who], truth, any_there)
        found, moving, parts, things, false, still = counts
        totals.setdefault(who, []).append((us, counts))
        faster = us / statistics.median(times["ours"])
        print(f"| {name} | {who} | {us:.0f} ({faster:.1f}x) | {found} of {moving} | {parts} of {things} | {false} of {still} |", flush=True)
    ours.close()
    path.unlink()


def summary(totals):
    for who, rows in totals.items():
        us = statistics.median(us for us, _ in rows)
        faster = statistics.median(us / ours for (us, _), (ours, _) in zip(rows, totals["ours"]))
        found, moving, parts, things = sum(counts for _, counts in rows)[:4]
        false, still = sum(counts for _, counts in rows[:SCENES])[4:]
        share = lambda part, whole: f"{100 * part / max(whole, 1):.1f} %"
        print(f"| all | {who} | {us:.0f} ({faster:.1f}x) | {share(found, moving)} | {share(parts, things)} | {share(false, still)} |")


def main():
    model, *videos = sys.argv[1:]
    judge, totals = Judge(model), {}
    print(f"1080p, {FPS} looks a second, medians of {ROUNDS} rounds in turn (MOG2: one), one thread each")
    print("| film | who | us a look | looks with movement found | things found | still looks with a box |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        backgrounds = [np.median([frame[:HEIGHT] for frame in list(film(video))[::12]], axis=0).astype(np.uint8) for video in videos[:2]]
        patch = next(film(videos[-1]))[320:940, 840:1110]
        scenes = {"calm": (0, 2.0, False), "night": (1, 6.0, False), "wind and clouds": (1, 2.0, True), "wind and clouds 2": (0, 3.0, True)}
        for scene, (background, sigma, wind) in scenes.items():
            measure(scene, *composed(scene, backgrounds[background], patch, sigma, wind, folder), folder, totals)
        for video in videos:
            truth, any_there = judged(judge, film(video))
            measure(pathlib.Path(video).stem, film(video), truth, any_there, folder, totals)
    summary(totals)


main()
