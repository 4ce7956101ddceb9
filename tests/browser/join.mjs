// How long from asking for a camera's stream to its first frame on screen? Opens the camera page again and again; the clock
// starts when the page makes the live WebSocket.
import { answer, base, main, newPage, withBrowser } from './lib.mjs';

const TIMES = Number(process.env.SIGHTLINE_TIMES ?? 30);
const CAMERA = process.env.SIGHTLINE_CAMERA ?? 'demo';

/** Runs before the page's own scripts. */
function watch() {
  const Native = globalThis.WebSocket;
  globalThis.WebSocket = class extends Native {
    constructor(...rest) {
      globalThis.joinStarted ??= performance.now();
      super(...rest);
    }
  };
  const seen = () => {
    const video = document.querySelector('[data-testid=camera-video]');
    if (!video?.requestVideoFrameCallback) return requestAnimationFrame(seen);
    video.requestVideoFrameCallback((_now, metadata) => {
      globalThis.joinTook = metadata.expectedDisplayTime - globalThis.joinStarted;
    });
    return undefined;
  };
  addEventListener('DOMContentLoaded', () => requestAnimationFrame(seen));
}

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser);
    await page.addInitScript(watch);
    const took = [];
    for (let n = 0; n < TIMES; n += 1) {
      await page.goto(`${base}/cameras/${CAMERA}`);
      await page.waitForFunction(() => globalThis.joinTook !== undefined, undefined, { polling: 50 });
      took.push(await page.evaluate(() => globalThis.joinTook));
      await page.waitForTimeout(137 + 61 * (n % 17));
    }
    answer({ took, errors: page.errors });
  });
});
