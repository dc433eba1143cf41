import { FINDING_KINDS } from '../../control/finding-kinds.ts';
import { isCause } from '../../enrollment/cause.ts';
import type { ChannelFilter, ChannelTarget, NotifyChannel } from '../../notify/channel.ts';
import { signingKeyOf } from '../../notify/webhook-signature.ts';
import { NotifyShape } from '../notify-schema.ts';
import { readSecretFile, Secret } from '../secret.ts';
import { nearest } from '../source/suggest.ts';
import type { Report } from '../source/report.ts';
import { accountIds } from './matcher-rules.ts';
import { isUnitId } from './role-rules.ts';
import type { ReadFile } from './section-rules.ts';

const MOST_CHANNELS = 50;
const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';
/** The longest that an address may be: RFC 5321. */
const LONGEST_ADDRESS = 254;

/** Compiles `muster.notify`. Every entry is held to its rules, whatever the others came to. */
export function compileNotify(
  entries: readonly unknown[],
  readFile: ReadFile | null,
  report: Report,
): readonly NotifyChannel[] {
  if (entries.length > MOST_CHANNELS) report.fault([], `at most ${MOST_CHANNELS} channels`);
  const names = new Set<string>();
  return entries.flatMap((entry, index) => {
    const at = report.within([index]);
    const shape = at.read(NotifyShape, entry);
    checkName(shape, names, at);
    const filter = filterOf(shape, at);
    const target = targetOf(shape, readFile, at);
    if (target === null) return [];
    return [
      {
        name: shape.name ?? '',
        filter,
        resolved: shape.resolved,
        perHour: shape.per_hour,
        allowPrivate: shape.allow_private,
        ...target,
      },
    ];
  });
}

function checkName({ name }: NotifyShape, names: Set<string>, at: Report): void {
  if (name === undefined) {
    if (!at.isFaulted(['name'])) at.fault([], 'a channel needs a name: write name: and a word for it');
    return;
  }
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) {
    at.fault(
      ['name'],
      `the name of a channel has lower-case letters, digits and -, at most 40 of them, found ${JSON.stringify(name)}`,
    );
  } else if (names.has(name)) {
    at.fault(['name'], `a second channel of the name ${name}`);
  }
  names.add(name);
}

/** An emptied list would tell of nothing, or of everything. */
function filterOf(shape: NotifyShape, at: Report): ChannelFilter {
  const { kinds, owners, units, accounts } = shape;
  for (const [key, list] of Object.entries({ kinds, owners, units, accounts })) {
    if (list?.length === 0) at.fault([key], 'lists nothing: write an entry, or remove the line for all');
  }
  for (const [index, kind] of (kinds ?? []).entries()) checkKind(kind, ['kinds', index], at);
  for (const [index, id] of (units ?? []).entries()) {
    if (isUnitId(id)) continue;
    at.fault(
      ['units', index],
      `${JSON.stringify(id)} matches nothing: an id of a unit (ou-ab12-a1b2c3d4) or of the root (r-ab12) is needed`,
    );
  }
  return {
    severity: shape.severity ?? (shape.kind === 'pagerduty' ? 'page' : 'warn'),
    kinds: kinds ?? null,
    owners: owners ?? null,
    units: units ?? null,
    accounts: accountIds(accounts, 'accounts', at),
  };
}

function checkKind(kind: string, path: readonly (string | number)[], at: Report): void {
  const known = [...FINDING_KINDS, 'paused'];
  if (known.includes(kind) || (kind.startsWith('cause:') && isCause(kind.slice('cause:'.length)))) return;
  const near = nearest(kind, known);
  at.fault(
    path,
    `there is no finding ${JSON.stringify(kind)}${near === null ? '' : ` (did you mean ${near}?)`}: docs/runbook.md lists them; of a cause write cause:NAME`,
  );
}

/** Keys that only some kinds of channels have. */
const OWN_KEYS = {
  slack: ['url', 'url_file'],
  webhook: ['url', 'url_file', 'secret_file'],
  pagerduty: ['url', 'secret_file'],
  email: ['url', 'url_file', 'secret_file', 'from', 'to'],
} as const satisfies Record<ChannelTarget['kind'], readonly (keyof NotifyShape)[]>;

