/** What stands around every page: navigation, search, theme, sign-in, and what is told when data is old or hostile. */
import type { Page } from 'playwright-core';
import { catalog } from '@muster/core/jobs/catalog';
import { Region } from '@muster/core/organization/ids';
import { describe, expect, test } from 'vitest';
import { startApp } from '../http/running-app.fixture.ts';
import { isTooWide, NO_BROWSER, openConsole, seriousFaults } from './console-browser.fixture.ts';
import { seededConsole } from './seeded-console.fixture.ts';
import { accountId, SEEDED, seedOrganization } from './seeded-ledger.fixture.ts';

/** As the owner of an account, or a program on a host, may write it. */
const HOSTILE =
  '<img src=x onerror="document.title=\'taken\'"></script><script>alert(1)</script>\u202egpj.exe\u200b\u001b[31m';
const SHOWN = String.raw`\u202egpj.exe\u200b\u001b[31m`;

describe.skipIf(NO_BROWSER !== '')(`around the console’s pages${NO_BROWSER}`, () => {
  const at = seededConsole();

  async function isLive(page: Page): Promise<void> {
    await page.locator('#freshness[data-state="live"]').waitFor();
  }

  test('the keyboard reaches everything: the navigation is skipped first, and a new page takes the focus', async () => {
    const { page, faults } = await at.browser.open('/');
    await isLive(page);

    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the page');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');

    await page.getByRole('link', { name: 'Findings', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.locator('h1', { hasText: 'Findings' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    expect(faults).toEqual([]);
  });

  test('Ctrl-K finds pages, and leads there', async () => {
    const { page, faults } = await at.browser.open('/');
    await isLive(page);

    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('roll');
    await page.getByRole('option', { name: /Roll-out/ }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await page.keyboard.press('Enter');

    await page.waitForURL('**/rollout');
    await page.getByRole('combobox').waitFor({ state: 'detached' });
    expect(faults).toEqual([]);
  });

  test('Ctrl-K finds accounts and instances', async () => {
    const { page, faults } = await at.browser.open('/');
    await isLive(page);

    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill(accountId(2));
    await page.getByRole('option', { name: new RegExp(`${accountId(2)}.*Account`) }).click();
    await page.waitForURL(`**/accounts/${accountId(2)}`);

    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('i-0000000000000000');
    await page.getByRole('option', { name: /^i-0/ }).first().click();
    await page.waitForURL('**/instances/i-0*');
    expect(faults).toEqual([]);
  });

  test('on a phone the pages are in a drawer', async () => {
    const { page, faults } = await at.browser.open('/', { width: 390 });
    await isLive(page);

    await page.getByRole('button', { name: 'Pages' }).click();
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('link', { name: 'Settings' }).click();

    await page.locator('h1', { hasText: 'Settings' }).waitFor();
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test('the theme that was chosen is there before the first paint of the next page', async () => {
    const { page } = await at.browser.open('/');
    await isLive(page);

    await page.getByRole('button', { name: /^Theme: system/ }).click();
    await page.getByRole('button', { name: /^Theme: light/ }).click();
    await page.reload();

    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(15, 20, 24)');
  });

  test('an address that no page has says so', async () => {
    const { page, faults } = await at.browser.open('/nowhere');

    await page.getByText('There is no such page').waitFor();
    expect(faults).toEqual([]);
  });

  test('Bull Board opens beside the console, and has nothing to press for one who may only look', async () => {
    await at.app.jobQueue.enqueue(catalog['scan-target'], {
      target: { accountId: accountId(0), region: Region.parse('eu-west-1') },
    });
    /** Menus of its page: of jobs of a state, and of what can be done to the queue. */
    const menus = async (role: 'viewer' | 'operator') => {
      const { page, faults } = await at.browser.open('/queues/queue/discovery', { role });
      await page
        .getByText(`scan-target ${accountId(0)} eu-west-1`)
        .first()
        .waitFor();
      expect(faults).toEqual([]);
      return page.locator('button[aria-haspopup="menu"]').count();
    };

    expect(await menus('operator')).toBe((await menus('viewer')) + 1);
  });

  test('times are told as their distance, in UTC under the pointer', async () => {
    const { page } = await at.browser.open('/rollout');
    const since = page.locator('#pauses time').first();
    await since.waitFor();

    expect(await since.textContent()).toMatch(/^1\d min ago$/);
    expect(await since.getAttribute('title')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  });

  test('what others wrote is text on every page, whatever it looks like', async () => {
    await at.app.ledger.control.raise({
      kind: 'config-skew',
      scope: 'all',
      sinceMs: Date.now(),
      message: `A message ${HOSTILE}`,
      remedy: `A remedy ${HOSTILE}`,
    });
    await at.app.ledger.control.pause({
      scope: `account:${accountId(4)}`,
      atMs: Date.now(),
      by: 'operator',
      reason: `A reason ${HOSTILE}`,
    });
    for (const [path, text] of [
      ['/findings', 'A message'],
      ['/rollout', 'A reason'],
      ['/', 'A reason'],
    ] as const) {
      const { page, faults } = await at.browser.open(path);
      const place = page.getByText(text).first();
      await place.waitFor();

      expect(await place.textContent()).toContain(SHOWN);
      expect(await page.locator('main img, main script').count()).toBe(0);
      expect(await page.title()).toBe('Muster');
      expect(await isTooWide(page)).toBe(false);
      expect(faults).toEqual([]);
    }
    await at.app.ledger.control.clear('config-skew', 'all');
    await at.app.ledger.control.resume(`account:${accountId(4)}`);
  });

  test('a browser with many tabs open has a connection left for one more, and each tab is live when it is looked at', async () => {
    const { page } = await at.browser.open('/');
    const context = page.context();
    const tabs: Page[] = [];
    for (let n = 0; n < 6; n += 1) {
      const tab = await context.newPage();
      // The tabs of a browser without a screen are all taken for visible.
      await tab.addInitScript(
        "Object.defineProperty(document, 'visibilityState', { get: () => (window.isLookedAt ? 'visible' : 'hidden') })",
      );
      await tab.goto(`${at.app.url}/findings`);
      await tab.locator('#findings > li').first().waitFor();
      tabs.push(tab);
    }
    const last = await context.newPage();
    await last.goto(`${at.app.url}/rollout`);
    await isLive(last);

    const [tab] = tabs;
    if (tab === undefined) throw new Error('there is no tab');
    const [, answered] = await Promise.all([
      tab.waitForRequest('**/api/v1/events'),
      tab.waitForResponse((response) => response.url().includes('/api/v1/findings')),
      tab.evaluate("window.isLookedAt = true, document.dispatchEvent(new Event('visibilitychange'))"),
    ]);
    expect(answered.status()).toBeLessThan(400);
  });

  test('a page that is left alone says that it asks by itself', async () => {
    const { page } = await at.browser.open('/', { role: 'viewer' });
    await page.clock.install();
    await page.reload();
    await isLive(page);
    const isByItself = async () => {
      const request = page.waitForRequest('**/api/v1/overview');
      await page.clock.runFor(10_000);
      return (await (await request).allHeaders())['x-muster-background'] === '1';
    };

    expect(await isByItself()).toBe(false);
    await page.clock.fastForward(120_000);
    expect(await isByItself()).toBe(true);
    await page.mouse.move(200, 200);
    expect(await isByItself()).toBe(false);
  });

  test('without Redis the page says so, and keeps what it knew with its age', async () => {
    const own = await startApp();
    await seedOrganization(own.ledger, Date.now());
    const ownBrowser = await openConsole(own);
    const { page } = await ownBrowser.open('/');
    await isLive(page);
    await expect.poll(() => page.locator('#joined-count').textContent()).toBe(String(SEEDED.joined));

    await own.redis.stop();

    await page.locator('#outage-title').waitFor();
    await expect
      .poll(() => page.locator('#outage-detail').textContent())
      .toMatch(/^What you see was read \d+ s ago\./);
    expect(await page.locator('#freshness').textContent()).toMatch(/^Not live, read \d+ s ago$/);
    expect(await page.locator('#joined-count').textContent()).toBe(String(SEEDED.joined));
    await ownBrowser.close();
    await own.stop();
  });

  test('when the scheduler is away, the page says so and asks again by itself', async () => {
    const { page } = await at.browser.open('/');
    await isLive(page);

    await page.context().setOffline(true);
    await page
      .locator('#outage-title', { hasText: 'The scheduler does not answer.' })
      .waitFor({ timeout: 20_000 });
    expect(await page.locator('#announcer').textContent()).toBe('The scheduler does not answer.');
    await page.context().setOffline(false);

    await page.locator('#freshness[data-state="live"]').waitFor({ timeout: 20_000 });
    await expect.poll(() => page.locator('#announcer').textContent()).toBe('The page is live again.');
  });
});

describe.skipIf(NO_BROWSER !== '')(`signing in to the console${NO_BROWSER}`, () => {
  const at = seededConsole({ password: 'correct horse' });

  test('one who may not look sees the sign-in, at both widths and in both themes', async () => {
    for (const look of [
      { width: 1280, theme: 'light' },
      { width: 390, theme: 'dark' },
    ] as const) {
      const { page, faults } = await at.browser.open('/findings', look);
      await page.getByRole('heading', { name: 'Sign in to Muster' }).waitFor();

      expect(await page.locator('nav').count()).toBe(0);
      expect(await isTooWide(page)).toBe(false);
      expect(await seriousFaults(page)).toEqual([]);
      expect(faults.filter((fault) => !fault.includes('401'))).toEqual([]);
    }
  });

  test('a wrong password is told; the right one leads to the page that was asked for, and signing out leads back', async () => {
    const { page } = await at.browser.open('/findings?owner=aws-admin');
    await page.getByLabel('Name').fill('ann');
    await page.getByLabel('Password').fill('wrong horse');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect
      .poll(() => page.locator('#sign-in-fault').textContent())
      .toBe('The name or the password is wrong.');

    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.locator('#findings > li').first().waitFor();
    expect(new URL(page.url()).search).toBe('?owner=aws-admin');

    await page.getByRole('button', { name: /^Signed in/ }).click();
    expect(await page.getByRole('menu').textContent()).toContain('Viewer: may look, and not act.');
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Muster' }).waitFor();
    expect(await page.evaluate("fetch('/api/v1/overview').then(({ status }) => status)")).toBe(401);
  });
});
