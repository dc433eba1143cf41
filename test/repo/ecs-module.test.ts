/** deploy/ecs: what can be known of it without an AWS account. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exampleSettings, fileOf } from '@muster/cli/init/example.fixture';
import { readEnvironment } from '@muster/core/config/environment';
import { parseConfig } from '@muster/core/config/parse-config';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { blocksOf } from './guide-blocks.ts';
import { type ContainerDefinition, ECS_CONTAINERS, evaluateContainers, FILE_ARNS } from './ecs-containers.ts';
import {
  danglingReferences,
  type HclBlock,
  type ProviderSchema,
  readModule,
  schemaFaults,
  TERRAFORM_IS_HERE,
} from './terraform-module.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/ecs', import.meta.url));
const PAGE = readFileSync(new URL('../../docs/deploy/ecs.md', import.meta.url), 'utf8');
const SCHEMA = JSON.parse(
  readFileSync(new URL('aws-provider-schema.json', import.meta.url), 'utf8'),
) as ProviderSchema;

const root = await readModule(FOLDER);
const containers = await readModule(join(FOLDER, 'containers'));

function resource(type: string, name: string): HclBlock {
  const [found] = root.files.flatMap((file) => file.resource?.[type]?.[name] ?? []);
  if (found === undefined) throw new Error(`no ${type}.${name}`);
  return found;
}

test('every resource and argument is one that the provider knows, and none is missing', () => {
  expect(schemaFaults(root, SCHEMA)).toEqual([]);
  const types = root.files.flatMap((file) => Object.keys(file.resource ?? {}));
  expect(new Set(types).size).toBeGreaterThan(15);
});

test('the check of arguments finds what is wrong', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-hcl-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const text = readFileSync(join(FOLDER, 'services.tf'), 'utf8')
    .replace('desired_count      ', 'desired_counts     ')
    .replace('enable   = true', 'enable   = "yes"')
    .replace(/name += "containerInsights"\n/, '')
    .replace('"aws_ecs_service" "worker"', '"aws_ecs_servant" "worker"')
    .replace('aws_security_group.worker', 'aws_security_group.workers');
  spawnSync('tee', [join(folder, 'services.tf')], { input: text });

  const module = await readModule(folder);

  expect(schemaFaults(module, SCHEMA)).toEqual([
    'aws_ecs_cluster.muster.setting.name: missing',
    'aws_ecs_servant.worker: unknown type',
    'aws_ecs_service.scheduler.deployment_circuit_breaker.enable: "yes" is no boolean',
    'aws_ecs_service.scheduler.desired_counts: unknown argument',
  ]);
  expect(danglingReferences(module, {})).toContain('aws_security_group.workers');
});

test('nothing is named that is not declared, and no variable is declared in vain', () => {
  expect(danglingReferences(root, { scheduler: containers, worker: containers })).toEqual([]);
  expect(danglingReferences(containers, {})).toEqual([]);
  for (const module of [root, containers]) {
    const variables = module.files.flatMap((file) => Object.keys(file.variable ?? {}));
    expect(variables.filter((name) => !new RegExp(`\\bvar\\.${name}\\b`).test(module.text))).toEqual([]);
  }
});

test('every variable says what it is, and stands in docs/deploy/ecs.md', () => {
  const variables = root.files.flatMap((file) => Object.entries(file.variable ?? {}));

  expect(variables.length).toBeGreaterThan(25);
  for (const [name, [block]] of variables) {
    const { description, default: fallback } = block as { description: string; default?: unknown };
    const shown = fallback === undefined ? 'required' : fallback === null ? '' : `\`${textOf(fallback)}\``;
    const said = description.replaceAll('=>', '→').replace(' Default: ', ' Without it: ');
    expect(PAGE, name).toContain(`| \`${name}\` | ${shown} | ${said} |`);
  }
});

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

test('a scheduler has no role of AWS, a worker the discovery role, and each fetches its own files', () => {
  expect(resource('aws_ecs_task_definition', 'scheduler')).not.toHaveProperty('task_role_arn');
  expect(resource('aws_ecs_task_definition', 'worker')).toMatchObject({
    task_role_arn: '${local.worker_role_arn}',
  });
  for (const name of ['scheduler', 'worker']) {
    expect(resource('aws_ecs_task_definition', name)['execution_role_arn']).toBe(
      `\${aws_iam_role.execution["${name}"].arn}`,
    );
    expect(resource('aws_ecs_service', name)).toMatchObject({
      deployment_circuit_breaker: [{ enable: true, rollback: true }],
      network_configuration: [
        { assign_public_ip: false, security_groups: [`\${aws_security_group.${name}.id}`] },
      ],
    });
  }
});

test('the Redis that is made evicts nothing, speaks TLS alone, and its password is in no state', () => {
  expect(resource('aws_elasticache_parameter_group', 'redis')['parameter']).toEqual([
    { name: 'maxmemory-policy', value: 'noeviction' },
  ]);
  const group = resource('aws_elasticache_replication_group', 'redis');
  expect(group).toMatchObject({
    transit_encryption_enabled: true,
    at_rest_encryption_enabled: true,
    automatic_failover_enabled: true,
    auth_token_wo: '${ephemeral.aws_secretsmanager_secret_version.redis_password[0].secret_string}',
  });
  expect(group).not.toHaveProperty('auth_token');
});

test('an old password of Redis ends by a second step that the operator can take', () => {
  expect(resource('aws_elasticache_replication_group', 'redis')).toMatchObject({
    auth_token_wo_version: '${var.redis_password_version}',
    auth_token_update_strategy: '${var.redis_password_strategy}',
  });
  expect(PAGE).toContain('`redis_password_strategy = "SET"`');
});

test.each(['worker', 'scheduler'])('the %ss can be replaced without the others', (service) => {
  const [module] = root.files.flatMap((file) => file.module?.[service] ?? []);

  expect(module?.['image']).toBe(`\${coalesce(var.${service}_image, var.image)}`);
});

test('nothing reaches a worker but Prometheus, and a scheduler but the load balancer', () => {
  const rules = root.files.flatMap((file) =>
    Object.values(file.resource?.['aws_vpc_security_group_ingress_rule'] ?? {}).flat(),
  );
  const into = (group: string): readonly HclBlock[] =>
    rules.filter((rule) => rule['security_group_id'] === `\${aws_security_group.${group}}`);

  expect(into('worker.id').map((rule) => rule['referenced_security_group_id'])).toEqual([
    '${var.metrics_security_group_id}',
  ]);
  expect(into('scheduler.id').map((rule) => rule['referenced_security_group_id'])).toEqual([
    '${aws_security_group.console[0].id}',
  ]);
  expect(rules.filter((rule) => rule['cidr_ipv4'] === '0.0.0.0/0')).toEqual([]);
});

test.skipIf(!TERRAFORM_IS_HERE)(
  'terraform fmt would change nothing (skipped where it is not installed)',
  () => {
    const { status, stdout } = spawnSync('terraform', ['fmt', '-check', '-recursive', '-diff', FOLDER], {
      encoding: 'utf8',
      env: { ...process.env, TF_CLI_CONFIG_FILE: undefined },
    });

    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  },
);

test.skipIf(process.env['MUSTER_TEST_TERRAFORM'] === undefined)(
  'terraform validate passes (needs the network for its AWS provider: set MUSTER_TEST_TERRAFORM=1)',
  { timeout: 300_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-ecs-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    cpSync(FOLDER, folder, { recursive: true });
    for (const args of [['init', '-backend=false', '-input=false'], ['validate']]) {
      const { status, stdout, stderr } = spawnSync('terraform', [`-chdir=${folder}`, ...args], {
        encoding: 'utf8',
      });

      expect({ status, output: `${stdout}${stderr}` }).toMatchObject({ status: 0 });
    }
  },
);

const SERVICES = ['scheduler', 'worker'] as const;

test.skipIf(!TERRAFORM_IS_HERE).each(SERVICES)(
  'test/repo/ecs-containers.json has the %s’s containers as the module makes them (skipped where terraform is not installed; UPDATE=1 writes it)',
  (service) => {
    const made = evaluateContainers(service);
    if (process.env['UPDATE'] === '1') {
      const file = new URL('ecs-containers.json', import.meta.url);
      const known = JSON.parse(readFileSync(file, 'utf8')) as object;
      writeFileSync(file, `${JSON.stringify({ ...known, [service]: made }, null, 2)}\n`);
    }

    expect(ECS_CONTAINERS[service]).toEqual(made);
  },
);

test.each(SERVICES)('the %s’s containers are locked down and told what Muster knows', (service) => {
  const definitions = ECS_CONTAINERS[service];

  expect(definitions.map(({ name }) => name)).toEqual([
    'files',
    service,
    ...(service === 'worker' ? ['tbot'] : []),
  ]);
  for (const definition of definitions) {
    expect(definition).toMatchObject({
      readonlyRootFilesystem: true,
      linuxParameters: { capabilities: { drop: ['ALL'] } },
      logConfiguration: { logDriver: 'awslogs' },
    });
    expect(definition.user).toBe(definition.name === 'files' ? '0' : '1000');
    expect(environmentFaults(definition)).toEqual([]);
  }
  const main = definitions[1];
  const port = service === 'scheduler' ? 8080 : 9090;
  expect(main).toMatchObject({
    command: [service],
    essential: true,
    stopTimeout: 40,
    portMappings: [{ containerPort: port, hostPort: port }],
    dependsOn: [
      { containerName: 'files', condition: 'SUCCESS' },
      ...(service === 'worker' ? [{ containerName: 'tbot', condition: 'START' }] : []),
    ],
  });
  expect(main?.healthCheck?.command.join(' ')).toContain(`http://127.0.0.1:${port}/readyz`);
  // No secret in the environment of a process that talks to the network.
  expect(main).not.toHaveProperty('secrets');
  expect(JSON.stringify(main?.environment).includes('AWS_')).toBe(service === 'worker');
});

function environmentFaults({ environment }: ContainerDefinition): readonly string[] {
  const findings = { faults: [], notes: [] };
  readEnvironment(Object.fromEntries(environment.map(({ name, value }) => [name, value])), findings);
  return findings.faults;
}

test.skipIf(!TERRAFORM_IS_HERE)(
  'both listen inside the task alone, unless the network is let in (skipped where terraform is not installed)',
  () => {
    const listen = (service: 'scheduler' | 'worker', more: object): unknown =>
      evaluateContainers(service, more)[1]?.environment.find(({ name }) => name.endsWith('_LISTEN'))?.value;

    expect(listen('scheduler', {})).toBe('127.0.0.1:8080');
    expect(listen('worker', {})).toBe('127.0.0.1:9090');
    expect(listen('scheduler', { listens_to_network: true })).toBe('0.0.0.0:8080');
    expect(listen('worker', { listens_to_network: true })).toBe('0.0.0.0:9090');
  },
);

test('the first container writes each secret into its file, whatever stands in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-ecs-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  for (const name of ['etc/muster', 'tmp', 'opt/machine-id']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const [files] = ECS_CONTAINERS.worker;
  const text = (name: string): string => `first line of ${name}\n$(id) "quoted" \\n 'x'`;
  const env = Object.fromEntries(
    (files?.secrets ?? []).map(({ name, valueFrom }) => [
      name,
      text(Object.entries(FILE_ARNS).find(([, arn]) => arn === valueFrom)?.[0] ?? ''),
    ]),
  );
  const script = files?.command[0]?.replaceAll(/(?<=[' ])\/(etc|tmp|opt)\b/g, `${folder}/$1`) ?? '';

  const { status, stderr } = spawnSync(
    files?.entryPoint?.[0] ?? '',
    [...(files?.entryPoint?.slice(1) ?? []), script],
    {
      env,
      encoding: 'utf8',
    },
  );

  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const name of Object.keys(FILE_ARNS)) {
    expect(readFileSync(join(folder, 'etc/muster', name), 'utf8')).toBe(`${text(name)}\n`);
    expect(statSync(join(folder, 'etc/muster', name)).mode & 0o777).toBe(0o444);
  }
  expect(existsSync(join(folder, 'etc/muster/muster.yaml'))).toBe(true);
});

test('the page makes of init’s tbot.yaml one that needs no disk, and every block of commands is one that bash reads', () => {
  const blocks = blocksOf(PAGE).filter(({ language }) => language === 'sh');
  const change = /^sed '(.*)' teleport\/tbot\.yaml/m.exec(PAGE)?.[1] ?? '';

  const { stdout } = spawnSync('sed', [change], {
    input: fileOf(exampleSettings(), 'teleport/tbot.yaml'),
    encoding: 'utf8',
  });

  expect(parse(stdout)).toMatchObject({
    storage: { type: 'memory' },
    outputs: [{ type: 'identity', destination: { type: 'directory', path: '/opt/machine-id' } }],
  });
  expect((parse(stdout) as { storage: object }).storage).toEqual({ type: 'memory' });
  expect(blocks.length).toBeGreaterThanOrEqual(2);
  for (const { text } of blocks) {
    expect(spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' }).stderr).toBe('');
  }
});

test('the console behind the load balancer is a sound configuration, and without a way to sign in it is refused', () => {
  const block = blocksOf(PAGE).find(({ language }) => language === 'yaml')?.text ?? '';
  const { muster: shown } = parse(block) as { muster: { console: Record<string, unknown> } };
  const config = parse(fileOf(exampleSettings(), 'muster.yaml')) as { muster: object };
  const read = (console: object): ReturnType<typeof parseConfig> =>
    parseConfig(JSON.stringify({ ...config, muster: { ...config.muster, console } }), {
      file: 'muster.yaml',
      env: { MUSTER_CONSOLE_LISTEN: '0.0.0.0:8080' },
      readFile: () => ({ ok: true, text: '0123456789abcdef'.repeat(4) }),
    });
  const { oidc: _, ...open } = shown.console;

  expect(read(shown.console)).toMatchObject({ ok: true, notes: [] });
  expect(read(open)).toMatchObject({ ok: false });
});
