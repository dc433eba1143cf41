import { isHostPort } from '../../install/alphabets.ts';
import type { ConfigPath, Report } from '../source/report.ts';
import { explainMissing, withoutMissingValues } from '../source/missing-values.ts';
import { nearest } from '../source/suggest.ts';
import { OTHER_TELEPORT_SECTIONS } from '../teleport-schema.ts';
import { describeFound, flag } from '../value-shapes.ts';

/** Teleport's port for `proxy_server` when none is given (`defaults.HTTPListenPort`). */
const DEFAULT_PROXY_PORT = 3080;

const READ_SECTIONS = ['version', 'teleport', 'discovery_service', 'muster'];

/** Sections that are read whole. Of the others Teleport takes a key without a value as absent, and that says nothing to us. */
const OWN_SECTIONS = ['discovery_service', 'muster'];

const SAYS_NOTHING = 'ignored: it says nothing about discovery';

type Keys = Readonly<Record<string, unknown>>;

/**
 * The top of the main document: which sections are read, which are another program's, which are slips.
 *
 * @returns the sections, those that are read whole without the parts that have no value
 */
export function checkSections(top: Keys, report: Report): Keys {
  const others: readonly string[] = OTHER_TELEPORT_SECTIONS;
  for (const key of Object.keys(top)) {
    if (READ_SECTIONS.includes(key) || key === 'proxy_service') continue;
    if (others.includes(key)) {
      report.note([key], SAYS_NOTHING);
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
  const own = OWN_SECTIONS.filter((key) => key in top).map(
    (key) => [key, withoutMissingValues(top[key], [key], report)] as const,
  );
  return { ...top, ...Object.fromEntries(own) };
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
 * Host and port of the Teleport proxy: `teleport.proxy_server`, or what the same file's `proxy_service` is reached at, as in
 * Teleport (`getInstallerProxyAddr` of `lib/config/configuration.go`). Null when there is neither. Of these two sections
 * nothing else is read.
 *
 * @param isNeeded whether a matcher is there that cannot do without
 * @param report at the document's top
 */
export function checkProxyAddress(top: Keys, isNeeded: boolean, report: Report): string | null {
  const at = report.within(['teleport']);
  const section = top['teleport'];
  if (section !== undefined && section !== null && !isMap(section)) {
    at.fault([], `must be a map, found ${describeFound(section)}`);
  }
  const teleport = isMap(section) ? section : {};
  const value = teleport['proxy_server'];
  const others = Object.keys(teleport).filter((key) => key !== 'proxy_server');
  if (value !== undefined && value !== '') {
    if (top['proxy_service'] !== undefined) report.note(['proxy_service'], SAYS_NOTHING);
    if (others.length > 0) at.note([], `only proxy_server is read here; ignored: ${others.join(', ')}`);
    return readAddress(value, ['proxy_server'], DEFAULT_PROXY_PORT, at);
  }
  const own = readPublicAddress(top['proxy_service'], report.within(['proxy_service']));
  if (own !== null) {
    at.note(['proxy_server'], `not set: proxy_service.public_addr of this file is used, ${own}`);
    return own;
  }
  const near = nearest('proxy_server', others);
  const hint = near === null ? '' : ` (did you mean it by ${near}?)`;
  if (isNeeded && !report.isFaulted(['proxy_service'])) {
    at.fault(
      ['proxy_server'],
      `could not find the public proxy address for server discovery: write the host:port of the Teleport proxy here${hint}`,
    );
  }
  return null;
}

/** The first of `proxy_service.public_addr`, a text or a list; null when the proxy is off or has none. */
function readPublicAddress(section: unknown, report: Report): string | null {
  if (!isMap(section) || isOff(section['enabled'])) return null;
  const value = section['public_addr'];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return null;
  // Without a port, the one that the proxy listens on (`applyProxyConfig`).
  const port = Number(/:([1-9]\d{0,4})$/.exec(String(section['web_listen_addr']))?.[1] ?? DEFAULT_PROXY_PORT);
  return readAddress(first, Array.isArray(value) ? ['public_addr', 0] : ['public_addr'], port, report);
}

function readAddress(value: unknown, path: ConfigPath, port: number, report: Report): string | null {
  if (value === null) {
    report.fault(path, explainMissing(path));
    return null;
  }
  const address = typeof value === 'string' ? value.replace(/^(https?|tcp):\/\//, '').replace(/\/$/, '') : '';
  if (!isHostPort(address)) {
    report.fault(path, `must be host:port of the Teleport proxy, found ${describeFound(value)}`);
    return null;
  }
  return /:\d+$/.test(address.replace(/^\[.*\]/, '')) ? address : `${address}:${port}`;
}

/** Teleport's proxy is on when nothing is said. */
function isOff(enabled: unknown): boolean {
  return flag().safeParse(enabled).data === false;
}

function isMap(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
