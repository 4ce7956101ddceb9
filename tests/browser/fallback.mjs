// A camera whose codec this browser does not play: the picture comes all the same, and the page says how.
import { answer, base, check, framesAdvance, hook, main, newPage, shot, until, withBrowser } from './lib.mjs';

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser);
    await page.goto(`${base}/cameras/hall`);
    await framesAdvance(page, 'the camera that is encoded for this browser');
    const parent = page.locator('[data-shown-pts]').first();
    const [rendition, codec] = [await parent.getAttribute('data-rendition'), await parent.getAttribute('data-codec')];
    const note = await until('the note', async () => (await hook(page, 'rendition-note').first().textContent()) || null);
    await shot(page, 'fallback-1440');
    // Who chooses the rendition that does not play is told so, and gets back.
    await hook(page, 'rendition-select').selectOption('source');
    const curtain = hook(page, 'curtain');
    await curtain.filter({ hasText: /cannot play/i }).waitFor();
    await hook(page, 'rendition-select').selectOption('auto');
    await curtain.waitFor({ state: 'detached' });
    await framesAdvance(page, 'auto again');
    await page.goto(`${base}/`);
    const wall = page.locator('[data-testid=camera-tile]').first();
    await framesAdvance(wall, 'the wall');
    const tile = await wall.getByTestId('rendition-note').getAttribute('title');
    check(page.errors.length === 0, `console errors:\n${page.errors.join('\n')}`);
    answer({ rendition, codec, note, tile });
  });
});
