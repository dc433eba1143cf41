import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { catalog } from '@muster/core/jobs/catalog';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';
import { anInstanceId, aRecord, aTarget } from '@muster/testing/builders';
import { accountId, HOSTILE_OUTPUT, SEEDED, seedOrganization } from './seeded-ledger.fixture.ts';

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

/** A page, and whatever it did that it should not. */
interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts, of the policy and of the network. */
  readonly errors: string[];
  /** Requests to other servers than the console. */
  readonly outside: string[];
}

const missing = existsSync(CHROMIUM) ? '' : ` (skipped: no browser at ${CHROMIUM}; set CHROMIUM to one)`;

describe.skipIf(missing !== '')(`the console in a real browser${missing}`, () => {
  let app: RunningApp;
  let browser: Browser;
  const open: Page[] = [];

  beforeAll(async () => {
    [app, browser] = await Promise.all([
      startApp(),
      chromium.launch({ executablePath: CHROMIUM, args: FLAGS }),
    ]);
    await seedOrganization(app.ledger, Date.now());
    await app.jobQueue.enqueue(catalog['scan-target'], {
      target: { accountId: accountId(0), region: 'eu-west-1' as never },
    });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((page) => page.close()));
  });
  afterAll(async () => {
    await browser.close();
    await app.stop();
  });

  async function openPage(path: string, width = 1280, of = app): Promise<WatchedPage> {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    open.push(page);
    const errors: string[] = [];
    const outside: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('requestfailed', (request) =>
      errors.push(`${request.url()} ${request.failure()?.errorText ?? ''}`),
    );
    page.on('request', (request) => {
      if (!request.url().startsWith(`${of.url}/`)) outside.push(request.url());
    });
    await page.goto(of.url + path);
    return { page, errors, outside };
  }

  async function textOf(page: Page, selector: string): Promise<string> {
    return (await page.locator(selector).textContent())?.trim() ?? '';
  }

  test('it shows where the organization stands', async () => {
    const { page, errors, outside } = await openPage('/');
    await page.locator('#freshness[data-health="live"]').waitFor();

    expect(await textOf(page, '#sweep-verdict')).toContain('Running');
    expect(await textOf(page, '#sweep-targets')).toBe('76 of 77 targets read');
    expect(await textOf(page, '#joined-count')).toBe(String(SEEDED.joined));
    expect(await textOf(page, '#joined-of')).toBe(
      `of ${SEEDED.instances} instances in 72 of 77 targets read`,
    );
    expect(await textOf(page, '#accounts-total')).toBe(String(SEEDED.accounts));
    expect(await textOf(page, '#accounts-denied')).toContain('1 cannot be entered');
    expect(await textOf(page, '#commands-sent')).toBe(String(SEEDED.commandsSent));
    expect(await textOf(page, '#commands-live')).toBe('3 live now');
    expect(await textOf(page, '#funnel [data-key="installing"] .count')).toBe('11');
    expect(await textOf(page, '#beside [data-key="ineligible"] .count')).toBe('12');
    expect(await textOf(page, '#targets-legend [data-key="denied"] .count')).toBe('2');
    expect(await page.locator('#targets-bar').getAttribute('aria-label')).toContain('71 complete');
    expect(await textOf(page, '#causes [data-key="ec2-join-failure"]')).toContain(
      'Who must act: The Teleport administrator',
    );
    expect(await textOf(page, '#calls-rows [data-key="ssm:SendCommand"]')).toBe('ssm:SendCommand843 (4 %)');
    expect(await page.locator('#attention-items li').allTextContents()).toEqual([
      expect.stringContaining(`muster resume --account ${accountId(3)}`) as string,
      expect.stringContaining('tctl get nodes') as string,
      expect.stringMatching(/1 account not read.*The AWS administrator\. Create the member role/) as string,
      expect.stringMatching(/1 target not read.*exempt the member role from the policy/) as string,
      expect.stringContaining('1 target not read: AWS throttled') as string,
      expect.stringContaining('1 target not read: AWS did not answer') as string,
    ]);
    expect([errors, outside]).toEqual([[], []]);
  });

  test('it follows the ledger without being loaded again', async () => {
    const { page, errors } = await openPage('/');
    await page.locator('#freshness[data-health="live"]').waitFor();

    await app.ledger.statistics.addCommandsSent(16);

    await page.locator('#commands-sent', { hasText: '100' }).waitFor();
    await app.ledger.statistics.addCommandsSent(-16);
    expect(errors).toEqual([]);
  });

  test('a state leads to its instances, a cause to its own, and the way back works', async () => {
    const { page, errors, outside } = await openPage('/');
    await page.locator('#beside [data-key="failed"] a').click();

    await page.locator('#list-rows tr').first().waitFor();
    expect(await page.locator('#list-rows tr').count()).toBe(7);
    expect(await textOf(page, '#list-title')).toBe('Instances: state failed');
    expect(await page.locator('#beside [data-key="failed"] a').getAttribute('aria-current')).toBe('true');

    await page.locator('#causes [data-key="host-disk-full"] a').click();
    await page.locator('#list-title', { hasText: 'host-disk-full' }).waitFor();
    await expect.poll(() => page.locator('#list-rows tr').count()).toBe(3);

    await page.goBack();
    await expect.poll(() => page.locator('#list-rows tr').count()).toBe(7);
    await page.locator('#list-close').click();
    expect(await page.locator('#list').isHidden()).toBe(true);
    expect([errors, outside]).toEqual([[], []]);
  });

  test('what a host printed is text, whatever it looks like', async () => {
    const { page, errors } = await openPage('/#instances?cause=host-disk-full');
    const output = page.locator('#list-rows pre').first();
    await output.waitFor({ state: 'attached' });

    expect(await output.textContent()).toBe(
      HOSTILE_OUTPUT.replace('\u202e', String.raw`\u202e`).replace('\u200b', String.raw`\u200b`),
    );
    expect(await page.locator('#list-rows img').count()).toBe(0);
    expect(await page.title()).not.toBe('taken');
    expect(errors).toEqual([]);
  });

  test('targets that were not read are listed with the reason', async () => {
    const { page } = await openPage('/');
    await page.locator('#targets-legend [data-key="denied"] a').click();

    await page.locator('#list-rows tr').first().waitFor();
    const rows = await page.locator('#list-rows tr').allTextContents();
    expect(rows).toHaveLength(2);
    expect(rows.join()).toContain('sts:AssumeRole');
    expect(rows.join()).toContain('all regions');
    expect(rows.join()).toContain('service control policy');
  });

  test.each([400, 1280])('nothing is cut off at a width of %s', async (width) => {
    const { page } = await openPage('/#instances?state=failed', width);
    await page.locator('#list-rows tr').first().waitFor();

    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');

    expect(overflow).toBeLessThanOrEqual(0);
  });

  test('it can be used from the keyboard', async () => {
    const { page } = await openPage('/');
    await page.locator('#freshness[data-health="live"]').waitFor();

    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    await page.locator('#beside [data-key="failed"] a').focus();
    await page.keyboard.press('Enter');
    await page.locator('#list-rows tr').first().waitFor();

    expect(await page.evaluate('document.activeElement.id')).toBe('list-title');
  });

  test('the queues are shown by Bull Board, and nothing leaves the browser', async () => {
    const { page, errors, outside } = await openPage('/');
    await page.locator('nav a', { hasText: 'Queues' }).click();

    for (const name of ['discovery', 'enrollment', 'inventory']) {
      await page.getByText(name, { exact: true }).first().waitFor();
    }
    await page.goto(`${app.url}/queues/queue/discovery?status=waiting`);
    await page
      .getByText(`scan-target ${accountId(0)} eu-west-1`)
      .first()
      .waitFor();
    expect(await page.getByRole('button', { name: /add job|retry|clean|promote|pause/i }).count()).toBe(0);
    expect([errors, outside]).toEqual([[], []]);
  });

  test('a state that only a newer release knows has a place of its own, and its instances a list', async () => {
    const own = await startApp();
    const value = {
      ...aRecord('discovered'),
      instanceId: anInstanceId(1),
      state: 'awaiting-approval',
    } as never;
    await own.ledger.enrollments.write(
      aTarget(),
      'each',
      [{ instanceId: anInstanceId(1), expected: 0, value }],
      [],
    );
    const { page, errors } = await openPage('/', 1280, own);

    await page.locator('#beside [data-key="awaiting-approval"] a').click();

    await page.locator('#list-rows tr', { hasText: 'awaiting-approval' }).waitFor();
    expect(await textOf(page, '#beside [data-key="awaiting-approval"] .count')).toBe('1');
    expect(errors).toEqual([]);
    await page.close();
    await own.stop();
  });

  test('without Redis it says so, and keeps what it knew with its age', async () => {
    const own = await startApp();
    await seedOrganization(own.ledger, Date.now());
    const { page } = await openPage('/', 1280, own);
    await page.locator('#freshness[data-health="live"]').waitFor();

    await own.redis.stop();

    await page.locator('#outage-title', { hasText: 'Redis does not answer.' }).waitFor();
    expect(await textOf(page, '#outage-detail')).toMatch(/^What you see was read \d+ s ago\.$/);
    expect(await textOf(page, '#freshness')).toMatch(/^Not live, read \d+ s ago$/);
    expect(await textOf(page, '#announcer')).toContain('Redis does not answer.');
    expect(await textOf(page, '#joined-count')).toBe(String(SEEDED.joined));
    await page.close();
    await own.stop();
  });
});
