// What every browser script shares: Debian's Chromium by Playwright, a page that remembers its errors, axe, the answer.
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

// npm packages lie in the cache of scripts/env, not beside this file.
const require = createRequire(path.join(process.env.SIGHTLINE_NPM_BROWSER, 'node_modules', 'none.js'));
const { chromium } = require('playwright-core');
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const base = process.env.SIGHTLINE_URL;
export const artifacts = process.env.SIGHTLINE_ARTIFACTS;
mkdirSync(artifacts, { recursive: true });

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

export async function withBrowser(use) {
  const browser = await chromium.launch({ executablePath: process.env.SIGHTLINE_CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  try {
    await use(browser);
  } finally {
    await browser.close();
  }
}

/**
 * A page in a context of its own. `page.errors` collects what the console and the page complain of; `page.predicted` the PTS of
 * frames of the demo camera that a busy server did not look at, so that the square's box on them is computed from those before:
 * it is their own box, drawn dashed, and not where the square is when this has just jumped from one side to the other.
 */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark', ...options });
  const page = await context.newPage();
  page.errors = [];
  page.step = 'start';
  page.predicted = new Set();
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => {
    if (typeof payload !== 'string' || !payload.startsWith('{"type":"tracks"')) return;
    const { pts, tracks } = JSON.parse(payload);
    if (tracks.some((track) => track.label === 'demo' && track.predicted)) page.predicted.add(pts);
  }));
  // Chromium itself writes a line for every answer that is no success. Some are by design, and only in their step.
  page.expected = [/status of 401/];
  page.on('console', (message) => {
    const expected = page.expected.some((pattern) => pattern.test(message.text()));
    if (message.type() === 'error' && !expected) page.errors.push(`${page.step}: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => page.errors.push(`${page.step}: ${error.message}`));
  page.setDefaultTimeout(15_000);
  return page;
}

/** Names what is being done, for errors that come meanwhile. */
export async function step(page, name, work) {
  page.step = name;
  const result = await work();
  // What was begun in this step may fail a moment later.
  await page.waitForTimeout(300);
  return result;
}

export const hook = (page, name) => page.getByTestId(name);

export function check(condition, words) {
  if (!condition) throw new Error(words);
}

/** Asks `question` (in Node) until it is true. */
export async function until(what, question, limit = 15_000) {
  const start = Date.now();
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    check(Date.now() - start < limit, `waited ${limit} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The camera's tile on the wall or the player of the camera page shows moving frames. */
export async function framesAdvance(scope, what) {
  const picture = scope.locator('[data-shown-pts]').first();
  const shown = async () => Number((await picture.getAttribute('data-shown-pts').catch(() => null)) || -1);
  const first = await until(`${what}: a first frame`, async () => { const pts = await shown(); return pts >= 0 ? { pts } : null; });
  await until(`${what}: frames advance`, async () => (await shown()) > first.pts + 45_000);
}

/** Serious and critical faults that axe finds, as lines; empty is good. */
export async function axeFaults(page, where) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return result.violations
    .filter((fault) => ['serious', 'critical'].includes(fault.impact))
    .map((fault) => `${where}: ${fault.id} (${fault.impact}): ${fault.help}: ${fault.nodes.map((node) => node.html).slice(0, 3).join(' ')}`);
}

export const shot = (page, name) => page.screenshot({ path: path.join(artifacts, `${name}.png`), animations: 'disabled' });

export async function logIn(page, password) {
  await page.goto(`${base}/`);
  if (!password) return;
  const field = page.locator('input[type=password]');
  await field.fill(password);
  await field.press('Enter');
  await hook(page, 'add-camera').first().waitFor();
}

export function answer(value) {
  console.log(`ANSWER ${JSON.stringify(value)}`);
}

/** Runs a script: an error is words on stderr and status 1. */
export async function main(script) {
  try {
    await script();
  } catch (error) {
    console.error(error.stack ?? String(error));
    process.exitCode = 1;
  }
}
