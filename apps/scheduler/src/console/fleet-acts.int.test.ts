/** What operators do from the lists, in a real browser. A worker's part is done by the function that its job calls. */
import type { Page } from 'playwright-core';
import { anOperator } from '@muster/core/control/actions/act.fixture';
import { ActionId } from '@muster/core/control/actions/action';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';
import { type ConsoleBrowser, NO_BROWSER, openConsole } from './console-browser.fixture.ts';
import { FORMULA_HOST, HOSTILE_ACCOUNT, HOSTILE_HOST, seedHostileAccount } from './hostile-fleet.fixture.ts';
import { seedOrganization } from './seeded-ledger.fixture.ts';

describe.skipIf(NO_BROWSER !== '')(`acts from the lists, in a real browser${NO_BROWSER}`, () => {
  let app: RunningApp;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    app = await startApp();
    await seedOrganization(app.ledger, Date.now());
    await seedHostileAccount(app.ledger, Date.now());
    browser = await openConsole(app);
  });
  afterEach(() => browser.closePages());
  afterAll(async () => {
    await browser.close();
    await app.stop();
  });

  const scopesPaused = async () => (await app.ledger.control.pauses()).map(({ scope }) => scope);
  const press = (page: Page, name: string | RegExp) =>
    page.getByRole('dialog').getByRole('button', { name }).click();

  /** Does what a worker would do for the next action. */
  async function workOnce(): Promise<void> {
    const due = () => app.ledger.due.lease('actions', 1, 10);
    const ids: string[] = [];
    await expect
      .poll(async () => {
        ids.push(...(await due()));
        return ids.length;
      })
      .toBe(1);
    for (const id of ids) await anOperator(app.ledger).run(ActionId.parse(id));
  }

  test('all that a filter gives are retried: what it touches is shown before, how far it is after', async () => {
    const { page, faults } = await browser.open('/instances?cause=ec2-join-failure', { role: 'operator' });
    await page.getByRole('table', { name: '4 instances' }).waitFor();

    await page.getByRole('button', { name: 'Choose all 4 that match' }).click();
    await page.getByRole('button', { name: 'Retry', exact: true }).click();
    await page.getByRole('dialog').getByText('Nothing has been done yet').waitFor();
    expect(await page.getByRole('dialog').textContent()).toContain('4 hosts');
    expect(await app.ledger.due.lease('actions', 1, 10)).toEqual([]);
    await press(page, 'Retry 4 hosts');
    await workOnce();

    await page.getByRole('dialog').getByText('4 of 4').waitFor();
    await press(page, 'Close');
    await page.getByText('No instance matches').waitFor();
    expect(faults).toEqual([]);
  });

  test('chosen rows alone are paused, and the page of one of them ends its pause', async () => {
    const { page, faults } = await browser.open(`/instances?account=${HOSTILE_ACCOUNT}`, {
      role: 'operator',
    });
    await page.getByRole('checkbox', { name: `Select ${HOSTILE_HOST}` }).check();
    await page.getByText('1 chosen').waitFor();

    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await press(page, 'Pause 1 host');

    await expect.poll(scopesPaused).toContain(`instance:${HOSTILE_HOST}`);
    expect(await scopesPaused()).not.toContain(`instance:${FORMULA_HOST}`);
    await page.goto(`${app.url}/instances/${HOSTILE_HOST}`);
    await page.getByText('nothing is sent to it').waitFor();
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await press(page, /^Resume/);
    await expect.poll(scopesPaused).not.toContain(`instance:${HOSTILE_HOST}`);
    expect(faults).toEqual([]);
  });

  test('an account is paused from its page, which tells it, and so does the list', async () => {
    const { page, faults } = await browser.open(`/accounts/${HOSTILE_ACCOUNT}`, { role: 'operator' });
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await press(page, /^Pause/);

    await expect.poll(scopesPaused).toContain(`account:${HOSTILE_ACCOUNT}`);
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Resume', exact: true }).waitFor();
    await page.getByRole('main').getByRole('link', { name: 'Accounts', exact: true }).click();
    await page.getByRole('row').filter({ hasText: HOSTILE_ACCOUNT }).getByText('paused').waitFor();
    expect(faults).toEqual([]);
  });

  test('one who may only look is told how to act, and nothing can be ordered', async () => {
    const { page, faults } = await browser.open(`/instances?account=${HOSTILE_ACCOUNT}`);
    await page.getByRole('checkbox', { name: `Select ${HOSTILE_HOST}` }).check();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();

    await page.getByRole('dialog').getByText('muster console login').waitFor();

    expect(
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /^Cancel 1/ })
        .count(),
    ).toBe(0);
    expect(faults).toEqual([]);
  });

  test('without a choice nothing can be ordered', async () => {
    const { page } = await browser.open('/instances', { role: 'operator' });
    await page.getByRole('table').waitFor();

    for (const name of ['Retry', 'Pause', 'Cancel']) {
      expect(await page.getByRole('button', { name, exact: true }).isDisabled()).toBe(true);
    }
  });
});
