/** docs/doctor.md and docs/plan.md name everything that the commands can print. */
import { globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { CHECK_CAUSES, CHECK_IDS } from '@muster/core/reports/doctor/check';
import { MEMBER_ACTIONS, ORGANIZATION_ACTIONS } from '@muster/core/organization/aws-actions';
import { NO_INSTANCES, READ_STATUSES } from '@muster/core/reports/plan/plan-part';
import { describe, expect, test } from 'vitest';

async function page(name: string): Promise<string> {
  return readFile(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
}

test.each([
  ['doctor', [...CHECK_IDS, ...CHECK_CAUSES, ...MEMBER_ACTIONS]],
  ['plan', [...READ_STATUSES, ...Object.keys(NO_INSTANCES)]],
])('%s.md names every word', async (name, words) => {
  const text = await page(name);

  expect(words.filter((word) => !text.includes(`\`${word}\``))).toEqual([]);
});

// test/e2e/doctor-all-at-once.test.ts says the same of what the doctor really answered.
test('every cause that the doctor knows is brought about by a test', () => {
  const root = new URL('../../', import.meta.url).pathname;
  const files = globSync(['test/e2e/doctor*.test.ts', 'apps/worker/src/reports/check-*.int.test.ts'], {
    cwd: root,
  });
  const tests = files.map((file) => readFileSync(`${root}${file}`, 'utf8')).join('\n');

  expect(CHECK_CAUSES.filter((cause) => !tests.includes(`'${cause}'`))).toEqual([]);
});

describe('least privilege', () => {
  test('the doctor asks for exactly what the design requires', () => {
    expect([...MEMBER_ACTIONS].toSorted((a, b) => a.localeCompare(b))).toEqual([
      'account:ListRegions',
      'ec2:DescribeInstances',
      'ssm:DescribeInstanceInformation',
      'ssm:GetCommandInvocation',
      'ssm:ListCommandInvocations',
      'ssm:SendCommand',
    ]);
    expect(ORGANIZATION_ACTIONS).toHaveLength(3);
  });
});
