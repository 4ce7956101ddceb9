// The system page with a device (its load moves, sessions are named, room is tried), with several, and without one (why, and what to do), at three
// widths in the dark and in the light: nothing jumps, nothing is wider than the screen, axe and the console are silent.
import { answer, axeFaults, base, check, hook, main, newPage, shot, until, withBrowser } from './lib.mjs';

const WIDTHS = [[1440, 900], [1024, 768], [390, 844]];
const device = process.env.DEVICE === '1';
const several = process.env.DEVICE === '2';
const told = { errors: [], axe: [] };

async function whole(page, name) {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: page.viewportSize().width, height: Math.max(height, 300) });
  await page.waitForTimeout(300);
  await shot(page, name);
}

const top = (page) => page.evaluate(() => [...document.querySelectorAll('.system > *')].map((one) => one.getBoundingClientRect().top));

async function withDevice(page) {
  const plot = hook(page, 'load-plot');
  await plot.waitFor();
  await page.evaluate(() => document.fonts.ready.then(() => null));
  const before = await top(page);
  const samples = async () => Number(await plot.getAttribute('data-samples'));
  const first = await until('a history at once', samples, 5_000);
  await plot.locator('canvas').first().waitFor();
  await until('the plot goes on', async () => (await samples()) > first || first === 120, 8_000);
  const after = await top(page);
  check(JSON.stringify(before) === JSON.stringify(after), `the page jumps: ${before} to ${after}`);
  told.history = first;
}

/** Two devices, and one that cannot be used. */
async function withSeveral(page) {
  const cards = hook(page, 'device');
  await until('both devices', async () => (await cards.count()) === 2);
  const plots = hook(page, 'load-plot');
  await until('a plot each', async () => (await plots.locator('canvas').count()) >= 2);
  told.devices = await cards.allInnerTexts();
  told.unusable = await hook(page, 'unusable-device').allInnerTexts();
}

/** What a person does with a device, by keyboard where a mouse would do. */
async function use(page) {
  const sessions = hook(page, 'sessions').locator('tbody tr');
  await sessions.first().waitFor();
  told.sessions = await sessions.allInnerTexts();
  await hook(page, 'try-room').focus();
  await page.keyboard.press('Enter');
  told.room = await until('room is told', async () => {
    const text = await hook(page, 'room-told').innerText();
    return / more could be opened/.test(text) && text;
  });
  const plot = hook(page, 'load-plot');
  await plot.getByRole('group', { name: /^Load over/ }).focus();
  await page.keyboard.press('Home');
  told.spoken = await until('the ruler speaks', async () => plot.locator('[aria-live=polite]').innerText());
  await page.keyboard.press('Escape');
  const button = plot.getByRole('button', { name: 'GPU' });
  await button.click();
  check((await button.getAttribute('aria-pressed')) === 'false', 'a line can be hidden');
  await button.click();
  await plot.getByText('As a table').click();
  told.table = await plot.locator('tbody tr').allInnerTexts();
  await plot.getByText('As a table').click();
  // Away and back again: the same two minutes, at once.
  await page.getByRole('link', { name: 'Clips' }).first().click();
  await page.waitForURL('**/clips');
  await page.goBack();
  const begun = Date.now();
  await until('the plot is there again', async () => Number(await plot.getAttribute('data-samples')) > 0);
  told.again_ms = Date.now() - begun;
}

await main(() => withBrowser(async (browser) => {
  for (const colorScheme of ['dark', 'light']) {
    const page = await newPage(browser, { colorScheme });
    await page.addInitScript((theme) => localStorage.setItem('sightline.theme', theme), colorScheme);
    for (const [width, height] of WIDTHS) {
      const name = `system-${several ? 'several' : device ? 'device' : 'none'}-${colorScheme}-${width}`;
      page.step = name;
      await page.setViewportSize({ width, height });
      await page.goto(`${base}/system`);
      if (device) {
        await withDevice(page);
        if (colorScheme === 'dark' && width === 1440) await use(page);
      } else if (several) {
        await withSeveral(page);
      } else {
        await hook(page, 'no-device').waitFor();
        told.none = await hook(page, 'no-device').innerText();
        check((await hook(page, 'load-plot').count()) === 0, 'there is nothing to plot');
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      check(wide <= width, `${name} is ${wide} pixels wide`);
      told.axe.push(...(await axeFaults(page, name)));
      await whole(page, name);
    }
    if (several && colorScheme === 'dark') {
      page.step = 'bus';
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.goto(`${base}/cameras/pinned`);
      const panel = page.locator('details', { has: page.getByRole('heading', { name: 'Device', exact: true }) });
      await panel.locator('summary').click();
      told.bus = await until('looks are counted', async () => {
        const text = await hook(page, 'bus').innerText();
        return /Looks to the host\s+[1-9]/.test(text) && text;
      });
      told.axe.push(...(await axeFaults(page, 'bus')));
      await whole(page, 'bus');
    }
    told.errors.push(...page.errors);
    await page.context().close();
  }
  answer(told);
}));
