#!/usr/bin/env python3
"""Makes heads.json and frames.json: what the reference, detect.py, says of twenty frames and of three models' raw outputs.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install numpy opencv-python-headless onnxruntime
    /tmp/venv/bin/python tests/models/reference.py ../shared

The figures are committed, so that the tests need neither Python nor, for heads.json, any weights. Of a raw output only the rows
that say something are kept; what the reference makes of the others (nothing) was made of the same rows.
"""
import importlib.util
import json
import pathlib
import sys

import cv2
import numpy as np
import onnxruntime as ort

SHARED = pathlib.Path(sys.argv[1]).resolve()
HERE = pathlib.Path(__file__).resolve().parent
SCORE, IOU = 0.35, 0.45
MODELS = [("yolox_nano_416x416", "yolox"), ("yoloxnano_as_v8_416", "v8"), ("yoloxnano_end2end_416", "end2end")]
FRAMES = {
    "car-detection.mp4": [60, 200, 230, 260],
    "one-by-one-person-detection.mp4": [60, 150, 300, 420],
    "indoor_man_dog_720p.mp4": [5, 40, 80, 120],
    "bottle-detection.mp4": [20, 100, 200],
    "street_roof_320x240_60fps.mp4": [30, 120],
    "portrait_4k60.mp4": [5],
    "long_1080p_lowbitrate.mp4": [30],
    "nasa_13013.mp4": [60],
}

spec = importlib.util.spec_from_file_location("detect", SHARED / "reference/detect.py")
detect = importlib.util.module_from_spec(spec)
spec.loader.exec_module(detect)


def boxes(session, layout, image, size):
    """What detect.py prints, unrounded: class, score, corners in pixels of the picture."""
    if layout == "end2end":
        boxed, scale, left, top = detect.letterbox(image, size, centred=True)
        rows = detect.run(session, boxed[:, :, ::-1].transpose(2, 0, 1)[None] / 255.0)[0]
        corners, best, classes = rows[:, :4], rows[:, 4], rows[:, 5].astype(int)
        keep = np.flatnonzero(best > SCORE)
    else:
        decode = detect.decode_yolox if layout == "yolox" else detect.decode_v8
        corners, scores, (scale, left, top) = decode(session, image, size)
        best, classes = scores.max(1), scores.argmax(1)
        above = np.flatnonzero(best > SCORE)
        xywh = [[float(a), float(b), float(c - a), float(d - b)] for a, b, c, d in corners[above]]
        keep = above[np.array(cv2.dnn.NMSBoxesBatched(xywh, best[above].tolist(), classes[above].tolist(), 0.0, IOU), int)]
    found = []
    for i in sorted(keep, key=lambda i: -best[i]):
        place = (corners[i] - [left, top, left, top]) / scale
        found.append([int(classes[i]), round(float(best[i]), 5), *(round(float(v), 3) for v in place)])
    return found


def sparse(head, layout):
    """The rows of a raw output (columns, for v8) that say something, and how the others are told."""
    rows = head.T if layout == "v8" else head
    sure = rows[:, 4] if layout != "v8" else rows[:, 4:].max(1)
    keep = np.flatnonzero(sure > 0.3)
    return [[int(i), [float(np.float32(v)) for v in np.round(rows[i], 5)]] for i in keep]


def main():
    sessions = {layout: ort.InferenceSession(str(SHARED / f"models/{name}.onnx"), providers=["CPUExecutionProvider"]) for name, layout in MODELS}
    size = 416
    frames = []
    for video, numbers in FRAMES.items():
        capture = cv2.VideoCapture(str(SHARED / "media" / video))
        fps = capture.get(cv2.CAP_PROP_FPS)
        for number in numbers:
            # A quarter of a frame before it: the reference rounds to the nearest frame, ours takes the next.
            seconds = round((number - 0.25) / fps, 4)
            image = detect.frame_at(str(SHARED / "media" / video), seconds)
            found = {layout: boxes(session, layout, image, size) for layout, session in sessions.items()}
            frames.append({"video": video, "seconds": seconds, "size": [image.shape[1], image.shape[0]], **found})
            print(video, number, [len(one) for one in found.values()])
    (HERE / "frames.json").write_text("[\n" + ",\n".join(json.dumps(one) for one in frames) + "\n]\n")
    image = detect.frame_at(str(SHARED / "media/indoor_man_dog_720p.mp4"), 80 / 30)
    heads = []
    for name, layout in MODELS:
        raw = {}
        real = detect.run
        detect.run = lambda session, tensor: raw.setdefault("head", real(session, tensor))
        boxes(sessions[layout], layout, image, size)
        head = raw["head"][0]
        rows = sparse(head, layout)
        thin = np.zeros_like(head)
        if layout == "yolox":
            thin[:, 4] = -1.0
        for i, row in rows:
            if layout == "v8":
                thin[:, i] = row
            else:
                thin[i] = row
        detect.run = lambda session, tensor: thin[None].copy()
        heads.append({"layout": layout, "shape": list(head.shape), "rows": rows, "boxes": boxes(sessions[layout], layout, image, size)})
        detect.run = real
    (HERE / "heads.json").write_text(json.dumps({"size": [image.shape[1], image.shape[0]], "heads": heads}) + "\n")


main()
