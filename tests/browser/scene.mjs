// Layers are switched one by one and what is drawn follows; zones are drawn by mouse and by keyboard alone, refused with the reason
// at the shape, saved, and there after a reload.
import { answer, axeFaults, base, check, framesAdvance, hook, main, newPage, shot, until, withBrowser } from './lib.mjs';

const axe = [];
const api = async (page, path) => (await page.request.get(`${base}/api${path}`)).json();
const zones = async (page) => (await api(page, '/cameras/demo')).zones;

/** Pixels of the overlay that are painted, and those of a colour among them. */
const painted = (page, colour) => hook(page, 'overlay-canvas').first().evaluate((canvas, colour) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let [any, ours] = [0, 0];
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] === 0) continue;
    any += 1;
    ours += colour && Math.abs(data[i] - colour[0]) + Math.abs(data[i + 1] - colour[1]) + Math.abs(data[i + 2] - colour[2]) < 12 ? 1 : 0;
  }
  return { any, ours };
}, colour);

const ZONE = [0xd0, 0xd8, 0xe0];

/** Each layer alone, by its key: it paints, and without it nothing is painted. */
async function layersOneByOne(page) {
  await page.goto(`${base}/cameras/demo?layers=none`);
  await framesAdvance(page, 'the demo camera');
  await until('nothing is drawn without layers', async () => (await painted(page)).any === 0);
  const told = {};
  for (const [key, name] of [['b', 'boxes'], ['l', 'labels'], ['s', 'scores'], ['i', 'ids'], ['t', 'trails'], ['z', 'zones']]) {
    await page.keyboard.press(key);
    check(await hook(page, `layer-${name}`).isChecked(), `key ${key} does not switch ${name} on`);
    check(new URL(page.url()).searchParams.get('layers') === name, `the address says ${page.url()}`);
    told[name] = await until(`${name} are drawn`, async () => (await painted(page, ZONE)).any);
    if (name === 'zones') check((await painted(page, ZONE)).ours > 50, 'zones are not drawn in their colour');
    await page.keyboard.press(key);
    await until(`${name} are gone`, async () => (await painted(page)).any === 0);
  }
  // Remembered for the next visit, and an address that says something comes first.
  await hook(page, 'layer-boxes').check();
  await page.goto(`${base}/cameras/demo`);
  check(await hook(page, 'layer-boxes').isChecked() && !(await hook(page, 'layer-labels').isChecked()), 'the layers were forgotten');
  await page.goto(`${base}/cameras/demo?layers=labels`);
  check(await hook(page, 'layer-labels').isChecked() && !(await hook(page, 'layer-boxes').isChecked()), 'the address does not come first');
  await page.evaluate(() => localStorage.clear());
  return told;
}

/** The picture under the editor, in CSS pixels of the window. */
const layer = async (page) => hook(page, 'editor-layer').boundingBox();

async function clickAt(page, x, y) {
  const box = await layer(page);
  await page.mouse.click(box.x + x * box.width, box.y + y * box.height);
}

async function open(page) {
  await page.keyboard.press('e');
  await hook(page, 'editor-tools').waitFor();
}

async function save(page) {
  await hook(page, 'editor-save').click();
  await hook(page, 'notice').filter({ hasText: /saved/i }).waitFor();
}

const near = (points, wanted) => points.length === wanted.length
  && points.every(([x, y], at) => Math.abs(x - wanted[at][0]) < 0.006 && Math.abs(y - wanted[at][1]) < 0.006);

