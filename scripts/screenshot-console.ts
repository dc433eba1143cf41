/**
 * Takes the pictures of the documentation from a running console:
 * `node scripts/screenshot-console.ts URL [FOLDER]`, such as that of `npm run demo`. FOLDER is docs/images where it is not named.
 * Look at them before you commit them.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';

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

/** One picture. */
interface Picture {
  readonly name: string;
  readonly path: string;
  /** @default 1280 */
  readonly width?: number;
  /** @default 900 */
  readonly height?: number;
  readonly isDark?: boolean;
  /** Goes from the page to what is shown. */
  readonly goOn?: (page: Page) => Promise<void>;
}

const PICTURES: readonly Picture[] = [
  { name: 'console', path: '/', height: 1_560 },
  { name: 'console-dark', path: '/', isDark: true },
  { name: 'console-phone', path: '/', width: 390, height: 844 },
  { name: 'console-accounts', path: '/accounts' },
  { name: 'console-instances', path: '/instances?state=failed,lost,ineligible' },
  {
    name: 'console-instance',
    path: '/instances?state=failed',
    goOn: async (page) => {
      await page.locator('tbody a').first().click();
      await page.locator('h2', { hasText: 'Checks' }).waitFor();
    },
  },
  { name: 'console-findings', path: '/findings' },
];
const HEIGHT = 900;

const { positionals } = parseArgs({ allowPositionals: true });
const [url, folder = 'docs/images'] = positionals;
if (url === undefined) {
  console.error('usage: node scripts/screenshot-console.ts URL [FOLDER]');
  process.exit(64);
}
const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
try {
  for (const picture of PICTURES) await take(browser, url.replace(/\/$/, ''), picture, folder);
} finally {
  await browser.close();
}

/** Waits until the page is live and whole, then writes what the window shows as a PNG file. */
async function take(browser: Browser, url: string, picture: Picture, folder: string): Promise<void> {
  const page = await browser.newPage({
    viewport: { width: picture.width ?? 1280, height: picture.height ?? HEIGHT },
    colorScheme: picture.isDark === true ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  await page.goto(url + picture.path);
  await isWhole(page);
  if (picture.goOn !== undefined) {
    await picture.goOn(page);
    await isWhole(page);
  }
  await page.screenshot({ path: join(folder, `${picture.name}.png`) });
  await page.close();
}

async function isWhole(page: Page): Promise<void> {
  await page.locator('#freshness[data-state="live"]').waitFor();
  await page.locator('h1').first().waitFor();
  await page.waitForFunction('document.querySelectorAll(".view-loading").length === 0');
}
