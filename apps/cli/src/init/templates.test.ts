import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse as parseHcl } from '@cdktn/hcl2json';
import { expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { templateFaults } from './cloudformation-schema.fixture.ts';
import { isHere, runChecker } from './command-here.fixture.ts';
import { EXAMPLES, exampleSettings, fileOf } from './example.fixture.ts';
import { policyFaults } from './iam-grammar.fixture.ts';
import { initFiles } from './init-files.ts';
import type { InitSettings } from './settings.ts';

// Checkers are processes of their own: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 30_000 });

const KNOWN_ACCOUNT = '111122223333';

function templates(settings: InitSettings): readonly (readonly [path: string, content: string])[] {
  return initFiles(settings)
    .filter(({ path }) => path.startsWith('cloudformation/'))
    .map(({ path, content }) => [path, content]);
}

/** A template with the functions resolved as in one account. */
function deployed(text: string): { Resources: Record<string, { Properties: Record<string, unknown> }> } {
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const substitution: unknown = Reflect.get(value, 'Fn::Sub');
    if (typeof substitution === 'string') {
      return substitution
        .replaceAll('${AWS::AccountId}', '444455556666')
        .replaceAll('${DiscoveryAccountId}', KNOWN_ACCOUNT);
    }
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, resolve(part)]));
  };
  return resolve(parse(text)) as ReturnType<typeof deployed>;
}

test.each(EXAMPLES)("templates hold what AWS's resource specification knows: %s", async (_, settings) => {
  for (const [path, content] of templates(settings)) {
    const faults = await templateFaults(parse(content, { version: '1.1' }));

    expect({ path, faults }).toEqual({ path, faults: [] });
    // As text in a request; a larger one must come from S3.
    expect(Buffer.byteLength(content)).toBeLessThan(51_200);
  }
});

test('the check of templates finds what is wrong', async () => {
  const template = parse(fileOf(exampleSettings(), 'cloudformation/member-role.yaml')) as ReturnType<
    typeof deployed
  >;
  const role = template.Resources['MemberRole'];
  if (role === undefined) throw new Error('no role');

  expect(await templateFaults({ Resources: { A: { Type: 'AWS::IAM::Roll' } } })).toEqual([
    'A: unknown type AWS::IAM::Roll',
  ]);
  expect(
    await templateFaults({
      Resources: { A: { ...role, Properties: { Nam: 'x', Policies: [{ PolicyName: 1 }] } } },
    }),
  ).toEqual([
    'A.AssumeRolePolicyDocument: missing',
    'A.Nam: unknown property',
    'A.Policies[0].PolicyDocument: missing',
    'A.Policies[0].PolicyName: 1',
  ]);
});

test.each(EXAMPLES)('YAML 1.1, as AWS reads it, and 1.2 give the same template: %s', (_, settings) => {
  for (const [, content] of templates(settings)) {
    expect(parse(content, { version: '1.1' })).toEqual(parse(content));
  }
});

test.each(EXAMPLES)(
  'the policies in templates are good ones once they are deployed: %s',
  async (_, settings) => {
    for (const [name, role] of [
      ['member-role', 'MemberRole'],
      ['discovery-role', 'DiscoveryRole'],
    ] as const) {
      const { Resources } = deployed(fileOf(settings, `cloudformation/${name}.yaml`));
      const properties = Resources[role]?.Properties ?? {};
      const [policy] = properties['Policies'] as { PolicyDocument: unknown }[];

      expect(await policyFaults(policy?.PolicyDocument, 'identity')).toEqual([]);
      expect(await policyFaults(properties['AssumeRolePolicyDocument'], 'trust')).toEqual([]);
    }
  },
);

test.skipIf(!isHere('cfn-lint'))(
  'cfn-lint has nothing to say (skipped where it is not installed)',
  { timeout: 60_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-init-'));
    try {
      const files = EXAMPLES.flatMap(([, settings], index) =>
        templates(settings).map(([path, content]) => {
          const file = join(folder, `${index}-${basename(path)}`);
          writeFileSync(file, content);
          return file;
        }),
      );

      expect(runChecker('cfn-lint', files)).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

interface HclStatement {
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources?: readonly string[];
  readonly condition?: readonly {
    readonly test: string;
    readonly variable: string;
    readonly values: readonly string[];
  }[];
}

/** The statements of one `aws_iam_policy_document` in an account, in IAM's own spelling. */
async function hclStatements(file: string, name: string): Promise<readonly unknown[]> {
  const parsed = (await parseHcl('main.tf', file)) as {
    data: { aws_iam_policy_document: Record<string, { statement: HclStatement[] }[]> };
  };
  const statements = parsed.data.aws_iam_policy_document[name]?.[0]?.statement ?? [];
  const resolve = (text: string): string =>
    text.replaceAll('${local.account}', '*').replaceAll('${var.discovery_account_id}', KNOWN_ACCOUNT);
  return statements.map(({ sid, actions, resources, condition }) => ({
    Sid: sid,
    Action: actions,
    ...(resources === undefined ? {} : { Resource: resources.map(resolve).join(' ') }),
    Condition: (condition ?? []).map((one) => [one.test, one.variable, one.values.map(resolve).join(' ')]),
  }));
}

/** The same of a JSON policy. */
function jsonStatements(file: string): readonly unknown[] {
  const { Statement } = JSON.parse(file) as {
    Statement: {
      Sid: string;
      Action: string[];
      Resource?: string;
      Condition?: Record<string, Record<string, string | string[]>>;
    }[];
  };
  return Statement.map(({ Sid, Action, Resource, Condition }) => ({
    Sid,
    Action,
    ...(Resource === undefined ? {} : { Resource }),
    Condition: Object.entries(Condition ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, value]) => [operator, key, [value].flat().join(' ')]),
    ),
  }));
}

