import { createHash } from 'node:crypto';
import type { InstallerAnswer } from '../reports/doctor/installer-script.ts';
import { JobError, messageOf } from '../runtime/errors.ts';
import { proxyUrl } from './proxy-url.ts';

const TIMEOUT_MS = 15_000;
/** More than this is read of no answer; judged by its size then. */
const MAX_BYTES = 1_100_000;

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
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of response.body ?? []) {
      bytes += part.length;
      parts.push(part);
      if (bytes > MAX_BYTES) break;
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
