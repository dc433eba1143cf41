import type { Matcher } from '../scan/matcher.ts';
import type { PacingSettings } from '../install/pacing.ts';
import type { NotifyChannel } from '../notify/channel.ts';
import type { FreezeWindow } from '../rollout/freeze/freeze.ts';
import type { Wave } from '../rollout/waves/wave.ts';
import type { RampRule } from '../rollout/ramp/ramp.ts';
import type { Role } from '../control/access/role.ts';
import type { SessionTimes } from '../control/access/session-store.ts';
import type { LocalUser } from '../control/access/users-file.ts';
import type { Secret } from './secret.ts';

/**
 * The whole configuration, compiled once: frozen, every default in place (they stand in `muster-schema.ts`), every duration in
 * milliseconds (already divided by `speed`).
 */
export interface MusterConfig {
  /** Host and port of the Teleport proxy; null when the file names none (refused as soon as a matcher needs it). */
  readonly proxyServer: string | null;
  readonly enabled: boolean;
  readonly discoveryGroup: string;
  /** How often every target is read again. Teleport's default: five minutes. */
  readonly pollIntervalMs: number;
  /** In file order: the first that matches an instance owns it. */
  readonly matchers: readonly Matcher[];
  /** When the first `discovery_config` of the file expires, and the file must be read again; null when none does. */
  readonly endsAtMs: number | null;
  /** Files that this one names and that were read with it, as they are written: a change of one is a change of the configuration. */
  readonly files: readonly string[];
  readonly redis: RedisSettings;
  readonly limits: LimitSettings;
  readonly rollout: RolloutSettings;
  /** In real time, whatever `speed` is. */
  readonly freeze: readonly FreezeWindow[];
  /** Channels that are told of findings. */
  readonly notify: readonly NotifyChannel[];
  readonly brake: BrakeSettings;
  readonly pacing: PacingSettings;
  readonly install: InstallTimings;
  readonly backoff: BackoffSettings;
  readonly inventory: InventorySettings;
  readonly repair: RepairSettings;
  /** Keys of the tags of EC2 that a record keeps for people. */
  readonly shownTags: readonly string[];
  readonly labels: LabelSettings;
  readonly otherDiscovery: OtherDiscoverySettings;
  readonly cleanup: CleanupSettings;
  readonly audit: AuditSettings;
  readonly console: ConsoleSettings;
  /** Keys of the MACs in markers: the first signs, all verify. Each is 64 hexadecimal digits. Empty when none is configured. */
  readonly markerKeys: readonly Secret[];
  readonly worker: WorkerSettings;
  /** Holds every send, whatever Redis says or has forgotten. */
  readonly paused: boolean;
  /** Simulated time: 1 in production. Everything above is already divided by it; AWS's own seconds (timeouts in a command) are not. */
  readonly speed: number;
}

export interface RedisSettings {
  /** With the password, wherever it was given. */
  readonly url: Secret;
  /** Where the password of `url` was read, absolute: it is read again whenever a connection is made anew. Absent where it was given otherwise. */
  readonly passwordFile?: string | undefined;
  /** First part of every key we write; letters, digits, `-`, `_`. */
  readonly prefix: string;
  /** Of `rediss`, beside what Node trusts anyway; absent without. */
  readonly tls?: RedisTls | undefined;
  /** Asked by Sentinels, where they ask for one. */
  readonly sentinelPassword?: Secret | undefined;
}

/** PEM texts. */
export interface RedisTls {
  /** Of the authorities that may have signed the server's certificate; null: those that Node trusts. */
  readonly ca: string | null;
  /** What this client shows; null where the server asks for none. */
  readonly client: { readonly cert: string; readonly key: Secret } | null;
}

export interface LimitSettings {
  /** Instances with a command in flight at once. */
  readonly installsInFlight: number;
  readonly installsInFlightPerAccount: number;
  readonly installsInFlightPerTarget: number;
  /** Whether a first run waits for `muster resume` before its first send. */
  readonly holdFirstSend: boolean;
}

/** How installs spread. */
export interface RolloutSettings {
  /** A changed configuration that adds more hosts than the larger of both asks before it sends to them. `share`: 0..1, of those selected before. */
  readonly askAbove: { readonly share: number; readonly hosts: number };
  /** In file order: the first that selects a host owns it, the last one takes what is left. Empty: there are no waves. */
  readonly waves: readonly Wave[];
  /** How a mass start begins with a few hosts: see `rollout/ramp/ramp.ts`. */
  readonly ramp: RampRule;
}

/** Stops a scope (an account, or everything) when too many of the hosts last sent to failed: see `rollout/brake.ts`. */
export interface BrakeSettings {
  readonly enabled: boolean;
  /** Hosts that are judged together. */
  readonly window: number;
  /** Fewer hosts than this never stop anything. */
  readonly minOutcomes: number;
  /** Share of failed hosts, 0..1. */
  readonly maxFailureShare: number;
}

export interface InstallTimings {
  /** The script's own time on the host, in AWS's seconds, never scaled (5..172,800). */
  readonly executionTimeoutSeconds: number;
  /** Until the agent takes the command, in AWS's seconds, never scaled (30..2,592,000). */
  readonly deliveryTimeoutSeconds: number;
  /** From exit 0 until the node must be seen. */
  readonly joinTimeoutMs: number;
  /** How long AWS may hide a command from our lists. */
  readonly visibilityMs: number;
  /** After this, a send whose answer was lost and that no list shows did not happen. */
  readonly resendAfterMs: number;
  /** Width of a send: from the intent until the call must be gone. 10 s, and 2 s at least however fast a simulation runs. */
  readonly sendWindowMs: number;
  /** First look at a command after its send. */
  readonly pollFirstMs: number;
  /** Longest pause between two looks. */
  readonly pollMaxMs: number;
  /** Characters of output kept per attempt; 0 keeps none. */
  readonly outputChars: number;
}

