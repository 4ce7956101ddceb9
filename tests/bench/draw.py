#!/usr/bin/env python3
"""Ten labelled boxes on a 1080p picture: ours, OpenCV in place, OpenCV on NV12 by way of BGR, Pillow; in turn, medians of CPU time.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install numpy opencv-python-headless pillow
    /tmp/venv/bin/python tests/bench/draw.py            # builds and runs `cargo bench --bench draw` for ours
"""
import json
import pathlib
import statistics
import subprocess
import time

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = pathlib.Path(__file__).resolve().parents[2]
FONT = ROOT / "server/src/draw/inter-600.ttf"
WIDTH, HEIGHT, ROUNDS, TIMES = 1920, 1080, 3, 100
LABELS = ["person", "car", "bicycle", "dog", "bus"]
cv2.setNumThreads(1)


def boxes(frame):
    """The boxes of server/benches/draw.rs."""
    for k in range(10):
        x, y = 60 + 370 * (k % 5) + frame % 8, 90 + 500 * (k // 5)
        yield x, y, x + 200, y + 320, f"{LABELS[k % 5]} {50 + (frame + k) % 50}%"


def draw_cv(picture, frame):
    for x1, y1, x2, y2, text in boxes(frame):
        cv2.rectangle(picture, (x1, y1), (x2, y2), (66, 228, 240), 3)
        (w, h), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 2)
        cv2.rectangle(picture, (x1 - 2, y1 - h - 14), (x1 + w + 14, y1 - 2), (20, 17, 14), -1)
        cv2.putText(picture, text, (x1 + 6, y1 - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (66, 228, 240), 2, cv2.LINE_AA)


def opencv_in_place():
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    return lambda frame: draw_cv(picture, frame)


def opencv_through_bgr():
    nv12 = np.full((HEIGHT * 3 // 2, WIDTH), 90, np.uint8)

    def run(frame):
        picture = cv2.cvtColor(nv12, cv2.COLOR_YUV2BGR_NV12)
        draw_cv(picture, frame)
        cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)

    return run


def pillow():
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    font = ImageFont.truetype(str(FONT), 23)

    def run(frame):
        image = Image.fromarray(picture)
        canvas = ImageDraw.Draw(image)
        for x1, y1, x2, y2, text in boxes(frame):
            canvas.rectangle((x1, y1, x2, y2), outline=(240, 228, 66), width=3)
            left, top, right, bottom = canvas.textbbox((x1 + 6, y1 - 30), text, font=font)
            canvas.rectangle((left - 6, top - 4, right + 6, bottom + 4), fill=(14, 17, 20))
            canvas.text((x1 + 6, y1 - 30), text, fill=(240, 228, 66), font=font)
        np.asarray(image)

    return run


def measure(run):
    times = []
    for frame in range(TIMES):
        start = time.thread_time()
        run(frame)
        times.append(time.thread_time() - start)
    return statistics.median(times) * 1e6


def ours():
    """Microseconds of processor time, as `draw` prints them with --cpu."""
    command = ["cargo", "bench", "--quiet", "-p", "sightline-server", "--bench", "draw", "--", "--cpu"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return json.loads(told.strip().splitlines()[-1])


def main():
    anchors = {"OpenCV in place": opencv_in_place(), "OpenCV through BGR": opencv_through_bgr(), "Pillow": pillow()}
    results = {}
    for _ in range(ROUNDS):
        for name, value in ours().items():
            results.setdefault(name, []).append(value)
        for name, run in anchors.items():
            results.setdefault(name, []).append(measure(run))
    medians = {name: statistics.median(values) for name, values in results.items()}
    base = medians["ours, NV12"]
    print(f"| 10 labelled boxes, 1080p | us of CPU, median of {ROUNDS} rounds | against ours |\n|---|---|---|")
    for name, value in medians.items():
        print(f"| {name} | {value:.0f} | {value / base:.1f}x |")


main()
