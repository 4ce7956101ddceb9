// Is every box on its own frame? For 600 frames of the demo camera the number in the picture's pixels, the PTS that the page
// names, and the box on the overlay canvas are compared. A box that belongs to another frame is `wrong`.
import { answer, base, check, hook, main, newPage, shot, until, withBrowser } from './lib.mjs';

const FRAMES = Number(process.env.SIGHTLINE_FRAMES ?? 600);

/** Runs in the page: collects one record for each frame that the browser shows. */
function collect({ frames, colour }) {
  const video = document.querySelector('[data-testid=camera-video]');
  const overlay = document.querySelector('[data-testid=overlay-canvas]');
  const picture = video.closest('[data-shown-pts]');
  const canvas = (width, height) => {
    const made = Object.assign(document.createElement('canvas'), { width, height });
    return made.getContext('2d', { willReadFrequently: true });
  };
  const strip = canvas(384, 16);

  // 24 blocks of 16x16 pixels, most significant bit first, white is 1; and whether all are clearly black or white.
  const readNumber = () => {
    strip.drawImage(video, 0, 0, 384, 16, 0, 0, 384, 16);
    const pixels = strip.getImageData(0, 8, 384, 1).data;
    let number = 0;
    for (let bit = 0; bit < 24; bit += 1) {
      const luma = pixels[(bit * 16 + 8) * 4 + 1];
      if (luma > 80 && luma < 176) return null;
      number = number * 2 + (luma >= 176 ? 1 : 0);
    }
    return number;
  };

  // Where a point of the picture lies on the overlay's own pixels, whatever the layout does.
  const placeOn = () => {
    const [v, o] = [video.getBoundingClientRect(), overlay.getBoundingClientRect()];
    const scale = Math.min(v.width / video.videoWidth, v.height / video.videoHeight);
    const left = v.left + (v.width - video.videoWidth * scale) / 2 - o.left;
    const top = v.top + (v.height - video.videoHeight * scale) / 2 - o.top;
    const [sx, sy] = [overlay.width / o.width, overlay.height / o.height];
    return { x: (x) => (left + x * scale) * sx, y: (y) => (top + y * scale) * sy, scale: scale * sx };
  };

  // Distance in pixels of the picture from where an edge should be to where the box's stroke is; null if none is near.
  const reach = 30;
  const readBox = (n) => {
    const square = { x: 100 + ((7 * n) % 1000), y: 300 + Math.round(150 * Math.sin(n / 40)), size: 96 };
    const at = placeOn();
    const [x0, y0] = [Math.floor(at.x(square.x - reach)), Math.floor(at.y(square.y - reach))];
    const width = Math.ceil((square.size + 2 * reach) * at.scale);
    const copy = canvas(width, width);
    copy.drawImage(overlay, -x0, -y0);
    const pixels = copy.getImageData(0, 0, width, width).data;
    const isBox = (x, y) => {
      const i = (y * width + x) * 4;
      if (!(x >= 0 && y >= 0 && x < width && y < width) || pixels[i + 3] < 96) return false;
      return Math.abs(pixels[i] - colour[0]) + Math.abs(pixels[i + 1] - colour[1]) + Math.abs(pixels[i + 2] - colour[2]) < 120;
    };
    // An edge is a line of the box's colour along the middle third of a side.
    const edge = (expected, vertical) => {
      let best = null;
      const [from, to] = [reach + square.size / 3, reach + (2 * square.size) / 3].map((value) => Math.round(value * at.scale));
      for (let line = 0; line < width; line += 1) {
        let count = 0;
        for (let along = from; along < to; along += 1) count += (vertical ? isBox(line, along) : isBox(along, line)) ? 1 : 0;
        const distance = (line + 0.5 - expected) / at.scale;
        if (count > (to - from) / 3 && (best === null || Math.abs(distance) < Math.abs(best))) best = distance;
      }
      return best;
    };
    const right = square.x + square.size;
    const bottom = square.y + square.size;
    return { left: edge(at.x(square.x) - x0, true), right: edge(at.x(right) - x0, true), bottom: edge(at.y(bottom) - y0, false) };
  };

  return new Promise((resolve) => {
    const records = [];
    const onFrame = (_now, metadata) => {
      // The page's own callback for this frame may run after this one; animation frame callbacks run after both, in the same
      // rendering update, before anything is painted.
      requestAnimationFrame(() => {
        const number = readNumber();
        const record = { number, media_ms: metadata.mediaTime * 1000, presented: metadata.presentedFrames };
        record.shown = Number(picture.dataset.shownPts || NaN);
        record.overlay = Number(picture.dataset.overlayPts || NaN);
        record.box = number === null ? null : readBox(number);
        records.push(record);
        if (records.length >= frames) resolve(records);
        else video.requestVideoFrameCallback(onFrame);
      });
    };
    video.requestVideoFrameCallback(onFrame);
  });
}

/** The colour of a label, as shared/src/draw.rs has it. */
function classColour(label) {
  const colours = [0xf0e442, 0x56b4e9, 0xe69f00, 0x3fd69b, 0xff8a5c, 0xe59ac8, 0x7fa8ff, 0xffffff];
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(label)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const colour = colours[hash % colours.length];
  return [colour >> 16, (colour >> 8) & 255, colour & 255];
}

/** The page puts epochs at media times of its own: by how many milliseconds, for most frames. */
function usualOffset(records) {
  const counts = new Map();
  for (const { number, media_ms } of records.filter((record) => record.number !== null)) {
    const offset = Math.round(media_ms - (number * 1000) / 30);
    counts.set(offset, (counts.get(offset) ?? 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1])[0]?.[0] ?? 0;
}

/** What is wrong with a record, in words; `raced`: the browser went on to the next frame between two of our calls. */
function judge(record, offset) {
  if (record.number === null) return 'unreadable';
  if (Math.abs(record.media_ms - (record.number * 1000) / 30 - offset) > 10) return 'raced';
  const pts = record.number * 3000;
  if (record.shown !== pts) return 'wrong shown-pts';
  const near = (distance) => distance !== null && Math.abs(distance) <= 3.5;
  const drawn = Object.values(record.box).some((distance) => distance !== null);
  if (Number.isNaN(record.overlay)) return drawn ? 'wrong: a box without a name' : 'unpaired';
  if (record.overlay !== pts) return 'wrong overlay-pts';
  if (!drawn) return 'no box';
  return near(record.box.left) && near(record.box.right) && near(record.box.bottom) ? 'exact' : 'wrong box';
}

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser);
    await page.goto(`${base}/cameras/demo`);
    await hook(page, 'camera-video').waitFor();
    const player = await until('a first frame', () => page.locator('[data-shown-pts]').first().getAttribute('data-player'));
    const records = await page.evaluate(collect, { frames: FRAMES, colour: classColour('demo') });
    await shot(page, 'exactness');
    const counts = {};
    const examples = [];
    const offset = usualOffset(records);
    for (const record of records) {
      const verdict = judge(record, offset);
      counts[verdict] = (counts[verdict] ?? 0) + 1;
      if (verdict !== 'exact' && examples.length < 12) examples.push({ verdict, ...record });
    }
    const missed = records.at(-1).presented - records[0].presented + 1 - records.length;
    check(page.errors.length === 0, `console errors:\n${page.errors.join('\n')}`);
    answer({ player, frames: records.length, counts, not_seen_by_callback: missed, examples });
  });
});