async function byMouse(page) {
  await page.goto(`${base}/cameras/demo`);
  await framesAdvance(page, 'the demo camera');
  await open(page);
  await hook(page, 'draw-zone').click();
  await hook(page, 'editor-layer').scrollIntoViewIfNeeded();
  for (const [x, y] of [[0.3, 0.3], [0.7, 0.3], [0.7, 0.8], [0.3, 0.8]]) await clickAt(page, x, y);
  await clickAt(page, 0.302, 0.303);
  const name = hook(page, 'editor-name');
  await name.fill('Crossing');
  await hook(page, 'editor-dwell').fill('2');
  // A corner is dragged, taken back, and dragged again.
  const corner = page.locator('[data-point="2"]');
  const drag = async () => {
    const [box, at] = [await layer(page), await corner.boundingBox()];
    await page.mouse.move(at.x + 22, at.y + 22);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.75 * box.width, box.y + 0.7 * box.height, { steps: 4 });
    await page.mouse.move(box.x + 0.8 * box.width, box.y + 0.9 * box.height, { steps: 4 });
    await page.mouse.up();
  };
  await drag();
  await until('the corner was dragged', async () => /80 % from the left, 90 %/.test(await corner.getAttribute('aria-label')));
  await hook(page, 'editor-undo').click();
  await until('the drag was taken back as one', async () => /70 % from the left, 80 %/.test(await corner.getAttribute('aria-label')));
  await drag();
  axe.push(...(await axeFaults(page, 'editor')));
  await shot(page, 'editor-zone-1440');
  await save(page);
  const [zone] = await zones(page);
  check(zone.name === 'Crossing' && zone.id === 'crossing' && zone.dwell_s === 2, `saved: ${JSON.stringify(zone)}`);
  check(near(zone.points, [[0.3, 0.3], [0.7, 0.3], [0.8, 0.9], [0.3, 0.8]]), `points: ${JSON.stringify(zone.points)}`);
  await page.reload();
  await hook(page, 'zone').filter({ hasText: 'Crossing' }).waitFor();
}

/** Enter, arrows and tab alone. */
async function byKeyboard(page) {
  await framesAdvance(page, 'the demo camera');
  await open(page);
  await hook(page, 'draw-line').focus();
  await page.keyboard.press('Enter');
  const picture = hook(page, 'editor-layer');
  await until('the picture has the focus', async () => picture.evaluate((layer) => layer === document.activeElement));
  const steps = async (key, count) => { for (let n = 0; n < count; n += 1) await page.keyboard.press(key); };
  await steps('Shift+ArrowUp', 8);
  await page.keyboard.press('Enter');
  await steps('Shift+ArrowDown', 16);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Backspace');
  await steps('ArrowLeft', 2);
  await page.keyboard.press('Enter');
  await hook(page, 'editor-finish').focus();
  await page.keyboard.press('Enter');
  const has = (point) => until(`point ${point} has the focus`, async () => page.locator(`[data-point="${point}"]`).evaluate((one) => one === document.activeElement));
  await has(0);
  await page.keyboard.press('Tab');
  await has(1);
  await steps('ArrowRight', 3);
  // One more in the middle, moved, and taken away.
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await has(1);
  await page.keyboard.press('Delete');
  check((await page.locator('[data-point]').count()) === 2, 'the point in the middle is still there');
  await page.keyboard.press('Delete');
  check((await page.locator('[data-point]').count()) === 2, 'a line of one point');
  await shot(page, 'editor-line-1440');
  await hook(page, 'editor-name').fill('Kerb');
  await hook(page, 'editor-turn').focus();
  await page.keyboard.press('Enter');
  await hook(page, 'editor-save').focus();
  await page.keyboard.press('Enter');
  await until('the line is saved', async () => (await zones(page)).length === 2);
  const line = (await zones(page)).find((zone) => zone.kind === 'line');
  check(near(line.points, [[0.51, 0.9], [0.5, 0.1]]), `the line: ${JSON.stringify(line)}`);
  await hook(page, 'notice').filter({ hasText: /saved/i }).waitFor();
  await until('nothing is left to be saved', async () => hook(page, 'editor-save').isDisabled());
  // Escape: out of the shape, out of the editor, and not yet back to the wall.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await hook(page, 'editor-tools').waitFor({ state: 'detached' });
  check(new URL(page.url()).pathname === '/cameras/demo', 'escape left the page');
  await page.reload();
  await hook(page, 'zone').filter({ hasText: 'Kerb' }).waitFor();
}

