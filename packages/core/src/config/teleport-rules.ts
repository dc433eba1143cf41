import { isHostPort } from '../domain/installer/alphabets.ts';
import type { Report } from './report.ts';
import { nearest } from './suggest.ts';
import { OTHER_TELEPORT_SECTIONS } from './teleport-schema.ts';
import { describeFound } from './value-shapes.ts';

/** Teleport's port for `proxy_server` when none is given (`defaults.HTTPListenPort`). */
const DEFAULT_PROXY_PORT = 3080;

const READ_SECTIONS = ['version', 'teleport', 'discovery_service', 'muster'];

/** The top of the main document: which sections are read, which are somebody else's, which are slips. */
export function checkSections(top: Readonly<Record<string, unknown>>, report: Report): void {
  const others: readonly string[] = OTHER_TELEPORT_SECTIONS;
  for (const key of Object.keys(top)) {
    if (READ_SECTIONS.includes(key)) continue;
    if (others.includes(key)) {
      report.note([key], 'ignored: it says nothing about discovery');
      continue;
    }
    const near = nearest(key, [...READ_SECTIONS, ...others]);
    report.fault(
      [key],
      near === null
        ? `unknown section; Muster reads ${READ_SECTIONS.join(', ')}`
        : `unknown section: did you mean ${near}?`,
    );
  }
  checkVersion(top['version'], report);
}

function checkVersion(version: unknown, report: Report): void {
  if (version === 'v3') return;
  const found =
    version === undefined
      ? 'it is missing: write "version: v3" as the first line'
      : `found ${describeFound(version)}`;
  report.fault(
    ['version'],
    `must be v3, the version of teleport.yaml that knows teleport.proxy_server; ${found}`,
  );
}

/**
 * Host and port of `teleport.proxy_server`; null when there is none. Of the section `teleport`, nothing else is read.
 *
 * @param isNeeded whether a matcher is there that cannot do without
 */
export function checkProxyServer(section: unknown, isNeeded: boolean, report: Report): string | null {
  const keys = typeof section === 'object' && section !== null && !Array.isArray(section) ? section : {};
  if (section !== undefined && keys !== section) {
    report.fault([], `must be a map, found ${describeFound(section)}`);
  }
  const value: unknown = Reflect.get(keys, 'proxy_server');
  const others = Object.keys(keys).filter((key) => key !== 'proxy_server');
  if (value === undefined || value === '') {
    const near = nearest('proxy_server', others);
    const hint = near === null ? '' : ` (did you mean it by ${near}?)`;
    if (isNeeded) {
      report.fault(
        ['proxy_server'],
        `could not find the public proxy address for server discovery: write the host:port of the Teleport proxy here${hint}`,
      );
    }
    return null;
  }
  if (others.length > 0) report.note([], `only proxy_server is read here; ignored: ${others.join(', ')}`);
  const address = typeof value === 'string' ? value.replace(/^(https?|tcp):\/\//, '').replace(/\/$/, '') : '';
  if (!isHostPort(address)) {
    report.fault(['proxy_server'], `must be host:port of the Teleport proxy, found ${describeFound(value)}`);
    return null;
  }
  return /:\d+$/.test(address.replace(/^\[.*\]/, '')) ? address : `${address}:${DEFAULT_PROXY_PORT}`;
}
