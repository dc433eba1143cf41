import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Role } from '@muster/api/session';
import type { RunningApp } from '../http/running-app.fixture.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** For names of tests: why they are skipped; empty where a browser is there. */
export const NO_BROWSER = existsSync(CHROMIUM)
  ? ''
  : ` (skipped: no browser at ${CHROMIUM}; set CHROMIUM to one)`;

/** The widths that the console is made for, CSS pixels. */
export const WIDTHS = [1280, 390] as const;

/** A page, and whatever it did that it should not. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts, of the content policy and of the network, dialogs, and requests to other servers. */
  readonly faults: string[];
}

export interface ConsoleBrowser {
  /** Opens a page of the console as one who may only look, or signed in by a link where a role is given. */
  open(
    path: string,
    options?: { readonly width?: number; readonly role?: Role; readonly theme?: 'light' | 'dark' },
  ): Promise<WatchedPage>;
  /** Closes all pages. */
  closePages(): Promise<void>;
  close(): Promise<void>;
}

/** A real browser on a running console. */
export async function openConsole(app: Pick<RunningApp, 'url' | 'ledger'>): Promise<ConsoleBrowser> {
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  const contexts: BrowserContext[] = [];
  return {
    async open(path, { width = 1280, role, theme = 'light' } = {}) {
      const context = await browser.newContext({
        viewport: { width, height: 844 },
        colorScheme: theme,
        acceptDownloads: true,
      });
      contexts.push(context);
      const page = await context.newPage();
      if (role !== undefined) {
        const secret = await app.ledger.access.links.make({ name: 'ann@laptop', role });
        await page.goto(`${app.url}/auth/link/${secret}`);
        await Promise.all([page.waitForURL(`${app.url}/`), page.getByRole('button').click()]);
      }
      const faults = watch(page, app.url);
      await page.goto(app.url + path);
      return { page, faults };
    },
    async closePages() {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
    },
    close: () => browser.close(),
  };
}

function watch(page: Page, url: string): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // A question that the page takes back, such as one about a search that was typed on, and a file that is saved.
    if (why !== 'net::ERR_ABORTED') faults.push(`${request.url()} ${why}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) faults.push(`request to ${request.url()}`);
  });
  return faults;
}

/** What axe finds that is serious or critical (WCAG 2.2 AA), as `rule: element`. */
export async function seriousFaults(page: Page): Promise<readonly string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // By the protocol: the content policy of the page lets no other script in.
  await page.evaluate(source);
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      resultTypes: ['violations'],
    }),
  );
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** Whether something makes the page wider than its window. */
export function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > innerWidth');
}