test.each(EXAMPLES)('Terraform grants exactly what the JSON policies do: %s', async (_, settings) => {
  const discovery = fileOf(settings, 'terraform/discovery/main.tf');
  const member = fileOf(settings, 'terraform/member/main.tf');

  expect(await hclStatements(discovery, 'discovery')).toEqual(
    jsonStatements(fileOf(settings, 'iam/discovery-policy.json')),
  );
  expect(await hclStatements(discovery, 'trust')).toEqual(
    jsonStatements(fileOf(settings, 'iam/discovery-trust.json')),
  );
  expect(await hclStatements(member, 'member')).toEqual(
    jsonStatements(fileOf(settings, 'iam/member-policy.json')),
  );
});

test.each(EXAMPLES)(
  'Terraform for the organization hands over templates that are there: %s',
  async (_, settings) => {
    const file = fileOf(settings, 'terraform/organization/main.tf');
    const parsed = (await parseHcl('main.tf', file)) as { locals: Record<string, string>[] };
    const paths = parsed.locals.flatMap((local) => Object.values(local));

    for (const path of paths) {
      const found = /^\$\{file\("\$\{path\.module\}\/\.\.\/\.\.\/(.+)"\)\}$/.exec(path);
      expect(initFiles(settings).map((one) => one.path)).toContain(found?.[1]);
    }
    expect(paths).toHaveLength(templates(settings).length - 1);
  },
);

test.skipIf(!isHere('terraform'))(
  'terraform fmt would change nothing (skipped where it is not installed)',
  () => {
    for (const [, settings] of EXAMPLES) {
      for (const { path, content } of initFiles(settings).filter((file) => file.path.endsWith('.tf'))) {
        const changes = runChecker('terraform', ['fmt', '-check', '-diff', '-'], content);

        expect({ path, changes }).toEqual({ path, changes: '' });
      }
    }
  },
);

test.skipIf(process.env['MUSTER_TEST_TERRAFORM'] === undefined)(
  'terraform validate passes (needs the network for its AWS provider: set MUSTER_TEST_TERRAFORM=1)',
  { timeout: 300_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-init-'));
    try {
      for (const [index, [, settings]] of EXAMPLES.entries()) {
        for (const { path, content } of initFiles(settings)) {
          const place = join(folder, String(index), path);
          mkdirSync(join(place, '..'), { recursive: true });
          writeFileSync(place, content);
        }
        for (const part of ['discovery', 'member', 'organization']) {
          const at = `-chdir=${join(folder, String(index), 'terraform', part)}`;
          expect(runChecker('terraform', [at, 'init', '-backend=false'])).toBe('');
          expect(runChecker('terraform', [at, 'validate'])).toBe('');
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test('the role of tctl may remove nodes where the configuration removes them, and else only look', () => {
  const roleOf = (removesNodes: boolean): string =>
    fileOf({ ...exampleSettings(), removesNodes }, 'teleport/inventory.yaml');

  expect(parse(roleOf(false))).toMatchObject({
    spec: { allow: { rules: [{ resources: ['node'], verbs: ['list', 'read'] }, {}, {}] } },
  });
  expect(parse(roleOf(true))).toMatchObject({
    spec: { allow: { rules: [{ resources: ['node'], verbs: ['list', 'read', 'delete'] }, {}, {}] } },
  });
});

test('the role of tctl opens no shell, and reaches nodes, their labels and what other discoveries tell', () => {
  const text = fileOf({ ...exampleSettings(), removesNodes: true }, 'teleport/inventory.yaml');
  const { spec } = parse(text.split('\n---\n')[0] ?? '') as {
    spec: { allow: Record<string, unknown> & { rules: { resources: string[] }[] } };
  };

  // Nothing else: no logins, no impersonation, no access to databases or clusters.
  expect(Object.keys(spec)).toEqual(['allow']);
  expect(Object.keys(spec.allow).toSorted()).toEqual(['node_labels', 'rules']);
  expect(spec.allow.rules.flatMap(({ resources }) => resources).toSorted()).toEqual([
    'discovery_config',
    'discovery_service',
    'instance',
    'node',
    'server_info',
  ]);
});
