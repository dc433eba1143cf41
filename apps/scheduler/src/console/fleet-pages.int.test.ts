import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import { isTooWide, NO_BROWSER, seriousFaults, WIDTHS } from './console-browser.fixture.ts';
import {
  FORMULA,
  FORMULA_HOST,
  HOSTILE_ACCOUNT,
  HOSTILE_HOST,
  HOSTILE_TARGET,
  HOSTILE_UNIT,
  SHOWN_TEXT,
} from './hostile-fleet.fixture.ts';
import { seededConsole } from './seeded-console.fixture.ts';
import { accountId, SEEDED } from './seeded-ledger.fixture.ts';

const HOSTS = SEEDED.instances + 2;

describe.skipIf(NO_BROWSER !== '')(`accounts and instances in a real browser${NO_BROWSER}`, () => {
  const at = seededConsole({ hostile: true });

  /** Writes another record of the host that had joined. */
  async function changeHost(
    change: (host: Extract<EnrollmentRecord, { state: 'joined' }>) => EnrollmentRecord,
  ): Promise<void> {
    const stored = (await at.app.ledger.enrollments.read(HOSTILE_TARGET, [FORMULA_HOST])).get(FORMULA_HOST);
    if (stored?.value.state !== 'joined') throw new Error('the host has not joined');
    const { version: expected } = stored;
    const value = change(stored.value);
    await at.app.ledger.enrollments.write(
      HOSTILE_TARGET,
      'each',
      [{ instanceId: FORMULA_HOST, expected, value }],
      [],
    );
  }
  const idsIn = (page: Page) => page.locator('tbody a .mono').allTextContents();
  const rowOf = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });

  describe('accounts', () => {
    test('a denied account is among them, and its figures are dashes, not zeros', async () => {
      const { page, faults } = await at.browser.open('/accounts?status=denied&q=1111222233');

      const denied = rowOf(page, accountId(SEEDED.accounts - 1));
      await denied.waitFor();

      expect(await denied.textContent()).toContain('denied');
      expect(await denied.getByTitle('not read').count()).toBeGreaterThanOrEqual(4);
      expect(faults).toEqual([]);
    });

    test('the sum of an account leads to its hosts', async () => {
      const { page, faults } = await at.browser.open(`/accounts?q=${HOSTILE_ACCOUNT}`);

      await rowOf(page, HOSTILE_ACCOUNT).getByRole('link', { name: '1', exact: true }).last().click();

      await page.waitForURL(/\/instances\?account=999900000001&state=failed/);
      await rowOf(page, HOSTILE_HOST).waitFor();
      expect(faults).toEqual([]);
    });

    test('a unit of the tree shows its accounts, by keyboard alone', async () => {
      const { page, faults } = await at.browser.open('/accounts');
      const tree = page.getByRole('tree', { name: 'Organizational units' });
      await tree.getByRole('treeitem').first().focus();

      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');

      await page.waitForURL((url) => url.searchParams.get('unit') === HOSTILE_UNIT);
      await page.getByRole('table', { name: '1 account' }).waitFor();
      expect(await page.getByRole('row').count()).toBe(2);
      expect(faults).toEqual([]);
    });

    test('the map is moved over by keys, says what it shows, and leads to the hosts of a cell', async () => {
      const { page, faults } = await at.browser.open('/accounts?view=map&order=name');
      const map = page.getByRole('application', { name: /^Map of 21 accounts/ });
      await map.focus();
      const said = page.locator('.coverage-map__said');
      await said.filter({ hasText: /\d{12} eu-central-1: / }).waitFor();

      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowDown');
      await said.filter({ hasText: /1111222233\d\d eu-west-1: .*(host|read|denied)/ }).waitFor();
      const id = /1111222233\d\d/.exec((await said.textContent()) ?? '')?.[0] ?? '';
      await page.keyboard.press('Enter');

      await page.waitForURL(`**/instances?account=${id}&region=eu-west-1`);
      expect(faults).toEqual([]);
    });

    test('one account tells how each region was read, and what AWS said', async () => {
      const { page, faults } = await at.browser.open(`/accounts/${HOSTILE_ACCOUNT}`);

      const denied = rowOf(page, 'us-east-1');
      await denied.waitFor();

      expect(await denied.textContent()).toContain(SHOWN_TEXT);
      expect(await rowOf(page, 'eu-west-1').textContent()).toContain('complete');
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(SHOWN_TEXT);
      expect(faults).toEqual([]);
    });
  });

  describe('instances', () => {
    test.each([
      ['an id', HOSTILE_HOST],
      ['the beginning of an id', HOSTILE_HOST.slice(0, 18)],
      ['a name', 'HYPERLINK'],
      ['an account', HOSTILE_ACCOUNT],
    ])('are found by %s', async (_what, q) => {
      const { page, faults } = await at.browser.open('/instances');
      await page.getByRole('table').waitFor();

      await page.getByRole('searchbox').fill(q);

      await page.waitForURL((url) => url.searchParams.get('q') === q);
      await expect.poll(() => page.getByRole('row').count()).toBeLessThanOrEqual(3);
      expect(await page.locator('tbody').textContent()).toMatch(/i-0f0f0f0f0f0f0f0f[01]/);
      expect(faults).toEqual([]);
    });

    test('filters, sort and columns stand in the address, and a link shows the same', async () => {
      const { page, faults } = await at.browser.open('/instances');
      await page.getByRole('button', { name: 'State' }).click();
      await page.getByRole('menuitemcheckbox', { name: /^failed/ }).click();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Since', exact: true }).click();
      await page.getByRole('button', { name: 'Columns' }).click();
      await page.getByRole('menuitemcheckbox', { name: 'Exit code' }).click();
      await page.keyboard.press('Escape');
      await page.getByRole('table', { name: '8 instances' }).waitFor();
      const address = new URL(page.url());

      const other = await at.browser.open(address.pathname + address.search);
      await other.page.getByRole('table', { name: '8 instances' }).waitFor();

      expect(address.searchParams.get('state')).toBe('failed');
      expect(address.searchParams.get('sort')).toBe('-since');
      expect(await other.page.getByRole('columnheader', { name: 'Exit code' }).count()).toBe(1);
      expect(await other.page.getByRole('columnheader', { name: 'Since' }).getAttribute('aria-sort')).toBe(
        'descending',
      );
      expect(await idsIn(other.page)).toEqual(await idsIn(page));
      expect([faults, other.faults]).toEqual([[], []]);
    });

    test('a tag is a filter that is typed', async () => {
      const { page, faults } = await at.browser.open('/instances');
      await page.getByRole('button', { name: 'Filter', exact: true }).click();
      await page.getByRole('textbox', { name: 'Is', exact: true }).fill('Team=payments');
      await page.getByRole('button', { name: 'Add', exact: true }).click();

      await page.getByRole('table', { name: '1 instance' }).waitFor();
      expect(await rowOf(page, FORMULA_HOST).count()).toBe(1);
      expect(faults).toEqual([]);
    });

    test('a long list is pages of the API, of which only what is seen is in the document', async () => {
      const { page, faults } = await at.browser.open('/instances');
      await page.getByText(`1–200 of ${HOSTS}`).waitFor();
      const first = await page.locator('tbody tr[data-index="0"]').textContent();
      const rows = await page.locator('tbody tr').count();

      await page.getByRole('button', { name: 'Next', exact: true }).click();

      await page.getByText(`201–${HOSTS} of ${HOSTS}`).waitFor();
      expect(rows).toBeLessThan(60);
      expect(await page.locator('tbody tr[data-index="0"]').textContent()).not.toBe(first);
      expect(await page.getByRole('button', { name: 'Next', exact: true }).isDisabled()).toBe(true);
      expect(faults).toEqual([]);
    });

    test('a change of the ledger is shown without being loaded again', async () => {
      const { page, faults } = await at.browser.open(`/instances?q=${FORMULA_HOST}`);
      await rowOf(page, FORMULA_HOST).getByText('joined').waitFor();

      await changeHost(({ nodeId: _nodeId, ...host }) => ({ ...host, state: 'stopped' }));
      await rowOf(page, FORMULA_HOST).getByText('stopped').waitFor();

      expect(faults).toEqual([]);
    });

    test('all that a filter gives is saved as CSV in which no spreadsheet finds a formula', async () => {
      const { page, faults } = await at.browser.open(`/instances?account=${HOSTILE_ACCOUNT}`);
      await page.getByRole('table', { name: '2 instances' }).waitFor();

      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'CSV' }).click(),
      ]);
      const text = await readFile(await file.path(), 'utf8');

      const lines = text.trimEnd().split('\r\n');
      expect(file.suggestedFilename()).toBe('instances.csv');
      expect(lines).toHaveLength(3);
      expect(lines[0]).toContain('"instanceId","name","accountId"');
      expect(text).toContain(`"'${FORMULA.replaceAll('"', '""')}"`);
      expect(text.includes('\u001b') || text.includes('\u202e')).toBe(false);
      expect(faults).toEqual([]);
    });
  });

  describe('one instance', () => {
    test('shows its checks, what happened, and its output as text', async () => {
      const { page, faults } = await at.browser.open(`/instances/${HOSTILE_HOST}`);
      await page.getByRole('heading', { name: 'Checks' }).waitFor();

      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(SHOWN_TEXT);
      expect(await page.locator('.timeline').textContent()).toContain('first seen');
      expect(await page.getByLabel('Output of the host').textContent()).toBe(
        `${SHOWN_TEXT}\nNo space left on device`,
      );
      expect(await page.getByRole('link', { name: /^EC2 console/ }).getAttribute('href')).toContain(
        HOSTILE_HOST,
      );
      expect(
        await page
          .getByRole('link', { name: /^SSM command/ })
          .first()
          .getAttribute('href'),
      ).toContain('run-command');
      expect(await page.title()).not.toContain('taken');
      expect(faults).toEqual([]);
    });

    test('that joined has a link to its node at the proxy', async () => {
      const { page, faults } = await at.browser.open(`/instances/${FORMULA_HOST}`);
      const link = page.getByRole('link', { name: /^Teleport node/ });
      await link.waitFor();

      expect(await link.getAttribute('href')).toContain(encodeURIComponent(FORMULA_HOST));
      expect(faults).toEqual([]);
    });

    test('that nothing has seen is said to be so', async () => {
      const { page } = await at.browser.open('/instances/i-0123456789abcdef0');

      await page.getByRole('alert').waitFor();

      expect(await page.getByRole('alert').textContent()).toContain('No scan has seen this instance');
    });
  });

  describe.each(WIDTHS)('%i pixels wide', (width) => {
    test.each([
      '/accounts',
      '/accounts?view=map',
      `/accounts/${HOSTILE_ACCOUNT}`,
      '/instances',
      `/instances?account=${HOSTILE_ACCOUNT}&columns=instance,tags,platform,wave`,
      `/instances/${HOSTILE_HOST}`,
    ])('%s fits, runs nothing of others, and axe finds nothing serious, light and dark', async (path) => {
      for (const theme of ['light', 'dark'] as const) {
        const { page, faults } = await at.browser.open(path, { width, theme });
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.locator('.card').first().waitFor();
        await expect.poll(() => page.locator('.view-loading').count()).toBe(0);

        expect(await isTooWide(page)).toBe(false);
        expect(await seriousFaults(page)).toEqual([]);
        expect(await page.title()).not.toMatch(/taken|^1$/);
        expect(faults).toEqual([]);
      }
    });
  });
});