/** A shape that crosses itself: the reason stands at it, and what was drawn stays. */
async function refused(page) {
  await open(page);
  await hook(page, 'draw-zone').click();
  for (const [x, y] of [[0.1, 0.1], [0.2, 0.3], [0.2, 0.1], [0.1, 0.3]]) await clickAt(page, x, y);
  await hook(page, 'editor-finish').click();
  await hook(page, 'editor-save').click();
  const fault = hook(page, 'editor-tools').getByRole('alert').filter({ hasText: /cross/i });
  await fault.waitFor();
  const words = await fault.innerText();
  await shot(page, 'editor-refused-1440');
  await hook(page, 'editor-delete').click();
  await hook(page, 'editor-close').click();
  check((await zones(page)).length === 2, 'a refused zone was saved');
  return words;
}

/** A mask: what it costs is said, and what is under it reaches nobody: this viewer is moved to an encoded picture that has it. */
async function masked(page) {
  await framesAdvance(page, 'the demo camera');
  await open(page);
  await hook(page, 'draw-mask').click();
  for (const [x, y] of [[0.05, 0.1], [0.45, 0.1], [0.45, 0.4], [0.05, 0.4]]) await clickAt(page, x, y);
  await hook(page, 'editor-finish').click();
  await hook(page, 'editor-fields').filter({ hasText: /own stream cannot be covered/ }).waitFor();
  await shot(page, 'editor-mask-1440');
  await save(page);
  await hook(page, 'editor-close').click();
  const picture = page.locator('[data-shown-pts]').first();
  await until('the viewer is moved to main', async () => (await picture.getAttribute('data-rendition')) === 'main', 30_000);
  await framesAdvance(page, 'the masked picture');
  // The sky above the houses is not dark at night; the middle of the mask is.
  const luma = () => hook(page, 'camera-video').first().evaluate((video) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, 64, 36);
    const at = (x, y) => { const [r, g, b] = context.getImageData(x, y, 1, 1).data; return Math.round((r + g + b) / 3); };
    return { under: [at(8, 9), at(16, 9), at(24, 9)], beside: [at(36, 9), at(44, 9), at(52, 9)] };
  });
  const told = await until('what is under the mask is one colour', async () => {
    const now = await luma();
    return Math.max(...now.under) - Math.min(...now.under) <= 6 && now;
  });
  await hook(page, 'edit-scene').scrollIntoViewIfNeeded();
  await shot(page, 'masked-1440');
  await page.request.patch(`${base}/api/cameras/demo`, { data: { masks: [] } });
  return told;
}

/** The editor at three widths, in the dark and in the light. */
async function looks(browser) {
  for (const [width, height, colorScheme] of [[1440, 900, 'light'], [1024, 768, 'dark'], [390, 844, 'dark'], [390, 844, 'light']]) {
    const page = await newPage(browser, { colorScheme, viewport: { width, height }, hasTouch: width === 390 });
    const name = `editor-${width}${colorScheme === 'light' ? '-light' : ''}`;
    if (colorScheme === 'light') await page.addInitScript(() => localStorage.setItem('sightline.theme', 'light'));
    await page.goto(`${base}/cameras/demo`);
    await framesAdvance(page, name);
    await open(page);
    await hook(page, 'editor-shape').first().click();
    await page.evaluate(() => scrollTo(0, 0));
    await page.waitForTimeout(500);
    axe.push(...(await axeFaults(page, name)));
    await shot(page, name);
    check(!(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)), `wider than ${width} pixels`);
    const small = await page.locator('.editor-point').evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().width < 44).length);
    check(small === 0, 'points too small to be touched');
    check(page.errors.length === 0, `console errors:\n${page.errors.join('\n')}`);
    await page.context().close();
  }
}

await main(async () => {
  await withBrowser(async (browser) => {
    const page = await newPage(browser);
    await byMouse(page);
    await byKeyboard(page);
    const words = await refused(page);
    const mask = await masked(page);
    const layers = await layersOneByOne(page);
    await looks(browser);
    const errors = page.errors.filter((line) => !/status of 4(00|22)/.test(line));
    check(errors.length === 0, `console errors:\n${errors.join('\n')}`);
    answer({ layers, mask, words, zones: await zones(page), axe });
  });
});
