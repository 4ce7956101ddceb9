// Is every box on its own frame? For 600 frames of the demo camera the number in the picture's pixels, the PTS that the page
// names, and the box on the overlay canvas are compared. A box that belongs to another frame is `wrong`.
import { answer, base, check, hook, main, newPage, shot, until, withBrowser } from './lib.mjs';
import { giveTools, isDrawn, isExact } from './pixels.mjs';

const FRAMES = Number(process.env.SIGHTLINE_FRAMES ?? 600);
const RENDITION = process.env.SIGHTLINE_RENDITION ?? 'auto';

/** Runs in the page: collects one record for each frame that the browser shows. */
function collect(frames) {
  const { tools } = globalThis;
  const video = document.querySelector('[data-testid=camera-video]');
  const overlay = document.querySelector('[data-testid=overlay-canvas]');
  const parent = video.closest('[data-shown-pts]');

  // Where the picture lies on the overlay's own pixels.
  const onOverlay = () => {
    const picture = tools.pictureOf(video);
    const rect = overlay.getBoundingClientRect();
    const ratio = overlay.width / rect.width;
    return { left: (picture.left - rect.left) * ratio, top: (picture.top - rect.top) * ratio, scale: picture.scale * ratio };
  };

  return new Promise((resolve) => {
    const records = [];
    const onFrame = (_now, metadata) => {
      // The page's own callback for this frame may run after this one; animation frame callbacks run after both, in the same
      // rendering update, before anything is painted.
      requestAnimationFrame(() => {
        const number = tools.readNumber(video, { left: 0, top: 0, scale: 1 });
        const record = { number, media_ms: metadata.mediaTime * 1000, presented: metadata.presentedFrames };
        record.shown = Number(parent.dataset.shownPts || NaN);
        record.overlay = Number(parent.dataset.overlayPts || NaN);
        record.box = number === null ? null : tools.readBox(overlay, onOverlay(), number);
        records.push(record);
        if (records.length >= frames) resolve(records);
        else video.requestVideoFrameCallback(onFrame);
      });
    };
    video.requestVideoFrameCallback(onFrame);
  });
}

/**
 * By how many milliseconds the page has put each frame elsewhere than the camera did. Gaps are closed as they come, so this never
 * grows; a frame that the browser had already gone beyond reads less for that one time: what follows tells the two apart.
 */
function offsets(records) {
  const out = [];
  let largest = -Infinity;
  for (const { number, media_ms } of [...records].reverse()) {
    if (number !== null) largest = Math.max(largest, media_ms - (number * 1000) / 30);
    out.unshift(largest);
  }
  return out;
}

/** What is wrong with a record, in words; `raced`: the browser went on to the next frame between two of our calls. */
function judge(record, offset) {
  if (record.number === null) return 'unreadable';
  if (Math.abs(record.media_ms - (record.number * 1000) / 30 - offset) > 10) return 'raced';
  const pts = record.number * 3000;
  if (record.shown !== pts) return 'wrong shown-pts';
  const drawn = isDrawn(record.box);
  if (Number.isNaN(record.overlay)) return drawn ? 'wrong: a box without a name' : 'unpaired';
  if (record.overlay !== pts) return 'wrong overlay-pts';
  if (!drawn) return 'no box';
  return isExact(record.box) ? 'exact' : 'wrong box';
}

/** Another rendition than the usual one, where asked for, and its first frame. */
async function chooseRendition(page, parent) {
  if (RENDITION === 'auto') return;
  await hook(page, 'rendition-select').selectOption(RENDITION);
  await until(`the rendition ${RENDITION}`, async () => (await parent.getAttribute('data-rendition')) === RENDITION, 30_000);
  await until('its first frame', async () => (await parent.getAttribute('data-shown-pts')) || null);
  await page.waitForTimeout(1500);
}

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser);
    await page.goto(`${base}/cameras/demo`);
    await hook(page, 'camera-video').waitFor();
    const parent = page.locator('[data-shown-pts]').first();
    await until('a first frame', async () => (await parent.getAttribute('data-shown-pts')) || null);
    await chooseRendition(page, parent);
    await giveTools(page);
    const records = await page.evaluate(collect, FRAMES);
    await shot(page, 'exactness');
    const counts = {};
    const examples = [];
    const placed = offsets(records);
    for (const [at, record] of records.entries()) {
      const found = judge(record, placed[at]);
      const verdict = found === 'wrong box' && page.predicted.has(record.number * 3000) ? 'predicted' : found;
      counts[verdict] = (counts[verdict] ?? 0) + 1;
      if (verdict !== 'exact' && examples.length < 12) examples.push({ verdict, ...record });
    }
    const missed = records.at(-1).presented - records[0].presented + 1 - records.length;
    check(page.errors.length === 0, `console errors:\n${page.errors.join('\n')}`);
    const player = await parent.getAttribute('data-player');
    answer({ player, rendition: await parent.getAttribute('data-rendition'), frames: records.length, counts, not_seen_by_callback: missed, examples });
  });
});
