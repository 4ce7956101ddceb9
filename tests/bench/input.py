#!/usr/bin/env python3
"""Frames into models, ours beside OpenCV and Python's ONNX Runtime, in turn on the same frames and one thread each.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install numpy opencv-python-headless onnxruntime==1.31.1
    /tmp/venv/bin/python tests/bench/input.py VIDEO [MODEL.onnx]     # e.g. ../shared/media/indoor_man_dog_720p.mp4

1. NV12 to 640x640 planar float32: ours puts a letterbox around it, `cvtColor` and `blobFromImage` stretch it (which is less to do).
   The error is ours against OpenCV doing the same as ours: cvtColor, resize, pad, blobFromImage.
2. With a model (YOLOX-nano): NV12 in, boxes out, over the bare session run; and the same in Python with numpy.
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

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS, FRAMES, TIMES, RUNS, SIZE = 9, 16, 50, 20, 640


def nv12_frames(video):
    """Frames of the video in 1080p as NV12, BT.601 from 16 to 235, as OpenCV converts."""
    capture, frames = cv2.VideoCapture(video), []
    while len(frames) < FRAMES:
        ok, image = capture.read()
        if not ok:
            break
        image = cv2.resize(image, (1920, 1080), interpolation=cv2.INTER_CUBIC)
        i420 = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        height, width = image.shape[:2]
        chroma = i420[height:].reshape(2, -1)
        frames.append(np.concatenate([i420[:height].reshape(-1), chroma.T.reshape(-1)]).reshape(height * 3 // 2, width))
    return frames


def median_us(times, run):
    taken = []
    for n in range(times):
        start = time.perf_counter()
        run(n)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1e6


def letterbox(image, size, centred):
    scale = min(size / image.shape[1], size / image.shape[0])
    width, height = int(image.shape[1] * scale), int(image.shape[0] * scale)
    left, top = ((size - width) // 2, (size - height) // 2) if centred else (0, 0)
    out = np.full((size, size, 3), 114, np.uint8)
    out[top : top + height, left : left + width] = cv2.resize(image, (width, height))
    return out, scale


class Ours:
    def __init__(self, frames, model, folder):
        path = folder / "frames.nv12"
        path.write_bytes(b"".join(frame.tobytes() for frame in frames))
        height, width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
        # Built before the clock runs; SIGHTLINE_BENCH names a program that is.
        cargo = ["cargo", "bench", "--quiet", "-p", "sightline-server", "--bench", "input", "--"]
        built = os.environ.get("SIGHTLINE_BENCH")
        command = ([built] if built else cargo) + [str(path), str(width), str(height)]
        environment = {**os.environ, "SIGHTLINE_MODEL_THREADS": "1"}
        self.process = subprocess.Popen(command + ([model] if model else []), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def ask(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def yolox_in_python(session, frames):
    """What one writes with numpy: cvtColor, letterbox, run, decode, NMS."""
    size = session.get_inputs()[0].shape[2]
    name = session.get_inputs()[0].name
    grids, strides = [], []
    for stride in (8, 16, 32):
        cells = size // stride
        y, x = np.mgrid[0:cells, 0:cells]
        grids.append(np.stack([x, y], -1).reshape(-1, 2))
        strides.append(np.full((cells * cells, 1), stride))
    grid, stride = np.concatenate(grids), np.concatenate(strides)

    def run(n):
        image = cv2.cvtColor(frames[n % len(frames)], cv2.COLOR_YUV2BGR_NV12)
        boxed, scale = letterbox(image, size, centred=False)
        head = session.run(None, {name: boxed.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
        centre, wh = (head[:, :2] + grid) * stride, np.exp(head[:, 2:4]) * stride
        scores = head[:, 4:5] * head[:, 5:]
        best, classes = scores.max(1), scores.argmax(1)
        above = np.flatnonzero(best > 0.35)
        xywh = np.concatenate([centre - wh / 2, wh], 1)[above] / scale
        return cv2.dnn.NMSBoxesBatched(xywh.tolist(), best[above].tolist(), classes[above].tolist(), 0.0, 0.45)

    return run


def prepared_error(ours, frame, folder):
    """Greatest and mean difference of 255 between ours and OpenCV doing the same."""
    ours.ask(f"dump {SIZE} {folder / 'dump'}")
    made = np.fromfile(folder / "dump", np.float32).reshape(3, SIZE, SIZE) * 255
    image = cv2.cvtColor(frame, cv2.COLOR_YUV2BGR_NV12)
    wanted = cv2.dnn.blobFromImage(letterbox(image, SIZE, centred=True)[0], 1.0, (SIZE, SIZE), swapRB=True)[0]
    apart = np.abs(made - wanted)
    return float(apart.max()), float(np.quantile(apart, 0.9999)), float(apart.mean())


def main():
    cv2.setNumThreads(1)
    video, model = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    frames = nv12_frames(video)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ours = Ours(frames, model, folder)

        def blob(n):
            image = cv2.cvtColor(frames[n % len(frames)], cv2.COLOR_YUV2BGR_NV12)
            cv2.dnn.blobFromImage(image, 1 / 255, (SIZE, SIZE), swapRB=True)

        rows = {"prepare: ours": lambda: ours.ask(f"prepare {SIZE}"), "prepare: OpenCV": lambda: median_us(TIMES, blob)}
        if model:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            python = yolox_in_python(session, frames)
            rows |= {
                "model: bare session": lambda: ours.ask("bare"),
                "model: ours, NV12 to boxes": lambda: ours.ask("whole"),
                "model: Python, NV12 to boxes": lambda: median_us(RUNS, python),
            }
        for run in rows.values():
            run()
        results = {name: [] for name in rows}
        for _ in range(ROUNDS):
            for name, run in rows.items():
                results[name].append(run())
        medians = {name: statistics.median(values) for name, values in results.items()}
        height, width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
        greatest, nearly, mean = prepared_error(ours, frames[0], folder)
        print(f"NV12 {width}x{height}, {len(frames)} frames in turn, one thread each, medians of {ROUNDS} rounds in turn, microseconds")
        for name, value in medians.items():
            print(f"  {name:<30} {value:10.0f}")
        print(f"prepare: {medians['prepare: OpenCV'] / medians['prepare: ours']:.1f}x faster than OpenCV; off by {greatest:.2f} of 255 at most,"
              f" {nearly:.2f} in all but one of 10 000, {mean:.2f} on average")
        if model:
            whole = medians["model: ours, NV12 to boxes"]
            print(f"model: {whole / medians['model: bare session']:.3f}x of the bare session, {medians['model: Python, NV12 to boxes'] / whole:.2f}x faster than Python")
            print(json.dumps({"boxes": [ours.ask("boxes"), len(python(0))]}))


main()
