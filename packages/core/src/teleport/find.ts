import { z } from 'zod';
import { JobError, messageOf } from '../runtime/errors.ts';
import type { ClusterFacts, ManagedUpdates } from '../inventory/teleport-port.ts';
import { createHash } from 'node:crypto';
import type { InstallerAnswer } from '../reports/doctor/teleport-checks.ts';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 1_048_576;

/** The fields of PingResponse that we use (facts of Teleport 15 to 18; `/webapi/find` needs no login). */
const PingResponse = z.object({
  cluster_name: z.string().min(1),
  server_version: z.string().catch(''),
  proxy: z.object({ ssh: z.object({ public_addr: z.string().catch('') }).catch({ public_addr: '' }) }).catch({
    ssh: { public_addr: '' },
  }),
  /** Since Teleport 17. */
  auto_update: z
    .object({ agent_version: z.string().catch(''), agent_auto_update: z.boolean().catch(false) })
    .catch({ agent_version: '', agent_auto_update: false }),
});

/**
 * Asks a proxy what cluster it belongs to. Throws `teleport.unavailable` when it does not answer in ten seconds or is in
 * trouble, `teleport.denied` when something in front of it refuses, `teleport.invalid` when it is no Teleport proxy.
 *
 * @param proxyServer host, host and port, as in `teleport.proxy_server`
 * @param insecureLoopback whether a proxy on loopback is asked over http
 */
export async function findCluster(
  proxyServer: string,
  insecureLoopback: boolean,
  signal: AbortSignal,
): Promise<ClusterFacts> {
  const url = proxyUrl(proxyServer, '/webapi/find', insecureLoopback);
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      headers: { accept: 'application/json' },
    });
    status = response.status;
    text = await readText(response);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof JobError) throw error;
    const reason =
      error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
    throw failure('teleport.unavailable', `${url} cannot be reached: ${reason}`, error);
  }
  if (status === 401 || status === 403) throw failure('teleport.denied', `${url} answered ${status}`);
  if (status === 429 || status >= 500) throw failure('teleport.unavailable', `${url} answered ${status}`);
  if (status !== 200) {
    throw failure('teleport.invalid', `${url} answered ${status}: is this a Teleport proxy?`);
  }
  return readFacts(text, url);
}

async function readText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > MAX_BYTES) throw failure('teleport.invalid', `${response.url} answered more than a megabyte`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function readFacts(text: string, url: string): ClusterFacts {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw failure('teleport.invalid', `${url} did not answer in JSON: is this a Teleport proxy?`, error);
  }
  const found = PingResponse.safeParse(answer);
  if (!found.success) {
    throw failure('teleport.invalid', `${url} names no cluster: is this a Teleport proxy?`, found.error);
  }
  const { cluster_name: clusterName, server_version: serverVersion, proxy, auto_update } = found.data;
  return {
    clusterName,
    serverVersion,
    publicProxyAddr: proxy.ssh.public_addr === '' ? null : proxy.ssh.public_addr,
    managedUpdates: readUpdates(auto_update),
  };
}

function readUpdates(said: z.infer<typeof PingResponse>['auto_update']): ManagedUpdates {
  if (said.agent_version === '') return 'off';
  return said.agent_auto_update ? 'on' : 'held';
}

function failure(
  code: 'teleport.unavailable' | 'teleport.denied' | 'teleport.invalid',
  message: string,
  cause?: unknown,
): JobError {
  return new JobError(code, message, { retry: 'backoff', cause });
}

const INSTALLER_TIMEOUT_MS = 15_000;
/** More than this is read of no answer; judged by its size then. */
const INSTALLER_MAX_BYTES = 1_100_000;

/**
 * Fetches an installer from the address that hosts fetch it from, as they do (`/v1/webapi/scripts/installer/NAME`), and
 * answers whatever came. Throws `teleport.unavailable` when nothing did.
 */
export async function fetchInstaller(
  proxy: string,
  scriptName: string,
  insecureLoopback: boolean,
  signal: AbortSignal,
): Promise<InstallerAnswer> {
  const url = proxyUrl(
    proxy,
    `/v1/webapi/scripts/installer/${encodeURIComponent(scriptName)}`,
    insecureLoopback,
  );
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(INSTALLER_TIMEOUT_MS)]),
    });
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of response.body ?? []) {
      bytes += part.length;
      parts.push(part);
      if (bytes > INSTALLER_MAX_BYTES) break;
    }
    const script = Buffer.concat(parts);
    return {
      httpStatus: response.status,
      contentType: response.headers.get('content-type') ?? '',
      text: script.toString('utf8'),
      bytes,
      sha256: createHash('sha256').update(script).digest('hex'),
    };
  } catch (error) {
    signal.throwIfAborted();
    const reason =
      error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
    throw new JobError('teleport.unavailable', `${url} cannot be reached: ${reason}`, {
      retry: 'backoff',
      cause: error,
    });
  }
}

/**
 * The address of something that the proxy serves. Port 443 where none is given, as Teleport does; a proxy on loopback is
 * spoken to over http when `insecureLoopback` says so. Throws `teleport.invalid` for what is no host and port.
 *
 * @param path begins with `/`
 */
function proxyUrl(proxy: string, path: string, insecureLoopback: boolean): string {
  const url = URL.parse(`https://${proxy}${path}`);
  if (url === null || url.pathname !== path || url.username !== '') {
    throw new JobError('teleport.invalid', `${proxy} is not a host and port`, { retry: 'backoff' });
  }
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return isLoopback && insecureLoopback ? url.href.replace('https:', 'http:') : url.href;
}
