/** Whom the live check asks. Nothing is guessed: an account and a cluster are asked only when they are named. */
import { parseArgs } from 'node:util';

export interface LiveOptions {
  readonly aws: {
    readonly accountId: string;
    readonly region: string;
    readonly role: { readonly arn: string; readonly externalId: string | null } | null;
  } | null;
  readonly teleport: {
    /** `https://teleport.example.com:443` */
    readonly url: string;
    readonly tctl: readonly string[] | null;
  } | null;
  /** Where the record goes. */
  readonly folder: string;
}

export const USAGE = `usage: npm run test:live -- --account 111122223333 --region eu-west-1 [--role-arn ARN [--external-id ID]]
                          [--proxy teleport.example.com:443 [--tctl PATH --identity FILE]] [--dir live-record]

Only calls that look are made: --list prints all of them. docs/live-check.md has the rest.`;

const FLAGS = {
  account: { type: 'string' },
  region: { type: 'string' },
  'role-arn': { type: 'string' },
  'external-id': { type: 'string' },
  proxy: { type: 'string' },
  tctl: { type: 'string' },
  identity: { type: 'string' },
  dir: { type: 'string', default: 'live-record' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** What was asked for: to run, a text to print, or faults of the command line. */
export type Asked =
  | { readonly kind: 'run'; readonly options: LiveOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'list' }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

export function readLiveOptions(args: readonly string[]): Asked {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return { kind: 'faults', faults: [error instanceof Error ? error.message : String(error)] };
  }
  if (values.help) return { kind: 'help' };
  if (values.list) return { kind: 'list' };
  const faults = [...awsFaults(values), ...teleportFaults(values)];
  if (faults.length > 0) return { kind: 'faults', faults };
  const { account, region, proxy, tctl, identity, dir } = values;
  const roleArn = values['role-arn'];
  return {
    kind: 'run',
    options: {
      aws:
        account === undefined || region === undefined
          ? null
          : {
              accountId: account,
              region,
              role:
                roleArn === undefined ? null : { arn: roleArn, externalId: values['external-id'] ?? null },
            },
      teleport:
        proxy === undefined
          ? null
          : {
              url: proxyUrl(proxy),
              tctl:
                tctl === undefined && identity === undefined
                  ? null
                  : [
                      tctl ?? 'tctl',
                      ...(identity === undefined ? [] : [`--identity=${identity}`, `--auth-server=${proxy}`]),
                    ],
            },
      folder: dir,
    },
  };
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: FLAGS }).values;
}

type Flags = ReturnType<typeof parse>;

function awsFaults({ account, region, proxy, ...more }: Flags): readonly string[] {
  if (account === undefined && region === undefined && proxy !== undefined) return [];
  const role = more['role-arn'];
  return [
    ...(/^\d{12}$/.test(account ?? '')
      ? []
      : ['--account must name the account of your credentials: 12 digits']),
    ...(/^[a-z]{2}(-[a-z]+)+-\d$/.test(region ?? '')
      ? []
      : ['--region must name a region, such as eu-west-1']),
    ...(role === undefined || /^arn:[\w-]+:iam::\d{12}:role\/\S+$/.test(role)
      ? []
      : ['--role-arn must be the ARN of the member role of one account']),
    ...(more['external-id'] === undefined || role !== undefined ? [] : ['--external-id needs --role-arn']),
  ];
}

function teleportFaults({ proxy, tctl, identity }: Flags): readonly string[] {
  if (proxy === undefined) {
    return tctl === undefined && identity === undefined ? [] : ['--tctl and --identity need --proxy'];
  }
  return /^[\w.-]+(:\d{1,5})?$/.test(proxy) ? [] : ['--proxy must be HOST:PORT of the cluster'];
}

/** Only a simulator on loopback speaks http. */
function proxyUrl(proxy: string): string {
  return `${/^(127\.0\.0\.1|localhost)(:|$)/.test(proxy) ? 'http' : 'https'}://${proxy}`;
}
