import { base, framesAdvance, hook, main, newPage, shot, withBrowser } from './lib.mjs';
await main(async () => {
  await withBrowser(async (browser) => {
    for (const [w, h, scheme] of [[1440, 900, 'dark'], [1024, 768, 'dark'], [390, 844, 'dark'], [1440, 900, 'light']]) {
      const page = await newPage(browser, { viewport: { width: w, height: h } });
      if (scheme === 'light') await page.addInitScript(() => localStorage.setItem('sightline.theme', 'light'));
      await page.goto(`${base}/cameras/demo`);
      await framesAdvance(page, 'demo').catch((e) => console.error(e.message));
      await page.evaluate((s) => document.documentElement.setAttribute('data-theme', s), scheme);
      await page.waitForTimeout(2500);
      await page.screenshot({ path: `${process.env.SIGHTLINE_ARTIFACTS}/cam-${w}-${scheme}.png`, fullPage: true });
      console.error(page.errors);
      await page.context().close();
    }
  });
});
