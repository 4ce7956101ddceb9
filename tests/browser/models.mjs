// The models page and what leads there: the list in words, a model pulled and called off, checked on a camera's picture, added from
// a file, removed; the offer on the wall; and the page of a server that cannot run any.
import { answer, axeFaults, base, check, framesAdvance, hook, main, newPage, shot, until, withBrowser } from './lib.mjs';

const env = process.env;
const axe = [];
const card = (page, name) => page.locator(`[data-testid=model][data-model="${name}"]`);
const state = (page, name) => card(page, name).getAttribute('data-state');

/** The server's answers played: every state that a model can be in, and none at all. */
async function inEveryState(page) {
  const model = (name, more) => ({ name, about: 'Finds 80 kinds of things.', labels: ['person', 'car', 'cat', 'dog', 'bus'], layout: 'yolox', input: [416, 416], licence: 'Apache-2.0', url: 'https://example.org/m.onnx', bytes: 3_700_000, ...more });
  const models = [
    model('yolox-nano', { state: 'available' }),
    model('on-its-way', { state: 'pulling', progress: 0.4 }),
    model('here', { state: 'ready', ms: 41.2, batch: 8 }),
    model('broken', { state: 'unusable', reason: 'Its output has the shape 1 x 5 x 7; a detector has 1 x N x (5 + labels) or one of the other layouts in the manual.', url: null }),
  ];
  const told = { runtime: 'ONNX Runtime 1.31.1 (CPU)', reason: null, models };
  // Colours that are on their way from one theme to the other have no contrast that could be judged.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.route('**/api/models', (route) => route.fulfill({ json: told }));
  await page.goto(`${base}/models`);
  await card(page, 'broken').waitFor();
  for (const [width, height, theme] of [[1440, 900, 'dark'], [1440, 900, 'light'], [1024, 768, 'dark'], [390, 844, 'dark'], [390, 844, 'light']]) {
    const name = `models-states-${width}${theme === 'light' ? '-light' : ''}`;
    await page.setViewportSize({ width, height });
    await page.evaluate((theme) => document.documentElement.setAttribute('data-theme', theme), theme);
    axe.push(...(await axeFaults(page, name)));
    await page.screenshot({ path: `${env.SIGHTLINE_ARTIFACTS}/${name}.png`, fullPage: true });
    check(!(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)), `wider than ${width} pixels`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.evaluate(() => document.documentElement.setAttribute('data-theme', 'dark'));
  Object.assign(told, { runtime: null, reason: 'The library is not here. Install it: scripts/setup runtime.' });
  await page.reload();
  await hook(page, 'model-runtime').filter({ hasText: /motion is still looked for/ }).waitFor();
  await shot(page, 'models-no-runtime-1440');
  await page.unroute('**/api/models');
}

/** The offer on the wall leads to a model that is here; declined, it does not come again. */
async function offered(page) {
  await page.goto(`${base}/`);
  const offer = hook(page, 'model-offer');
  await offer.waitFor();
  axe.push(...(await axeFaults(page, 'offer')));
  await shot(page, 'models-offer-1440');
  await page.setViewportSize({ width: 390, height: 844 });
  await shot(page, 'models-offer-390');
  await page.setViewportSize({ width: 1440, height: 900 });
  await hook(page, 'decline-offer').click();
  await offer.waitFor({ state: 'detached' });
  await page.reload();
  await page.getByTestId('camera-tile').first().waitFor();
  await page.waitForTimeout(1500);
  check((await offer.count()) === 0, 'a declined offer came again');
}

/** Chosen in a camera's panel: what it lacks stands there with its mend; what was staged is taken back. */
async function chosen(page) {
  await page.goto(`${base}/cameras/demo`);
  await framesAdvance(page, 'the demo camera');
  await hook(page, 'detect-model').selectOption('yolox-nano');
  await hook(page, 'model-lack').filter({ hasText: /not here yet/ }).waitFor();
  await hook(page, 'detection-panel').scrollIntoViewIfNeeded();
  await shot(page, 'detection-lack-1440');
  await hook(page, 'reset-detection').click();
  check((await hook(page, 'detect-model').inputValue()) === 'motion', 'what was staged stayed');
}

/** Pulled from where the server is told to; what looks can be set to it then. */
async function pulled(page) {
  await page.goto(`${base}/models`);
  await card(page, 'yolox-nano').waitFor();
  check((await state(page, 'yolox-nano')) === 'available', 'yolox-nano is here already');
  await card(page, 'yolox-nano').getByTestId('pull').click();
  await until('yolox-nano is here', async () => (await state(page, 'yolox-nano')) === 'ready', 30_000);
  await shot(page, 'models-pulled-1440');
  await page.goto(`${base}/cameras/demo`);
  const chosen = hook(page, 'detect-model');
  await until('the panel offers it', async () => (await chosen.locator('optgroup[label="Models here"] option').count()) > 0);
  await chosen.selectOption('yolox-nano');
  await hook(page, 'detection-panel').getByRole('button', { name: 'person' }).click();
  await hook(page, 'detection-panel').scrollIntoViewIfNeeded();
  await page.waitForTimeout(300);
  axe.push(...(await axeFaults(page, 'detection')));
  await shot(page, 'detection-1440');
  check((await hook(page, 'model-lack').count()) === 0, 'a model that is here lacks something');
}

/** A file is added, checked and removed. */
async function fromAFile(page) {
  await page.goto(`${base}/models`);
  await hook(page, 'add-model').click();
  await hook(page, 'model-file').setInputFiles(env.MODEL_FILE);
  axe.push(...(await axeFaults(page, 'add a model')));
  await shot(page, 'models-add-1440');
  const name = await page.locator('input[name=model-name]').inputValue();
  await hook(page, 'confirm-add-model').click();
  await until('the model is here', async () => (await state(page, name)) === 'ready');
  await card(page, name).getByTestId('check-model').click();
  const told = hook(page, 'model-check');
  await told.locator('img').waitFor({ timeout: 60_000 });
  const words = await told.innerText();
  axe.push(...(await axeFaults(page, 'check')));
  await shot(page, 'models-check-1440');
  await page.keyboard.press('Escape');
  await card(page, name).getByTestId('remove-model').click();
  await hook(page, 'confirm-delete').click();
  await card(page, name).waitFor({ state: 'detached' });
  // What is no model is refused with a reason, and nothing is kept of it.
  await hook(page, 'add-model').click();
  await hook(page, 'model-file').setInputFiles({ name: 'noise.onnx', mimeType: 'application/octet-stream', buffer: Buffer.alloc(4096, 7) });
  await hook(page, 'confirm-add-model').click();
  const refused = page.getByRole('dialog').getByRole('alert').filter({ hasText: /\w+/ });
  await refused.waitFor();
  const refusal = await refused.innerText();
  await page.keyboard.press('Escape');
  check((await card(page, 'noise').count()) === 0, 'a file that was refused is listed');
  return { name, words, refusal };
}

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser);
    page.expected.push(/status of 4\d\d/);
    await inEveryState(page);
    // Without the library there is nothing to offer, and nothing to try a model with.
    const runs = (await (await page.request.get(`${base}/api/models`)).json()).runtime !== null;
    if (runs) {
      await offered(page);
      await chosen(page);
    }
    const whole = runs && env.MODEL_FILE;
    if (whole) await pulled(page);
    const file = whole ? await fromAFile(page) : null;
    check(page.errors.length === 0, `console errors:\n${page.errors.join('\n')}`);
    answer({ runs, file, axe });
  });
});
