/** What operators do from the lists, in a real at.browser. A worker's part is done by the function that its job calls. */
import type { Page } from 'playwright-core';
import { anOperator } from '@muster/core/control/actions/act.fixture';
import { ActionId } from '@muster/core/control/actions/action';
import { Region } from '@muster/core/organization/ids';
import { basisOf } from '@muster/core/rollout/waves/wave-standing';
import { anInstanceId, aRecord } from '@muster/testing/builders';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { describe, expect, test } from 'vitest';
import { isTooWide, NO_BROWSER, seriousFaults } from './console-browser.fixture.ts';
import { FORMULA_HOST, HOSTILE_ACCOUNT, HOSTILE_HOST } from './hostile-fleet.fixture.ts';
import { seededConsole } from './seeded-console.fixture.ts';
import { accountId } from './seeded-ledger.fixture.ts';

/** Id of a selection, and of a matcher. */
const CHANGE = 'fedcba9876543210';
/** Of which a part waits for an approval, and another for the end of a freeze window. */
const CONFIGURATION = parsedSystemConfig(OFFLINE_FACTS, {
  muster: {
    freeze: [{ name: 'year-end', from: '2026-01-01', to: '2127-01-04', accounts: [accountId(1)] }],
    rollout: { waves: [{ name: 'pilot', accounts: [accountId(2)], approve: true }, { name: 'rest' }] },
  },
});

