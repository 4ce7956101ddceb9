// The timings plot as it is used: stages appear, the ruler goes through them by mouse and by keys, space freezes, dragging
// zooms, a double click goes back, stages are hidden, and what is shown is saved as CSV.
import { readFileSync } from 'node:fs';
import { answer, axeFaults, base, check, framesAdvance, hook, main, newPage, shot, until, withBrowser } from './lib.mjs';

const plotOf = (page) => hook(page, 'timings-plot');
const attribute = (page, name) => plotOf(page).getAttribute(name);

async function stagesAppear(page) {
  const wanted = ['source', 'decode', 'detect', 'track', 'fragment'];
  return until('all stages of the demo camera in the plot', async () => {
    const stages = ((await attribute(page, 'data-stages')) ?? '').split(',');
    return wanted.every((stage) => stages.includes(stage)) && Number(await attribute(page, 'data-samples')) >= 8 ? stages : null;
  });
}

/** Something other than ground is drawn: the share of the canvas' pixels that are coloured. */
const inked = (page) => plotOf(page).locator('canvas').first().evaluate((canvas) => {
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    const [least, most] = [Math.min(pixels[i], pixels[i + 1], pixels[i + 2]), Math.max(pixels[i], pixels[i + 1], pixels[i + 2])];
    if (pixels[i + 3] > 40 && most - least > 40) count += 1;
  }
  return count;
});

async function rulerByMouse(page) {
  await plotOf(page).locator('.u-over').scrollIntoViewIfNeeded();
  const area = await plotOf(page).locator('.u-over').boundingBox();
  await page.mouse.move(area.x + area.width * 0.99, area.y + area.height / 2);
  const legend = hook(page, 'plot-ruler');
  await until('the ruler', async () => (await legend.getAttribute('data-ruled')) === 'true');
  const text = await legend.innerText();
  check(/source/.test(text) && /(ms|µs)/.test(text), `the ruler tells no values: ${text}`);
  return area;
}

async function rulerByKeys(page) {
  const legend = hook(page, 'plot-ruler').locator('.plot-when');
  await page.mouse.move(5, 5);
  await plotOf(page).locator('.plot-canvas').focus();
  await page.keyboard.press('End');
  const newest = await legend.innerText();
  for (let n = 0; n < 4; n += 1) await page.keyboard.press('ArrowLeft');
  const earlier = await legend.innerText();
  check(newest !== earlier, `two seconds earlier the ruler still says ${earlier}`);
  const bars = await hook(page, 'plot-waterfall').locator('li').count();
  check(bars >= 3, `the waterfall has ${bars} bars`);
  await page.keyboard.press('Escape');
  await until('no ruler', async () => (await hook(page, 'plot-ruler').getAttribute('data-ruled')) === 'false');
  return { newest, earlier, bars };
}

async function freezes(page) {
  await page.locator('body').click({ position: { x: 2, y: 300 } });
  await page.keyboard.press(' ');
  await until('frozen', async () => (await attribute(page, 'data-frozen')) === 'true');
  const before = Number(await attribute(page, 'data-samples'));
  await page.waitForTimeout(1600);
  check(Number(await attribute(page, 'data-samples')) === before, 'a frozen plot grows');
  check(await inked(page) > 500, 'a frozen plot shows nothing');
  return before;
}

async function zooms(page, area) {
  const y = area.y + area.height / 2;
  await page.mouse.move(area.x + area.width * 0.9, y);
  await page.mouse.down();
  await page.mouse.move(area.x + area.width * 0.95, y, { steps: 4 });
  await page.mouse.move(area.x + area.width * 0.99, y, { steps: 4 });
  await page.mouse.up();
  await until('zoomed', async () => (await attribute(page, 'data-zoomed')) === 'true');
}

async function csv(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), hook(page, 'plot-csv').click()]);
  check(/^sightline-demo-timings-.*\.csv$/.test(download.suggestedFilename()), download.suggestedFilename());
  const lines = readFileSync(await download.path(), 'utf8').trim().split('\r\n');
  check(lines[0] === 'time_utc,stage,p50_ms,p95_ms,max_ms,out,dropped,causes', lines[0]);
  return lines.slice(1).map((line) => line.split(','));
}

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser, { acceptDownloads: true });
    await page.goto(`${base}/cameras/demo`);
    await framesAdvance(page, 'the demo camera');
    const stages = await stagesAppear(page);
    await until('lines are drawn', async () => (await inked(page)) > 500);
    await until('a sampled frame', async () => (await hook(page, 'plot-waterfall').locator('li').count()) >= 3);
    const area = await rulerByMouse(page);
    await shot(page, 'timings-1440');
    const ruler = await rulerByKeys(page);
    const samples = await freezes(page);
    const all = await csv(page);
    await zooms(page, area);
    const zoomed = await csv(page);
    check(zoomed.length > 0 && zoomed.length < all.length, `zoomed ${zoomed.length} lines of ${all.length}`);
    await plotOf(page).locator('.u-over').dblclick();
    await until('zoomed out', async () => (await attribute(page, 'data-zoomed')) === 'false');
    await plotOf(page).locator('[data-stage=track]').first().click();
    const without = await csv(page);
    check(!without.some((line) => line[1] === 'track'), 'a hidden stage is in the CSV');
    check(all.some((line) => line[1] === 'track' && Number(line[5]) > 0), 'no track in the CSV');
    await hook(page, 'plot-table').locator('summary').click();
    const rows = await hook(page, 'plot-table').locator('tbody tr').count();
    check(rows === stages.length, `the table has ${rows} rows for ${stages.length} stages`);
    await hook(page, 'plot-freeze').click();
    await hook(page, 'plot-scale').click();
    await until('the linear scale is drawn', async () => (await inked(page)) > 500);
    const axe = await axeFaults(page, 'timings');
    for (const width of [1024, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await plotOf(page).scrollIntoViewIfNeeded();
      await page.waitForTimeout(700);
      await shot(page, `timings-${width}`);
      const scrolls = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      check(!scrolls, `the page is wider than ${width} pixels`);
    }
    check(page.errors.length === 0, `console errors:\n${page.errors.join('\n')}`);
    answer({ stages, ruler, samples, lines: all.length, zoomed: zoomed.length, axe });
  });
});