/** Null with a fault. */
function targetOf(shape: NotifyShape, readFile: ReadFile | null, at: Report): ChannelTarget | null {
  const { kind } = shape;
  if (kind === undefined) {
    if (!at.isFaulted(['kind'])) at.fault([], 'a channel needs a kind: slack, webhook, pagerduty or email');
    return null;
  }
  for (const key of ['url', 'url_file', 'secret_file', 'from', 'to'] as const) {
    const has: readonly string[] = OWN_KEYS[kind];
    if (shape[key] !== undefined && !has.includes(key)) at.fault([key], `has no meaning for ${kind}`);
  }
  const url = urlOf(shape, kind, readFile, at);
  const secret = secretOf(shape, readFile, at);
  switch (kind) {
    case 'slack':
      return url === null ? null : { kind, url };
    case 'webhook': {
      if (secret !== null && signingKeyOf(secret.reveal()) === null) {
        at.fault(
          ['secret_file'],
          'must hold whsec_ and 24 to 64 bytes in base64: make them with echo whsec_$(openssl rand -base64 32)',
        );
      }
      return url === null ? null : { kind, url, secret };
    }
    case 'pagerduty': {
      if (secret !== null) return url === null ? null : { kind, url, routingKey: secret };
      if (!at.isFaulted(['secret_file'])) {
        at.fault(
          [],
          'pagerduty needs secret_file: a file with the integration key of an Events API v2 integration',
        );
      }
      return null;
    }
    case 'email':
      return url === null ? null : mailOf(shape, url, secret, at);
    default:
      return kind satisfies never;
  }
}

/** The URL of the channel, from wherever it stands. Null with a fault, whose text never repeats it. */
function urlOf(
  shape: NotifyShape,
  kind: ChannelTarget['kind'],
  readFile: ReadFile | null,
  at: Report,
): Secret | null {
  if (shape.url !== undefined && shape.url_file !== undefined) {
    at.fault(['url_file'], 'not beside url: write one of the two');
    return null;
  }
  if (shape.url_file !== undefined) {
    const reading = readSecretFile(shape.url_file, readFile);
    if (reading.ok) return checkUrl(reading.text, ['url_file'], shape, kind, at);
    at.fault(['url_file'], reading.problem);
    return null;
  }
  const text = shape.url ?? (kind === 'pagerduty' ? PAGERDUTY_URL : null);
  if (text !== null) return checkUrl(text, ['url'], shape, kind, at);
  if (!at.isFaulted(['url'])) at.fault([], `${kind} needs url, or url_file with a file that holds it`);
  return null;
}

function checkUrl(
  text: string,
  path: readonly string[],
  { allow_private: isPrivate }: NotifyShape,
  kind: ChannelTarget['kind'],
  at: Report,
): Secret | null {
  const url = URL.parse(text);
  const schemes = kind === 'email' ? ['smtp:', 'smtps:'] : ['https:', ...(isPrivate ? ['http:'] : [])];
  if (url === null || !schemes.includes(url.protocol) || url.hostname === '') {
    const needed = schemes.map((scheme) => `${scheme}//…`).join(' or ');
    at.fault(
      path,
      `must be a URL: ${needed}${kind === 'email' || isPrivate ? '' : ' (http:// needs allow_private)'}`,
    );
    return null;
  }
  if (url.password !== '') {
    at.fault(path, 'holds a password: put it into a file of its own, and name that in secret_file');
    return null;
  }
  return new Secret(text);
}

function secretOf({ secret_file: path }: NotifyShape, readFile: ReadFile | null, at: Report): Secret | null {
  if (path === undefined) return null;
  const reading = readSecretFile(path, readFile);
  if (reading.ok) return new Secret(reading.text.trim());
  at.fault(['secret_file'], reading.problem);
  return null;
}

function mailOf(shape: NotifyShape, url: Secret, password: Secret | null, at: Report): ChannelTarget | null {
  const { from, to } = shape;
  if (from === undefined && !at.isFaulted(['from'])) at.fault([], 'email needs from: the sender');
  if ((to === undefined || to.length === 0) && !at.isFaulted(['to'])) {
    at.fault([], 'email needs to: a list of recipients');
  }
  for (const [path, address] of [
    [['from'], from] as const,
    ...(to ?? []).map((one, index) => [['to', index], one] as const),
  ]) {
    if (address === undefined || isAddress(address)) continue;
    at.fault(path, `must be an address such as ops@example.com, found ${JSON.stringify(address)}`);
  }
  const { protocol, hostname, port, username } = new URL(url.reveal());
  if (username === '' && password !== null) {
    at.fault(['secret_file'], 'is a password without a user: write the user into url, as smtp://USER@host');
  }
  const isTls = protocol === 'smtps:';
  return {
    kind: 'email',
    host: hostname.replaceAll(/^\[|\]$/g, ''),
    port: port === '' ? (isTls ? 465 : 587) : Number(port),
    isTls,
    user: username === '' ? null : decodeURIComponent(username),
    password,
    from: from ?? '',
    to: to ?? [],
  };
}

/** One mailbox, without a name and without anything that a mail server could read as another header. */
function isAddress(text: string): boolean {
  return text.length <= LONGEST_ADDRESS && /^[^\s@<>,;:"\\()[\]]+@[a-z0-9.-]+$/i.test(text);
}
