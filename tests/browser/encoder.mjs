// The encoder panel as it is used: a bitrate and a preset are staged and applied while the demo camera plays. The page is not
// loaded again, the picture goes on, and what the server measures follows what was asked.
import { answer, axeFaults, base, check, framesAdvance, hook, main, newPage, shot, until, withBrowser } from './lib.mjs';

const result = (page) => hook(page, 'encoder-result');
const spark = (page, name) => hook(page, 'encoder-spark').getAttribute(name).catch(() => null);

async function apply(page, words) {
  await hook(page, 'apply-encoder').click();
  await result(page).filter({ hasText: words }).waitFor();
  return result(page).innerText();
}

/** What is asked for is for 30 frames a second: a machine that is too busy leaves frames out before it encodes them. */
async function fairly(page, asked) {
  const camera = await (await page.request.get(`${base}/api/cameras/demo`)).json();
  const main = camera.renditions.find((info) => info.rendition === 'main');
  return (asked * Math.min(main?.fps ?? 30, 30)) / 30;
}

/**
 * The measured bitrate, once it has come near what was asked for. The demo camera's street can use more than is asked for
 * here; beyond what a picture can use, a constant bitrate is not reached, since nothing is filled up.
 */
async function follows(page, asked) {
  await until(`${asked} bits a second are asked for`, async () => Number(await spark(page, 'data-asked')) === asked, 20_000);
  const start = Date.now();
  await until(`about ${asked} bits a second`, async () => Math.abs(Number(await spark(page, 'data-measured')) / (await fairly(page, asked)) - 1) < 0.15, 20_000);
  const took_ms = Date.now() - start;
  let measured = 0;
  for (let n = 0; n < 5; n += 1) {
    await page.waitForTimeout(800);
    measured += ((Number(await spark(page, 'data-measured')) * asked) / (await fairly(page, asked))) / 5;
  }
  return { asked, measured, took_ms };
}

async function refusedAtTheField(page) {
  await hook(page, 'encoder-more').locator('summary').click();
  const more = hook(page, 'encoder-more');
  await more.locator('#encoder-gop').fill('1.5');
  await hook(page, 'apply-encoder').click();
  const gop = more.locator('[data-field=gop] .encoder-told');
  await gop.filter({ hasText: /whole number/i }).waitFor();
  await more.locator('#encoder-gop').fill('');
  // Only the server knows that these two contradict each other.
  await more.locator('#encoder-rate_control').selectOption('vbr');
  await more.locator('#encoder-max_bitrate').fill('0.1');
  await hook(page, 'apply-encoder').click();
  const maximum = more.locator('[data-field=max_bitrate] .encoder-told.fault');
  await maximum.waitFor();
  const words = await maximum.innerText();
  await hook(page, 'encoder-panel').scrollIntoViewIfNeeded();
  await shot(page, 'encoder-refused-1440');
  const disabled = await more.locator('[data-field=quality] input').isDisabled();
  check(disabled, 'a quality can be typed that no bitrate takes');
  await hook(page, 'reset-encoder').click();
  await more.locator('summary').click();
  return words;
}

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser);
    await page.goto(`${base}/cameras/demo`);
    await framesAdvance(page, 'the demo camera');
    await page.evaluate(() => { globalThis.notReloaded = true; });
    const parent = page.locator('[data-shown-pts]').first();
    check((await parent.getAttribute('data-rendition')) === 'source', 'the demo camera is not shown as it is sent');
    await until('the encoder says what it can do', async () => hook(page, 'preset-select').isEnabled());
    await hook(page, 'preset-select').selectOption('p1');
    await hook(page, 'bitrate-input').fill('0.5');
    const first = await apply(page, /Kept|Applied|New session/);
    await until('the viewer is moved to main', async () => (await parent.getAttribute('data-rendition')) === 'main', 20_000);
    await framesAdvance(page, 'main');
    const bitrates = [await follows(page, 500_000)];
    await hook(page, 'bitrate-input').fill('350k');
    const live = await apply(page, /Applied live/);
    bitrates.push(await follows(page, 350_000));
    await framesAdvance(page, 'main at another bitrate');
    await hook(page, 'preset-select').selectOption('p2');
    const restarted = await apply(page, /New session/);
    await framesAdvance(page, 'main of another encoder');
    bitrates.push(await follows(page, 350_000));
    await hook(page, 'encoder-panel').scrollIntoViewIfNeeded();
    await shot(page, 'encoder-1440');
    const axe = await axeFaults(page, 'encoder');
    const refusal = await refusedAtTheField(page);
    await hook(page, 'key-frame').click();
    await result(page).filter({ hasText: /key frame/i }).waitFor();
    const stages = (await hook(page, 'timings-plot').getAttribute('data-stages')).split(',');
    check(stages.includes('encode'), `no encode in the plot: ${stages}`);
    check(await page.evaluate(() => globalThis.notReloaded === true), 'the page was loaded again');
    for (const width of [1024, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await hook(page, 'encoder-panel').scrollIntoViewIfNeeded();
      await shot(page, `encoder-${width}`);
      check(!(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)), `the page is wider than ${width} pixels`);
    }
    await framesAdvance(page, 'in the end');
    // The server's refusal of a patch is an answer with an error status, which Chromium writes a line for.
    const errors = page.errors.filter((line) => !/status of 4(00|22)/.test(line));
    check(errors.length === 0, `console errors:\n${errors.join('\n')}`);
    answer({ first, live, restarted, refusal, bitrates, stages, axe });
  });
});
