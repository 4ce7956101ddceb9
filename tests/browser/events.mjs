// Events come onto the page without a reload, newest first, with their pictures; filters are in the address; a moment leads to its
// clip; one is deleted. And how the page looks when there is none, and when the server does not answer.
import { answer, axeFaults, base, check, framesAdvance, hook, main, newPage, shot, until, withBrowser } from './lib.mjs';

const axe = [];
const list = (page) => page.locator('[data-testid=events] [data-testid=event]');

async function empty(page) {
  await page.route(/\/api\/events\?/, (route) => route.fulfill({ json: [] }));
  await page.goto(`${base}/events`);
  await hook(page, 'events-empty').waitFor();
  axe.push(...(await axeFaults(page, 'no events')));
  await shot(page, 'events-empty-1440');
  await page.unroute(/\/api\/events\?/);
  await page.route(/\/api\/events/, (route) => route.abort());
  await page.goto(`${base}/events`);
  await page.getByRole('alert').filter({ hasText: /does not answer/ }).waitFor();
  check(/connecting again/.test(await hook(page, 'events-live').innerText()), 'a page without its stream says that it is live');
  await shot(page, 'events-broken-1440');
  await page.unroute(/\/api\/events/);
}

async function comeByThemselves(page) {
  await page.goto(`${base}/events`);
  await page.evaluate(() => { globalThis.notReloaded = true; });
  await until('events are told live', async () => /as they happen/.test(await hook(page, 'events-live').innerText()));
  const before = await list(page).count();
  await until('an event comes by itself', async () => (await list(page).count()) > before, 60_000);
  const ids = await list(page).evaluateAll((all) => all.map((one) => one.dataset.event));
  check(JSON.stringify(ids) === JSON.stringify([...ids].sort().reverse()), `not newest first: ${ids}`);
  const picture = list(page).locator('img').first();
  await picture.waitFor({ timeout: 60_000 });
  await until('its picture is there', async () => picture.evaluate((image) => image.complete && image.naturalWidth > 8));
  check(await page.evaluate(() => globalThis.notReloaded === true), 'the page was loaded again');
  return ids.length;
}

async function filtered(page) {
  await hook(page, 'events-kind').selectOption('crossed');
  await until('the address has the filter', async () => new URL(page.url()).searchParams.get('kind') === 'crossed');
  await until('crossings alone', async () => {
    const kinds = await list(page).evaluateAll((all) => all.map((one) => one.dataset.kind));
    return kinds.length > 0 && kinds.every((kind) => kind === 'crossed');
  }, 60_000);
  const words = await list(page).first().innerText();
  check(/crossed Kerb, [ab] to [ab]/.test(words), `it says: ${words}`);
  await hook(page, 'events-label').selectOption('demo').catch(() => null);
  await page.reload();
  check((await hook(page, 'events-kind').inputValue()) === 'crossed', 'the filter went with the reload');
  await list(page).first().waitFor();
  await hook(page, 'events-clear').click();
  await until('all again', async () => new URL(page.url()).search === '');
  return words;
}

async function toTheMoment(page) {
  await list(page).first().waitFor();
  await hook(page, 'event-clip').first().click();
  await page.waitForURL(/\/cameras\/demo\?.*clip=/);
  const from = page.locator('input[name=clip-from]');
  await from.waitFor();
  check((await from.inputValue()) !== '' && (await page.locator('input[name=clip-to]').inputValue()) !== '', 'the times are not filled in');
  await framesAdvance(page, 'the camera');
  await hook(page, 'camera-events').locator('[data-testid=event]').first().waitFor();
  await shot(page, 'events-clip-1440');
  await hook(page, 'make-clip').click();
  await hook(page, 'download-clip').waitFor({ timeout: 30_000 });
}

async function deleted(page) {
  await page.goto(`${base}/events`);
  await list(page).first().waitFor();
  const id = await list(page).last().getAttribute('data-event');
  await list(page).last().getByTestId('event-delete').click();
  await hook(page, 'confirm-delete').click();
  await page.locator(`[data-event="${id}"]`).waitFor({ state: 'detached' });
  const left = await (await page.request.get(`${base}/api/events?limit=500`)).json();
  check(left.every((event) => event.id !== id), 'the server has it still');
}

async function looks(browser) {
  for (const [width, height, colorScheme] of [[1440, 900, 'dark'], [1440, 900, 'light'], [1024, 768, 'dark'], [390, 844, 'dark']]) {
    const page = await newPage(browser, { colorScheme, viewport: { width, height } });
    if (colorScheme === 'light') await page.addInitScript(() => localStorage.setItem('sightline.theme', 'light'));
    const name = `events-${width}${colorScheme === 'light' ? '-light' : ''}`;
    await page.goto(`${base}/events`);
    await list(page).first().waitFor();
    await page.waitForTimeout(500);
    axe.push(...(await axeFaults(page, name)));
    await shot(page, name);
    check(!(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)), `wider than ${width} pixels`);
    await page.context().close();
  }
}

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser);
    page.expected.push(/net::ERR_FAILED/, /status of 404/);
    await empty(page);
    const count = await comeByThemselves(page);
    const words = await filtered(page);
    await toTheMoment(page);
    await deleted(page);
    await looks(browser);
    check(page.errors.length === 0, `console errors:\n${page.errors.join('\n')}`);
    answer({ count, words, axe });
  });
});