describe.skipIf(NO_BROWSER !== '')(`acts from the lists, in a real browser${NO_BROWSER}`, () => {
  const at = seededConsole({ hostile: true, configuration: CONFIGURATION });

  const scopesPaused = async () => (await at.app.ledger.control.pauses()).map(({ scope }) => scope);
  const press = (page: Page, name: string | RegExp) =>
    page.getByRole('dialog').getByRole('button', { name }).click();

  /** Does what a worker would do for the next action. */
  async function workOnce(): Promise<void> {
    const due = () => at.app.ledger.due.lease('actions', 1, 10);
    const ids: string[] = [];
    await expect
      .poll(async () => {
        ids.push(...(await due()));
        return ids.length;
      })
      .toBe(1);
    for (const id of ids) await anOperator(at.app.ledger).run(ActionId.parse(id));
  }

  test('all that a filter gives are retried: what it touches is shown before, how far it is after', async () => {
    const { page, faults } = await at.browser.open('/instances?cause=ec2-join-failure', { role: 'operator' });
    await page.getByRole('table', { name: '4 instances' }).waitFor();

    await page.getByRole('button', { name: 'Choose all 4 that match' }).click();
    await page.getByRole('button', { name: 'Retry', exact: true }).click();
    await page.getByRole('dialog').getByText('Nothing has been done yet').waitFor();
    expect(await page.getByRole('dialog').textContent()).toContain('4 hosts');
    expect(await at.app.ledger.due.lease('actions', 1, 10)).toEqual([]);
    await press(page, 'Retry 4 hosts');
    await workOnce();

    await page.getByRole('dialog').getByText('4 of 4').waitFor();
    await press(page, 'Close');
    await page.getByText('No instance matches').waitFor();
    expect(faults).toEqual([]);
  });

  test('chosen rows alone are paused, and the page of one of them ends its pause', async () => {
    const { page, faults } = await at.browser.open(`/instances?account=${HOSTILE_ACCOUNT}`, {
      role: 'operator',
    });
    await page.getByRole('checkbox', { name: `Select ${HOSTILE_HOST}` }).check();
    await page.getByText('1 chosen').waitFor();

    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await press(page, 'Pause 1 host');

    await expect.poll(scopesPaused).toContain(`instance:${HOSTILE_HOST}`);
    expect(await scopesPaused()).not.toContain(`instance:${FORMULA_HOST}`);
    await page.goto(`${at.app.url}/instances/${HOSTILE_HOST}`);
    await page.getByText('nothing is sent to it').waitFor();
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await press(page, /^Resume/);
    await expect.poll(scopesPaused).not.toContain(`instance:${HOSTILE_HOST}`);
    expect(faults).toEqual([]);
  });

  test('an account is paused from its page, which tells it, and so does the list', async () => {
    const { page, faults } = await at.browser.open(`/accounts/${HOSTILE_ACCOUNT}`, { role: 'operator' });
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await press(page, /^Pause/);

    await expect.poll(scopesPaused).toContain(`account:${HOSTILE_ACCOUNT}`);
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Resume', exact: true }).waitFor();
    await page.getByRole('main').getByRole('link', { name: 'Accounts', exact: true }).click();
    await page.getByRole('row').filter({ hasText: HOSTILE_ACCOUNT }).getByText('paused').waitFor();
    expect(faults).toEqual([]);
  });

  /** A host of the wave that waits, with the request for its approval; a change that waits, too; a mass start that stopped. */
  async function seedRollOut(): Promise<void> {
    const { enrollments, approvals, selection, ramps } = at.app.ledger;
    const region = Region.parse('eu-west-1');
    const instanceId = anInstanceId(900_078);
    const value = aRecord('queued', { instanceId, wave: 'pilot' });
    const target = { accountId: accountId(2), region };
    await enrollments.write(target, 'each', [{ instanceId, expected: 0, value }], []);
    const [pilot] = CONFIGURATION.rollout.waves;
    if (pilot === undefined) throw new Error('the configuration has no wave');
    const asked = { hosts: 1, accounts: 1, grow: 0.1, detail: 'One begins.' };
    await approvals.ask({ ...asked, subject: 'wave:pilot', basis: basisOf(pilot) });
    const changed = { id: CHANGE, matcherKeys: [], selectors: [] };
    const terms = { acceptedId: null, sweepId: '01JD8Q4T5W6X7Y8Z9A0B1C2D3G', replaces: true };
    expect(await selection.hold(changed, terms)).toBe('done');
    await selection.countAdded(CHANGE, { accountId: accountId(4), region }, 12);
    await approvals.ask({ ...asked, subject: `change:${CHANGE}`, hosts: 12, detail: 'A change waits.' });
    const rule = { first: 5, factor: 2, success: 0.9, off: false };
    const about = { kind: 'matcher', subject: 'aws[0]', nowMs: Date.now() } as const;
    await ramps.begin(`m:${CHANGE}`, about, rule, 'once');
    for (const ramp of await ramps.all()) await ramps.decide(ramp, { kind: 'stop' }, Date.now());
  }

  test('the roll-out tells what waits and why: a wave, a change, a mass start that stopped, a freeze window; the wave is approved there', async () => {
    await seedRollOut();
    const { page, faults } = await at.browser.open('/rollout', { role: 'operator' });
    const wave = page.locator('[data-wave="pilot"]');
    await wave.waitFor();

    expect(await wave.textContent()).toContain('waits');
    expect(await wave.textContent()).toContain('muster approve pilot');
    const change = await page.locator(`[data-subject="change:${CHANGE}"]`).textContent();
    expect(change).toContain('The configuration selects 12 hosts more, in 1 account');
    expect(change).toContain(accountId(4));
    const ramp = await page.locator(`[data-ramp="m:${CHANGE}"]`).textContent();
    expect(ramp).toContain('stopped aws[0]');
    expect(ramp).toContain('It goes on after a resume');
    expect(await page.locator('#freezes').textContent()).toContain(`year-end accounts ${accountId(1)}`);
    expect(await page.locator('#freezes').textContent()).toContain('in force');
    expect(await isTooWide(page)).toBe(false);
    expect(await seriousFaults(page)).toEqual([]);

    await wave.getByRole('button', { name: 'Approve' }).click();
    await press(page, 'Approve wave pilot');
    await page.getByRole('dialog').locator('[data-action-state="done"]').waitFor();
    await press(page, 'Close');
    await wave.getByText('begun').waitFor();
    expect(faults).toEqual([]);
  });

  test('one who may only look is told how to act, and nothing can be ordered', async () => {
    const { page, faults } = await at.browser.open(`/instances?account=${HOSTILE_ACCOUNT}`);
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
    const { page } = await at.browser.open('/instances', { role: 'operator' });
    await page.getByRole('table').waitFor();

    for (const name of ['Retry', 'Pause', 'Cancel']) {
      expect(await page.getByRole('button', { name, exact: true }).isDisabled()).toBe(true);
    }
  });
});
