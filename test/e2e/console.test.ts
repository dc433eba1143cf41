import { freePort } from '@muster/testing/redis-server';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type ConsoleBrowser,
  NO_BROWSER,
  openConsole,
} from '../../apps/scheduler/src/console/console-browser.fixture.ts';
import { listHosts } from './simulated-commands.ts';

/** What an operator does on the page, and what becomes of it in a fleet at work. */
describe.skipIf(NO_BROWSER !== '')(`an operator at the console${NO_BROWSER}`, () => {
  let system: MusterSystem;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    const port = await freePort();
    system = await startSystem({
      world: { accounts: 6, regions: 2, instances: 200, seed: 4, scenario: 'realistic' },
      config: { muster: { console: { listen: `127.0.0.1:${port}` } } },
    });
    await system.judged();
    browser = await openConsole({ url: `http://127.0.0.1:${port}`, ledger: system.ledger });
  });
  afterEach(() => browser.closePages());
  afterAll(async () => {
    await browser.close();
    await system.close();
  });

  async function ended(page: Page): Promise<string> {
    const outcome = page.locator('[data-action-state]:not([data-action-state="running"])');
    await outcome.waitFor({ timeout: 60_000 });
    return (await outcome.getAttribute('data-action-state')) ?? '';
  }

  test('from the first page, why hosts failed and their retry are four clicks', async () => {
    const { byState } = (await system.status()).instances;
    const failed = byState['failed'] ?? 0;
    const ids = new Set(
      (await system.cli('instances', '--state', 'failed', '--json')).stdout.match(/i-[0-9a-f]{17}/g),
    );
    const before = new Map((await listHosts(system)).map(({ id, installs }) => [id, installs]));
    const { page, faults } = await browser.open('/', { role: 'operator' });

    await page.locator('[data-tile="failed"]').click();
    await page.locator('tbody tr').first().waitFor();
    // Why they failed stands beside each of them.
    expect(await page.getByRole('columnheader', { name: 'Why' }).count()).toBe(1);
    await page.getByRole('button', { name: `Choose all ${failed} that match` }).click();
    await page.getByRole('button', { name: 'Retry' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Nothing has been done yet.').waitFor();
    await dialog.getByRole('button', { name: /^Retry/ }).click();

    expect(await ended(page)).toBe('done');
    expect(ids.size).toBe(failed);
    await eventually(
      'every host that had failed was sent to once more',
      async () => {
        const hosts = (await listHosts(system)).filter(({ id }) => ids.has(id));
        return hosts.every(({ id, installs }) => installs === (before.get(id) ?? 0) + 1) ? true : null;
      },
      120_000,
    );
    expect(faults).toEqual([]);
  });

  test('a pause from the page stops all, the overview says so first, and a resume from there ends it', async () => {
    const { page, faults } = await browser.open('/rollout', { role: 'operator' });
    await page.getByRole('button', { name: 'Pause all sends' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason, for the audit').fill('a test of the page');
    await dialog.getByRole('button', { name: 'Pause all sends' }).click();
    expect(await ended(page)).toBe('done');
    expect((await system.ledger.control.pauses()).map(({ scope }) => scope)).toContain('all');
    await dialog.getByRole('button', { name: 'Close' }).click();

    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByText('All sends are stopped until you act.').waitFor();
    await page
      .locator('[data-finding="paused@all"]')
      .getByRole('button', { name: 'Resume everywhere' })
      .click();
    await dialog.getByRole('button', { name: 'Resume everywhere' }).click();
    expect(await ended(page)).toBe('done');

    expect((await system.ledger.control.pauses()).map(({ scope }) => scope)).not.toContain('all');
    expect(faults).toEqual([]);
  });

  test('the audit tells who did it, from where and why, and that its chain holds', async () => {
    const { page, faults } = await browser.open('/audit?act=pause');
    const row = page.locator('tbody tr').first();
    await row.waitFor();

    expect(await row.textContent()).toContain('ann@laptop');
    expect(await row.textContent()).toContain('a test of the page');
    expect(await page.locator('#chain').getAttribute('data-holds')).toBe('true');
    expect(faults).toEqual([]);
  });

  test('the organization is read again by a button', async () => {
    const before = (await system.status()).sweep.id;
    const { page, faults } = await browser.open('/', { role: 'operator' });
    await page.getByRole('button', { name: 'Read everything again' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Read everything again' }).click();

    expect(await ended(page)).toBe('done');
    await eventually('another sweep has begun', async () =>
      (await system.status()).sweep.id === before ? null : true,
    );
    expect(faults).toEqual([]);
  });
});
