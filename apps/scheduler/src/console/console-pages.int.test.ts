/** Overview, Findings, Roll-out, Audit and Settings in a real browser, on a seeded ledger. */
import type { Page } from 'playwright-core';
import { gatherBucket } from '@muster/core/history/gather-bucket';
import { resolutionsAt } from '@muster/core/history/resolution';
import { Region } from '@muster/core/organization/ids';
import { anInstanceId, aRecord } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import { isTooWide, NO_BROWSER, seriousFaults, WIDTHS } from './console-browser.fixture.ts';
import { seededConsole } from './seeded-console.fixture.ts';
import { accountId, SEEDED } from './seeded-ledger.fixture.ts';

const PAGES = ['/', '/findings', '/rollout', '/audit', '/settings'] as const;
/** Both widths and both themes. */
const LOOKS = [
  { width: 1280, theme: 'light' },
  { width: 390, theme: 'dark' },
] as const;
/** What a page may weigh as it is sent, with all that it loads. */
const MOST_BYTES = 300 * 1_024;

describe.skipIf(NO_BROWSER !== '')(`the console’s pages${NO_BROWSER}`, () => {
  const at = seededConsole();

  async function textOf(page: Page, selector: string): Promise<string> {
    return ((await page.locator(selector).textContent()) ?? '').replaceAll(/\s+/g, ' ').trim();
  }

  async function isLive(page: Page): Promise<void> {
    await page.locator('#freshness[data-state="live"]').waitFor();
  }

  /** Everything that the page shows is there, or could not be had. */
  async function isRead(page: Page): Promise<void> {
    await isLive(page);
    await page.locator('h1').first().waitFor();
    await expect.poll(() => page.locator('.view-loading').count()).toBe(0);
  }

  test('the overview says where the organization stands, and what is in no figure', async () => {
    const { page, faults } = await at.browser.open('/');
    await isLive(page);

    await expect.poll(() => textOf(page, '#joined-count')).toBe(String(SEEDED.joined));
    expect(await textOf(page, '#joined-not-read')).toBe(
      'Not counted: the hosts of 1 account that cannot be entered and 4 targets not read completely.',
    );
    expect(await textOf(page, '[data-tile="failed"]')).toBe('Failed7');
    expect(await textOf(page, '[data-tile="ineligible"]')).toBe('Need a fix12');
    expect(await textOf(page, '[data-tile="denied"]')).toBe('Accounts denied14 targets not read');
    expect(await textOf(page, '#sweep-running')).toContain('76 of 77 targets read');
    expect(await textOf(page, '#sweep-targets [data-status="denied"]')).toBe('2 denied');
    expect(await textOf(page, '#funnel [data-state="installing"] .funnel__count')).toBe('11');
    expect(await textOf(page, '#commands-sent')).toBe('84 commands sent, 3 live now');
    expect(await textOf(page, '#aws-calls [data-api="ssm:SendCommand"]')).toBe('ssm:SendCommand843 (4 %)');
    expect(faults).toEqual([]);
  });

  test('what stops sends stands first of what needs the operator, with its command to copy', async () => {
    const { page } = await at.browser.open('/');
    const first = page.locator('#needs > li').first();
    await first.waitFor();

    await first.getByText('What to do').click();

    expect(await first.textContent()).toContain('change freeze of the identity team');
    expect(await first.locator('.remedy code').textContent()).toBe(`muster resume --account ${accountId(3)}`);
    await first.getByRole('button', { name: /^Copy the command/ }).click();
    await expect.poll(() => textOf(page, '#announcer')).toMatch(/Copied|refused/);
  });

  test('a page follows the ledger without being loaded again', async () => {
    const { page, faults } = await at.browser.open('/');
    await isLive(page);

    await at.app.ledger.statistics.addCommandsSent(16);

    await expect.poll(() => textOf(page, '#commands-sent'), { timeout: 15_000 }).toContain('100 commands');
    await at.app.ledger.statistics.addCommandsSent(-16);
    expect(faults).toEqual([]);
  });

  test('a state of a newer release is shown as it is: in the funnel, in the list, and on the page of the host', async () => {
    const target = { accountId: accountId(2), region: Region.parse('eu-west-1') };
    const instanceId = anInstanceId(900_077);
    const value = { ...aRecord('discovered', { instanceId }), state: 'awaiting-approval' } as never;
    await at.app.ledger.enrollments.write(target, 'each', [{ instanceId, expected: 0, value }], []);
    const { page, faults } = await at.browser.open('/');
    const row = page.locator('#funnel [data-state="awaiting-approval"]');
    await row.waitFor();
    expect(await row.locator('.funnel__count').textContent()).toBe('1');

    await row.getByRole('link').click();
    await page.waitForURL('**/instances?state=awaiting-approval');
    await page.getByRole('table', { name: '1 instance' }).waitFor();
    expect(await page.locator('tbody .badge').allTextContents()).toEqual(['awaiting-approval']);
    expect(await page.getByRole('list', { name: 'Filters in force' }).textContent()).toContain(
      'State: awaiting-approval',
    );
    await page.getByRole('link', { name: instanceId }).click();
    await page.getByRole('heading', { name: 'Checks' }).waitFor();
    expect(await page.locator('main .badge').first().textContent()).toBe('awaiting-approval');

    expect(faults).toEqual([]);
    const stored = (await at.app.ledger.enrollments.read(target, [instanceId])).get(instanceId);
    const gone = { instanceId, expected: stored?.version ?? 0, value: null };
    await at.app.ledger.enrollments.write(target, 'each', [gone], []);
  });

  test('hosts over time are told by cause and by account group, too', async () => {
    const bucket = await gatherBucket(at.app.ledger);
    if (bucket !== null) await at.app.ledger.history.keep(bucket, resolutionsAt(1));
    const { page, faults } = await at.browser.open('/');
    const chart = page.getByRole('region', { name: /over time/ });
    const legend = async () =>
      (await chart.locator('.chart__legend li').allTextContents()).map((text) => text.trim());
    await expect.poll(legend).toContain(`Joined ${SEEDED.joined}`);

    await chart.getByRole('button', { name: 'By cause' }).click();
    await expect.poll(legend).toContain('host-disk-full 3');
    expect(await legend()).toContain('ec2-join-failure 4');

    await chart.getByRole('button', { name: 'By account group' }).click();
    await expect.poll(legend).toContainEqual(expect.stringMatching(/^1111222233\d\d \d+$/));
    expect(await legend()).toContainEqual(expect.stringMatching(/^\d+ others \d+$/));
    expect(await seriousFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  test('findings are filtered in the address, and the way back works', async () => {
    const { page, faults } = await at.browser.open('/findings?owner=aws-admin');
    await page.locator('#findings > li').first().waitFor();
    const ofAdmin = await page.locator('#findings > li').count();

    await page.getByRole('button', { name: 'Clear all' }).click();
    await expect.poll(() => page.locator('#findings > li').count()).toBeGreaterThan(ofAdmin);
    expect(new URL(page.url()).search).toBe('');

    const cause = page.locator('[data-finding^="cause:ec2-join-failure"]');
    expect(await cause.textContent()).toContain('Teleport administrator');
    await cause.getByRole('link', { name: 'Show 4 hosts' }).click();
    await page.waitForURL('**/instances?cause=ec2-join-failure');
    await page.goBack();
    await cause.waitFor();
    expect(faults).toEqual([]);
  });

  test('the roll-out shows pauses, caps and the brake', async () => {
    const { page, faults } = await at.browser.open('/rollout');
    const pause = page.locator(`[data-scope="account:${accountId(3)}"]`);
    await pause.waitFor();

    expect(await pause.textContent()).toContain('change freeze of the identity team');
    expect(await textOf(page, '#caps [data-cap="all"]')).toMatch(/^All hosts under way/);
    expect(await page.getByText('The brake stops a scope when more than').count()).toBe(1);
    expect(faults).toEqual([]);
  });

  test('one who may only look is told how to act', async () => {
    const { page, faults } = await at.browser.open('/rollout');
    await page.getByRole('button', { name: 'Pause all sends' }).click();

    const dialog = page.getByRole('dialog');
    await dialog.getByText('muster console login').waitFor();
    expect(await dialog.getByRole('button').allTextContents()).toEqual(['Close']);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test.each(LOOKS)(
    'an act says first whom it would touch, and does nothing unless it is confirmed ($width px, $theme)',
    async (look) => {
      const { page, faults } = await at.browser.open('/rollout', { ...look, role: 'operator' });
      await page.getByRole('button', { name: 'Pause all sends' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('Nothing has been done yet.').waitFor();

      expect(await dialog.textContent()).toMatch(/\d+ hosts in \d+ accounts/);
      expect(await isTooWide(page)).toBe(false);
      expect(await seriousFaults(page)).toEqual([]);
      await dialog.getByRole('button', { name: 'Do nothing' }).click();
      await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
      expect((await at.app.ledger.control.pauses()).map(({ scope }) => scope)).toEqual([
        `account:${accountId(3)}`,
      ]);
      expect(faults).toEqual([]);
    },
  );

  test('a pause of an account is made and ended on the roll-out', async () => {
    const { page, faults } = await at.browser.open('/rollout', { role: 'operator' });
    await page.getByLabel('Which account').fill(accountId(5));
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason, for the audit').fill('moving house');
    await dialog.getByRole('button', { name: `Pause account ${accountId(5)}` }).click();
    await dialog.locator('[data-action-state="done"]').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();

    const pause = page.locator(`[data-scope="account:${accountId(5)}"]`);
    await pause.getByText('moving house').waitFor();
    await pause.getByRole('button', { name: 'Resume' }).click();
    await dialog.getByRole('button', { name: /^Resume account/ }).click();
    await dialog.locator('[data-action-state="done"]').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();

    await expect.poll(() => pause.count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test('a scope that does not exist is refused, in the words of the API', async () => {
    const { page } = await at.browser.open('/rollout', { role: 'operator' });
    await page.getByLabel('Which account').fill('999999999999');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();

    const alert = page.getByRole('dialog').getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toContain('999999999999');
    expect(
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /^Pause/ })
        .count(),
    ).toBe(0);
  });

  test('what waits for an approval stands first on the roll-out, and is approved there', async () => {
    await at.app.ledger.approvals.ask({
      subject: 'cleanup:nodes',
      hosts: 40,
      accounts: 3,
      grow: 0.1,
      detail: 'The clean-up would remove 40 nodes at once.',
    });
    const { page, faults } = await at.browser.open('/rollout', { role: 'operator' });
    const request = page.locator('[data-subject="cleanup:nodes"]');
    await request.getByText('would remove 40 nodes').waitFor();
    expect(await request.textContent()).toContain('40 hosts in 3 accounts');
    expect(await seriousFaults(page)).toEqual([]);

    await request.getByRole('button', { name: 'Approve' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Approve the clean-up' }).click();
    await dialog.locator('[data-action-state="done"]').waitFor();

    expect(await at.app.ledger.approvals.approval('cleanup:nodes')).toMatchObject({
      hosts: 40,
      by: expect.stringContaining('ann@laptop') as string,
    });
    expect(faults).toEqual([]);
  });

  test('a finding is muted with a reason and an end, and found among the muted', async () => {
    const id = 'cause:host-disk-full@cause:host-disk-full';
    const { page, faults } = await at.browser.open('/findings', { role: 'operator' });
    const finding = page.locator(`[data-finding="${id}"]`);
    await finding.getByRole('button', { name: 'Mute' }).click();
    const dialog = page.getByRole('dialog');
    expect(await seriousFaults(page)).toEqual([]);
    await dialog.getByLabel('Reason').fill('new disks come on Monday');
    await dialog.getByRole('button', { name: 'Mute', exact: true }).click();
    await expect.poll(() => finding.count()).toBe(0);

    await page.getByRole('button', { name: 'Muted' }).click();
    await finding.getByText('new disks come on Monday').waitFor();
    expect(new URL(page.url()).search).toBe('?muted=true');
    await finding.getByRole('button', { name: 'Change the mute' }).click();
    await dialog.getByRole('button', { name: 'End the mute' }).click();
    await expect.poll(() => finding.count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test('the audit shows who did what, and that its chain holds', async () => {
    const { page, faults } = await at.browser.open('/audit');
    await page.locator('tbody tr').first().waitFor();

    expect(await page.locator('tbody').textContent()).toContain('moving house');
    expect(await page.locator('#chain').getAttribute('data-holds')).toBe('true');
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Hash' }).click();
    await page.getByRole('columnheader', { name: 'Hash' }).waitFor();
    expect(new URL(page.url()).search).toContain('hash');
    expect(faults).toEqual([]);
  });

  test('settings show Redis and the configuration, without its defaults until they are wanted', async () => {
    const { page, faults } = await at.browser.open('/settings');
    await page.locator('#settings > div').first().waitFor();
    const changed = await page.locator('#settings > div').count();

    await page.getByLabel('Defaults too').check();
    expect(await page.locator('#settings > div').count()).toBeGreaterThan(changed);
    await page.getByLabel('Part of a setting').fill('brake.window');
    await expect.poll(() => page.locator('#settings dt').allTextContents()).toEqual(['muster.brake.window']);
    expect(await textOf(page, '#redis')).toContain('noeviction');
    expect(faults).toEqual([]);
  });

  test('an admin sees in the settings who may come in, and revokes a token; an operator sees nothing of it', async () => {
    const { tokens } = at.app.ledger.access;
    const lifeMs = 3_600_000;
    await tokens.make({ name: 'old-pipeline', role: 'operator', scope: 'all', by: 'bob', lifeMs });
    const { page, faults } = await at.browser.open('/settings', { role: 'admin' });
    await page.getByRole('button', { name: 'Revoke old-pipeline' }).click();
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();

    await page.getByText('No API token is in force').waitFor();
    expect(await tokens.list()).toEqual([]);
    const operator = await at.browser.open('/settings', { role: 'operator' });
    await isRead(operator.page);
    expect(await operator.page.locator('#access-title').count()).toBe(0);
    expect([...faults, ...operator.faults]).toEqual([]);
  });

  test.each(PAGES)(
    '%s is whole at both widths, and axe finds nothing serious in light and in dark',
    async (path) => {
      const { page } = await at.browser.open(path);
      await isRead(page);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 844 });
        await expect.poll(() => isTooWide(page)).toBe(false);
        for (const theme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
          expect(await seriousFaults(page), `${width} px, ${theme}`).toEqual([]);
        }
      }
    },
  );

  test.each([...PAGES, '/accounts', '/instances'])(
    '%s weighs less than 300 KB with all that it loads',
    async (path) => {
      const { page } = await at.browser.open('/nowhere');
      const sizes: Promise<number>[] = [];
      await page.route('**/*', (route) => route.continue());
      page.on('requestfinished', (request) => {
        if (!request.url().includes('/api/')) {
          sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
        }
      });
      await page.goto(at.app.url + path);
      await isRead(page);

      const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
      expect(bytes).toBeGreaterThan(50_000);
      expect(bytes).toBeLessThan(MOST_BYTES);
    },
  );
});
