import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
export const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-sync',
];
const FIRST_ROWS = 5;
const SHOWN_WITHIN_MS = 60_000;
const BYTES_PER_MB = 1_048_576;

/** A page of the console in a browser. */
export interface OpenPage {
  /** Figures of the page, after its garbage was collected. */
  figures(): Promise<Record<string, number>>;
  close(): Promise<void>;
}

/** Opens the console's list of instances, which follows the ledger; null where no browser is installed. */
export async function openPage(consoleUrl: string): Promise<OpenPage | null> {
  if (!existsSync(CHROMIUM)) return null;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  const page = await browser.newPage();
  await page.goto(`${consoleUrl}/instances`);
  // The list is there, and follows the ledger from now on.
  await page.getByRole('row').nth(FIRST_ROWS).waitFor({ timeout: SHOWN_WITHIN_MS });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  return {
    async figures() {
      await session.send('HeapProfiler.collectGarbage');
      const { metrics } = await session.send('Performance.getMetrics');
      const of = (name: string): number => metrics.find((one) => one.name === name)?.value ?? Number.NaN;
      return { 'page:heapMb': of('JSHeapUsedSize') / BYTES_PER_MB, 'page:nodes': of('Nodes') };
    },
    close: () => browser.close(),
  };
}
