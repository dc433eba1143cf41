/** Takes the picture of a running console: `node scripts/screenshot-console.ts URL FILE.png [--width 1280] [--dark]`. */
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

/** Debian's and Ubuntu's place; another by the environment. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { width: { type: 'string', default: '1280' }, dark: { type: 'boolean', default: false } },
});
const [url, file] = positionals;
if (url === undefined || file === undefined) {
  console.error('usage: node scripts/screenshot-console.ts URL FILE.png [--width 1280] [--dark]');
  process.exit(64);
}
await screenshotConsole(url, file, { width: Number(values.width), dark: values.dark });

/** Waits until the console shows live data, then writes the whole page as a PNG file. */
async function screenshotConsole(
  url: string,
  file: string,
  look: { readonly width: number; readonly dark: boolean },
): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    const page = await browser.newPage({
      viewport: { width: look.width, height: 800 },
      colorScheme: look.dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
    });
    await page.goto(url);
    await page.locator('#freshness[data-health="live"]').waitFor();
    await page.screenshot({ path: file, fullPage: true });
  } finally {
    await browser.close();
  }
}
