// A clip by key and by button, its download, the page of clips: played from the asked frame on, renamed, deleted. Screenshots at three
// widths, in the dark and in the light.
import { answer, axeFaults, base, check, framesAdvance, hook, main, newPage, shot, step, until, withBrowser } from './lib.mjs';
import { giveTools } from './pixels.mjs';

const WIDTHS = [[1440, 900], [1024, 768], [390, 844]];
const axe = [];

async function byKey(page) {
  await page.goto(`${base}/cameras/demo`);
  await framesAdvance(page, 'the demo camera');
  // Some seconds have to be kept first.
  await page.waitForTimeout(3000);
  await page.keyboard.press('c');
  await hook(page, 'made-clip').waitFor();
  const link = hook(page, 'download-clip');
  await link.waitFor();
  axe.push(...(await axeFaults(page, 'clip done')));
}

/** A clip of the last 10 s, which begins between two key frames as a rule; its id and the name of its download. */
async function byButton(page) {
  await page.getByLabel('Last 10 s').check({ force: true });
  const before = await hook(page, 'download-clip').getAttribute('href');
  await hook(page, 'make-clip').click();
  await until('another clip', async () => {
    const link = hook(page, 'download-clip');
    return (await link.count()) === 1 && (await link.getAttribute('href')) !== before;
  });
  const [download] = await Promise.all([page.waitForEvent('download'), hook(page, 'download-clip').click()]);
  return { id: (await hook(page, 'download-clip').getAttribute('href')).split('/')[3], name: download.suggestedFilename() };
}

async function byTime(page) {
  await page.getByLabel('From, to').check({ force: true });
  const from = page.locator('input[name=clip-from]');
  await until('what is kept is filled in', async () => (await from.inputValue()) !== '');
  const before = await hook(page, 'download-clip').getAttribute('href');
  await hook(page, 'make-clip').click();
  await until('a clip of that time', async () => {
    const link = hook(page, 'download-clip');
    return (await link.count()) === 1 && (await link.getAttribute('href')) !== before;
  });
}

/** The number of the frame that the film shows at time 0, and how far it plays. */
async function played(page, id) {
  const card = page.locator(`[data-testid=clip][data-clip="${id}"]`);
  await card.waitFor();
  const picture = card.locator('img');
  await until('the picture has come', () => picture.evaluate((img) => img.complete && img.naturalWidth > 0));
  await card.getByTestId('play-clip').click();
  const video = card.getByTestId('clip-video');
  await until('it plays', () => video.evaluate((v) => v.currentTime > 0.5 && v.videoWidth === 1280));
  await giveTools(page);
  const first = await video.evaluate(async (v) => {
    v.pause();
    v.currentTime = 0;
    await new Promise((resolve) => v.addEventListener('seeked', resolve, { once: true }));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return globalThis.tools.readNumber(v, { left: 0, top: 0, scale: 1 });
  });
  const duration = await video.evaluate((v) => v.duration);
  return { first, duration };
}

async function renamed(page, id) {
  const card = page.locator(`[data-testid=clip][data-clip="${id}"]`);
  await card.getByTestId('rename-clip').click();
  await page.locator('input[name=clip-name]').fill('The thief');
  await hook(page, 'confirm-rename').click();
  await card.getByRole('heading', { name: 'The thief' }).waitFor();
}

async function deleted(page, id) {
  const card = page.locator(`[data-testid=clip][data-clip="${id}"]`);
  await card.getByTestId('delete-clip').click();
  axe.push(...(await axeFaults(page, 'delete clip')));
  await shot(page, 'clip-delete-1440');
  await hook(page, 'confirm-delete').click();
  await card.waitFor({ state: 'detached' });
}

async function looks(browser, state, errors) {
  for (const colorScheme of ['dark', 'light']) {
    const page = await newPage(browser, { colorScheme, storageState: state });
    for (const [width, height] of WIDTHS) {
      await page.setViewportSize({ width, height });
      await page.goto(`${base}/clips`);
      await page.locator('[data-testid=clip] img').first().waitFor();
      await until('pictures', () => page.locator('[data-testid=clip] img').evaluateAll((all) => all.every((img) => img.complete)));
      axe.push(...(await axeFaults(page, `clips ${colorScheme} ${width}`)));
      await shot(page, `clips-${colorScheme}-${width}`);
      check(!(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)), `the clips page is wider than ${width}`);
    }
    errors.push(...page.errors);
    await page.context().close();
  }
}

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser);
    await page.goto(`${base}/clips`);
    await hook(page, 'clips-empty').waitFor();
    axe.push(...(await axeFaults(page, 'no clips')));
    await shot(page, 'clips-empty-1440');
    await step(page, 'key', () => byKey(page));
    await shot(page, 'clip-done-1440');
    await page.waitForTimeout(8000);
    const { id, name } = await step(page, 'button', () => byButton(page));
    await step(page, 'time', () => byTime(page));
    await hook(page, 'made-clip').scrollIntoViewIfNeeded();
    await shot(page, 'clip-between-1440');
    await page.goto(`${base}/clips`);
    const film = await step(page, 'play', () => played(page, id));
    await shot(page, 'clips-playing-1440');
    await step(page, 'rename', () => renamed(page, id));
    const errors = [];
    await step(page, 'looks', async () => looks(browser, await page.context().storageState(), errors));
    // The newest: the film of the one that was played is asked for by the test that has started this.
    const others = await page.getByTestId('clip').evaluateAll((all) => all.map((one) => one.dataset.clip));
    await step(page, 'delete', () => deleted(page, others[0]));
    errors.push(...page.errors);
    answer({ id, name, film, left: await page.getByTestId('clip').count(), axe, errors });
  });
});
