import { JobError } from '../runtime/errors.ts';

/**
 * The address of something that the proxy serves. Port 443 where none is given, as Teleport does; a proxy on loopback is
 * spoken to over http when `insecureLoopback` says so. Throws `teleport.invalid` for what is no host and port.
 *
 * @param path begins with `/`
 */
export function proxyUrl(proxy: string, path: string, insecureLoopback: boolean): string {
  const url = URL.parse(`https://${proxy}${path}`);
  if (url === null || url.pathname !== path || url.username !== '') {
    throw new JobError('teleport.invalid', `${proxy} is not a host and port`, { retry: 'backoff' });
  }
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return isLoopback && insecureLoopback ? url.href.replace('https:', 'http:') : url.href;
}