export interface BackoffSettings {
  /** What an operator must fix waits at least this long. */
  readonly operatorFirstMs: number;
  /** What may pass by itself. With doubling, the default comes to eight attempts a day at most. */
  readonly transientFirstMs: number;
  readonly capMs: number;
}

export type InventorySettings =
  | {
      readonly kind: 'tctl';
      /** The program, found on PATH or absolute. Never a shell line. */
      readonly command: string;
      /** Put before `get nodes --format=json`, such as `--identity=/etc/muster/identity --auth-server=…`. */
      readonly args: readonly string[];
      readonly refreshMs: number;
      /** No send while the last complete snapshot is older. */
      readonly freshnessMs: number;
      /** How long one run of the program may take, for the inventory and for labels. Real time, at any speed. */
      readonly timeoutMs: number;
      /** A snapshot that lost more than this share of its nodes holds sends. 0..1 */
      readonly maxDropShare: number;
      /** How long complete readings miss the node of a running host until it is lost. */
      readonly lostAfterMs: number;
    }
  /** Nothing to look at: exit 0 counts as the end of the way. */
  | { readonly kind: 'none' };

/** Installing again on hosts that had joined and whose node is missing. Has no effect without an inventory. */
export interface RepairSettings {
  readonly enabled: boolean;
  /** Repairs in flight at once, over all accounts; they count under the caps of `limits` too. */
  readonly inFlight: number;
  /** Repairs begun within any hour, over all accounts. */
  readonly perHour: number;
  /** How long that hour lasts. */
  readonly hourMs: number;
}

/** EC2 tags as labels of the nodes. Off as well when no inventory is configured: both go through `tctl`. */
export interface LabelSettings {
  readonly enabled: boolean;
  /** After this Teleport forgets labels that were not refreshed. */
  readonly lifetimeMs: number;
  /** Instances per second whose labels are written, over all workers. */
  readonly perSecond: number;
}

/** What becomes of hosts that a Discovery Service of Teleport may enroll, too. */
export interface OtherDiscoverySettings {
  /** Whether sends to them wait. */
  readonly hold: boolean;
  /** Ids or names of hosts, and `discovery_config/NAME`. */
  readonly ignore: readonly string[];
}

/** Nodes of instances that are gone are removed from Teleport. Off as well when no inventory is configured. */
export interface CleanupSettings {
  readonly enabled: boolean;
  /** Removals within an hour, over all workers. */
  readonly perHour: number;
  /** More than this share of all nodes, or of an account's, is not removed before an operator approves it. 0..1 */
  readonly maxShare: number;
  /** Whether nodes of accounts that left the organization are removed, too. */
  readonly leftAccounts: boolean;
  /** An hour, in simulated time. */
  readonly hourMs: number;
}

/** Where the audit goes beside Redis, which keeps its newest entries only. */
export interface AuditSettings {
  /** Base name of one file a day (`control/audit/audit-file-store.ts`); null for none. */
  readonly file: string | null;
  readonly keepDays: number;
  readonly log: boolean;
}

export interface ConsoleSettings {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Origin under which browsers open it, such as `https://muster.example.com`; null where they open what it listens on. */
  readonly publicUrl: string | null;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
  readonly proxies: readonly string[];
  /** Null: it speaks plain HTTP. */
  readonly tls: TlsSettings | null;
  /** The users file, as it is written; null without. */
  readonly usersFile: string | null;
  /** Null: there is no users file. */
  readonly users: readonly LocalUser[] | null;
  readonly oidc: OidcSettings | null;
  readonly trustedProxy: TrustedProxySettings | null;
  /** One password for all, who may only look; null without. */
  readonly password: Secret | null;
  /** When a signed-in browser must sign in again. In real time. */
  readonly session: SessionTimes;
}

export interface TlsSettings {
  /** PEM, the chain too. */
  readonly certificate: string;
  /** PEM. */
  readonly key: Secret;
}

/** Single sign-on. */
export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Null: a public client. */
  readonly clientSecret: Secret | null;
  readonly redirectUrl: string;
  /** What the button says after "Sign in with". */
  readonly label: string;
  readonly scopes: readonly string[];
  readonly groupsClaim: string;
  readonly nameClaim: string;
  /** By group; `*` is every user. */
  readonly roles: Readonly<Record<string, Role>>;
}

/** A proxy that signs users in and says who they are. Names of headers are in lower case. */
export interface TrustedProxySettings {
  readonly header: string;
  /** Null: it tells no groups. */
  readonly groupsHeader: string | null;
  readonly secretHeader: string;
  readonly secret: Secret;
  /** By group; `*` is every user. */
  readonly roles: Readonly<Record<string, Role>>;
}

export interface WorkerSettings {
  /** Scans at once. */
  readonly discoveryConcurrency: number;
  /** Install, collect and verify jobs at once. */
  readonly enrollmentConcurrency: number;
  /** From SIGTERM until unfinished jobs are handed back. */
  readonly shutdownMs: number;
  /** Host of /healthz, /readyz and /metrics. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** A fault found in the configuration: where, what is wrong, what to do. */
export interface ConfigFault {
  readonly file: string;
  /** 1-based; 0 when the fault has no place in the text (a missing file). */
  readonly line: number;
  readonly column: number;
  /** Such as `discovery_service.aws[0].regions`. */
  readonly path: string;
  readonly message: string;
}

/** Something ignored or noteworthy that does not stop us. */
export type ConfigNote = ConfigFault;
