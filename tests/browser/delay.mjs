// When is each frame on screen? Gives (epoch, PTS, time) of every frame shown for a while: live-video.md's measure is the
// time from the camera's send() to requestVideoFrameCallback's expectedDisplayTime.
import { answer, base, hook, main, newPage, until, withBrowser } from './lib.mjs';

const SECONDS = Number(process.env.SIGHTLINE_SECONDS ?? 20);
const CAMERA = process.env.SIGHTLINE_CAMERA ?? 'demo';
const SETTLE = Number(process.env.SIGHTLINE_SETTLE ?? 10);

function collect(seconds) {
  const video = document.querySelector('[data-testid=camera-video]');
  return new Promise((resolve) => {
    const frames = [];
    const end = performance.now() + seconds * 1000;
    const onFrame = (now, metadata) => {
      // The page names the frame in its own callback, which may run after this one and before animation frame callbacks.
      requestAnimationFrame(() => {
        const pts = Number(video.closest('[data-shown-pts]').dataset.shownPts || NaN);
        frames.push([pts, performance.timeOrigin + metadata.expectedDisplayTime, metadata.presentedFrames]);
      });
      if (now < end) video.requestVideoFrameCallback(onFrame);
      else {
        const quality = video.getVideoPlaybackQuality();
        resolve({ frames, dropped: quality.droppedVideoFrames, total: quality.totalVideoFrames });
      }
    };
    video.requestVideoFrameCallback(onFrame);
  });
}

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser);
    await page.goto(`${base}/cameras/${CAMERA}`);
    await hook(page, 'camera-video').waitFor();
    await until('frames', async () => (await page.locator('[data-shown-pts]').first().getAttribute('data-shown-pts')) || null);
    // The player needs some seconds to steer to its target.
    await page.waitForTimeout(SETTLE * 1000);
    const settled = await page.evaluate(collect, SECONDS);
    const parent = page.locator('[data-shown-pts]').first();
    const page_says = await parent.evaluate((element) => ({ ...element.dataset }));
    answer({ player: page_says.player, ...settled, page_says, errors: page.errors });
  });
});
