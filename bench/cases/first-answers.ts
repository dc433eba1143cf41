/** What an operator waits for first: the console's first page in a browser, and `muster status`. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { MusterRun } from '../muster-run.ts';
import { CHROMIUM, FLAGS } from '../soak/open-page.ts';

const PAGE_WITHIN_MS = 60_000;

/**
 * The longest wait from the address to the first figure that it shows, of so many browsers that have nothing of the page yet. NaN
 * where no browser is installed.
 */
export async function slowestFirstPage(consoleUrl: string, times: number): Promise<number> {
  if (!existsSync(CHROMIUM)) return Number.NaN;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    let slowestMs = 0;
    for (let n = 0; n < times; n += 1) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 844 } });
      const page = await context.newPage();
      const startedAt = performance.now();
      await page.goto(consoleUrl, { waitUntil: 'commit' });
      // It is not there before the overview has been answered.
      await page.locator('#joined-count').waitFor({ timeout: PAGE_WITHIN_MS });
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      await context.close();
    }
    return slowestMs;
  } finally {
    await browser.close();
  }
}

/** The longest of so many runs of `muster status`, from its start to its end. Throws when one fails. */
export async function slowestStatus(muster: Pick<MusterRun, 'cli'>, times: number): Promise<number> {
  let slowestMs = 0;
  for (let n = 0; n < times; n += 1) {
    const startedAt = performance.now();
    const { code, stdout, stderr } = await muster.cli('status');
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    if (code !== 0 || !stdout.includes('Instances')) throw new Error(`muster status: ${code} ${stderr}`);
  }
  return slowestMs;
}
