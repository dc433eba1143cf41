/**
 * `npm run sim`: the simulated AWS Organization and Teleport cluster alone, until Ctrl-C. Prints the environment that
 * points the CLI and any AWS SDK at them, and writes it to `.muster/sim.env`, with a configuration for this world in
 * `.muster/sim.yaml`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { awsSimFlags, readAwsSimFlags } from '@muster/aws-sim/flags';
import { type AwsSim, type AwsSimOptions, startAwsSim } from '@muster/aws-sim/start';
import { guardOutput } from '@muster/cli/guarded-output';
import { startTeleportSim, type TeleportSim } from '@muster/teleport-sim/start';
import { ANY_ROLE, demoConfig, writeMarkerKey } from './demo-config.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DEFAULT_AWS_PORT = 4566;
const DEFAULT_PROXY_PORT = 3080;
const USAGE = `npm run sim -- [${Object.keys(simFlags())
  .map((flag) => `--${flag} …`)
  .join('] [')}]`;

function simFlags() {
  const { 'proxy-url': _, ...world } = awsSimFlags;
  return { ...world, 'proxy-port': { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
}

function readFlags(): { readonly options: AwsSimOptions; readonly proxyPort: number } {
  try {
    const { values } = parseArgs({ options: simFlags() });
    if (values.help === true) end(0, USAGE);
    const read = readAwsSimFlags(values);
    const proxyPort = Number(values['proxy-port'] ?? DEFAULT_PROXY_PORT);
    const portFault =
      Number.isInteger(proxyPort) && proxyPort >= 0 && proxyPort <= 65_535
        ? []
        : ['--proxy-port must be a port'];
    if (!read.ok || portFault.length > 0) end(64, [...(read.ok ? [] : read.faults), ...portFault].join('\n'));
    return { options: read.ok ? read.options : {}, proxyPort };
  } catch (error) {
    return end(64, `${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function end(exitCode: number, message: string): never {
  (exitCode === 0 ? console.log : console.error)(message);
  process.exit(exitCode);
}

async function startBoth(options: AwsSimOptions, proxyPort: number): Promise<[AwsSim, TeleportSim]> {
  const aws = await startAwsSim({ ...options, port: options.port ?? DEFAULT_AWS_PORT });
  const teleport = await startTeleportSim({
    port: proxyPort,
    organizationId: aws.organizationId,
    seed: aws.world.seed,
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.speed === undefined ? {} : { speed: options.speed }),
  });
  await aws.connectProxy(teleport.url);
  return [aws, teleport];
}

function environment(aws: AwsSim, teleport: TeleportSim, speed: number, configPath: string): string {
  const lines = [
    `export AWS_ENDPOINT_URL=${aws.url}`,
    'export AWS_REGION=us-east-1',
    `export AWS_ACCESS_KEY_ID=${aws.world.access.accessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${aws.world.access.secretAccessKey}`,
    'unset AWS_SESSION_TOKEN AWS_PROFILE',
    `export TELEPORT_SIM_URL=${teleport.url}`,
    `export PATH="${join(ROOT, 'packages/teleport-sim/bin')}:$PATH"`,
    `export MUSTER_CONFIG=${configPath}`,
    ...(speed === 1 ? [] : [`export MUSTER_SPEED=${speed}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** The organization guide's example, for this world. */
function configuration(aws: AwsSim, teleport: TeleportSim): string {
  return demoConfig({
    organizationId: aws.organizationId,
    proxyAddress: `127.0.0.1:${teleport.port}`,
    roleName: aws.world.access.roleName ?? ANY_ROLE,
    externalId: aws.world.access.externalId,
    matchTags: aws.world.matchTags,
    joinToken: aws.world.joinToken,
    redisPrefix: 'muster',
    tctl: join(ROOT, 'packages/teleport-sim/bin/tctl'),
    consolePort: 8080,
    once: false,
  });
}

guardOutput(process);
const { options, proxyPort } = readFlags();
const [aws, teleport] = await startBoth(options, proxyPort).catch((error: unknown) =>
  end(1, error instanceof Error ? error.message : String(error)),
);
const folder = join(ROOT, '.muster');
const [configPath, environmentPath] = [join(folder, 'sim.yaml'), join(folder, 'sim.env')];
const variables = environment(aws, teleport, options.speed ?? 1, configPath);
await mkdir(folder, { recursive: true });
writeMarkerKey(folder);
await writeFile(configPath, configuration(aws, teleport));
await writeFile(environmentPath, variables);

console.log(variables);
console.log(`# The same, for another terminal:   . ${environmentPath}
# Then:                              ./muster config check && ./muster run
# It holds its first send; look, then:   ./muster status && ./muster resume --all
# The referee:                       curl -s ${aws.url}/_sim/report
# Make the proxy misbehave:          curl -s ${teleport.url}/_sim/faults -d '{"inventory":"half"}'`);

let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (isStopping) return;
    isStopping = true;
    void Promise.all([aws.close(), teleport.close()]);
  });
}
