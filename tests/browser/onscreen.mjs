// The same question asked of the screen: video and overlay as the compositor put them together. requestVideoFrameCallback
// may come a vsync late, and the overlay with it: what it says is no proof of what is seen.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { answer, artifacts, base, hook, main, newPage, until, withBrowser } from './lib.mjs';
import { giveTools, isDrawn, isExact } from './pixels.mjs';

const SECONDS = Number(process.env.SIGHTLINE_SECONDS ?? 20);

/** Runs in a second page: reads number and box out of a picture of the first. */
async function read([png, picture]) {
  const { tools } = globalThis;
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const number = tools.readNumber(image, picture);
  if (number === null) return { number };
  return { number, boxes: [0, -1, 1, -2].map((off) => [off, tools.readBox(image, picture, number + off)]) };
}

/** How many frames the box is behind (-1: of the frame before), or a word. */
function judge({ number, boxes }) {
  if (number === null) return 'unreadable';
  const match = boxes.find(([, box]) => isExact(box));
  if (match) return match[0] === 0 ? 'exact' : `box of frame n${match[0] > 0 ? '+' : ''}${match[0]}`;
  return boxes.some(([, box]) => isDrawn(box)) ? 'box elsewhere' : 'no box';
}

async function screenshots(page) {
  const client = await page.context().newCDPSession(page);
  const pictures = [];
  client.on('Page.screencastFrame', ({ data, sessionId }) => {
    pictures.push(data);
    client.send('Page.screencastFrameAck', { sessionId }).catch(() => {});
  });
  await client.send('Page.startScreencast', { format: 'png', everyNthFrame: 1 });
  await page.waitForTimeout(SECONDS * 1000);
  await client.send('Page.stopScreencast');
  return pictures;
}

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser, { viewport: { width: 1440, height: 900 } });
    await page.goto(`${base}/cameras/demo`);
    await hook(page, 'camera-video').waitFor();
    await until('a first frame', async () => (await page.locator('[data-shown-pts]').first().getAttribute('data-shown-pts')) || null);
    await page.waitForTimeout(3000);
    // A label may lie over the blocks of the number.
    await page.keyboard.press('l');
    await giveTools(page);
    const picture = await page.evaluate(() => globalThis.tools.pictureOf(document.querySelector('[data-testid=camera-video]')));
    const pictures = await screenshots(page);
    await page.goto('about:blank');
    await giveTools(page);
    const counts = {};
    for (const png of pictures) {
      const record = await page.evaluate(read, [png, picture]);
      const found = judge(record);
      const verdict = found.startsWith('box') && page.predicted.has(record.number * 3000) ? 'predicted' : found;
      counts[verdict] = (counts[verdict] ?? 0) + 1;
      // The first of each kind is kept, to be looked at.
      if (counts[verdict] === 1) writeFileSync(path.join(artifacts, `onscreen-${verdict.replaceAll(' ', '-')}.png`), Buffer.from(png, 'base64'));
    }
    answer({ pictures: pictures.length, counts });
  });
});
