import { startTeleportSim, type TeleportSim } from '@muster/teleport-sim/start';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { judgeInstallerScript } from '../reports/doctor/teleport-checks.ts';
import { createTeleportAdapter } from './adapter.ts';

const signal = AbortSignal.timeout(30_000);
let sim: TeleportSim;

beforeAll(async () => {
  sim = await startTeleportSim({
    installers: { 'no-shebang': 'echo installing from {{.PublicProxyAddr}} now\n' },
  });
});
afterAll(() => sim.close());

async function judge(name: string, pin: string | null = null): Promise<string> {
  const proxy = `127.0.0.1:${sim.port}`;
  const adapter = createTeleportAdapter({ proxyServer: proxy, inventory: { kind: 'none' } });
  return judgeInstallerScript(await adapter.fetchInstaller(proxy, name, signal), pin).kind;
}

test('an installer is fetched as hosts do, and judged', async () => {
  expect(await judge('default-installer')).toBe('sane');
  expect(await judge('no-shebang')).toBe('doubtful');
  expect(await judge('never-created')).toBe('missing');
  expect(await judge('default-installer', 'f'.repeat(64))).toBe('changed');
  sim.setFaults({ installer: 'html' });
  expect(await judge('default-installer')).toBe('not-a-script');
  sim.setFaults({ installer: 'rate-limited' });
  expect(await judge('default-installer')).toBe('unreachable');
});

test('a proxy that does not answer is unavailable, and what is no address is invalid', async () => {
  const adapter = createTeleportAdapter({ proxyServer: null, inventory: { kind: 'none' } });

  await expect(adapter.fetchInstaller('127.0.0.1:1', 'x', signal)).rejects.toMatchObject({
    code: 'teleport.unavailable',
  });
  await expect(adapter.fetchInstaller('not a host', 'x', signal)).rejects.toMatchObject({
    code: 'teleport.invalid',
  });
});
