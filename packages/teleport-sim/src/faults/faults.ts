/** The ways the simulated cluster can misbehave, switched while it runs through `POST /_sim/faults`. */

/** Per surface, what it does instead of answering. `slow` answers correctly after `slowMs`. */
export const FAULT_MODES = {
  /**
   * Everything that goes through the proxy: `down` drops the connection, `error` answers 503; `without-updates` answers
   * as a cluster without managed updates, `foreign` as a web server that is no Teleport proxy.
   */
  proxy: ['ok', 'down', 'error', 'slow', 'without-updates', 'foreign'],
  /** The installer endpoint. `broken` is cut in the middle, `failing` exits 1, `html` is a login page with 200. */
  installer: ['ok', 'down', 'error', 'slow', 'not-found', 'rate-limited', 'broken', 'failing', 'html'],
  /** Hosts joining. `denied` refuses as if no allow rule matched. */
  join: ['ok', 'down', 'error', 'slow', 'denied'],
  /**
   * `tctl get nodes`. `half` leaves out every second node, `empty` all; `truncated` ends in the middle of the JSON and
   * looks like success, `cut` breaks the connection there; `denied` is a missing permission; `hang` never answers, `endless`
   * lists nodes without end; `outdated` is a tctl that updates itself first, unless it is told not to, and prints its
   * progress before the JSON; `talkative` prints lines of text before it in any case.
   */
  inventory: [
    'ok',
    'error',
    'denied',
    'slow',
    'half',
    'empty',
    'truncated',
    'cut',
    'hang',
    'endless',
    'outdated',
    'talkative',
  ],
  /** `tctl get token`. `denied` is a missing permission, `hang` never answers. */
  tokens: ['ok', 'denied', 'hang'],
  /** `tctl create`. `denied` is a missing permission, `hang` never answers. */
  resources: ['ok', 'error', 'denied', 'slow', 'hang'],
  /** `tctl rm node/NAME`. `denied` is a missing verb `delete`. */
  removals: ['ok', 'error', 'denied', 'hang'],
  /** What tells of Discovery Services. `denied` is a missing permission, `old` a release without their heartbeats. */
  discovery: ['ok', 'error', 'denied', 'old'],
} as const;

type FaultSurface = keyof typeof FAULT_MODES;
type FaultMode<S extends FaultSurface> = (typeof FAULT_MODES)[S][number];

/** The state of every surface. */
export interface Faults {
  readonly proxy: FaultMode<'proxy'>;
  readonly installer: FaultMode<'installer'>;
  readonly join: FaultMode<'join'>;
  readonly inventory: FaultMode<'inventory'>;
  readonly tokens: FaultMode<'tokens'>;
  readonly resources: FaultMode<'resources'>;
  readonly removals: FaultMode<'removals'>;
  readonly discovery: FaultMode<'discovery'>;
  /** Simulated milliseconds that a `slow` surface takes. */
  readonly slowMs: number;
}

/** A cluster in good health. */
export const NO_FAULTS: Faults = {
  proxy: 'ok',
  installer: 'ok',
  join: 'ok',
  inventory: 'ok',
  tokens: 'ok',
  resources: 'ok',
  removals: 'ok',
  discovery: 'ok',
  slowMs: 5_000,
};

type FaultsParse =
  | { readonly ok: true; readonly faults: Faults }
  | { readonly ok: false; readonly error: string };

/** Lays a change over the current faults. Unknown keys and modes are refused with the valid ones. */
export function changeFaults(current: Faults, change: unknown): FaultsParse {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) {
    return { ok: false, error: 'faults must be a JSON object' };
  }
  for (const [key, value] of Object.entries(change)) {
    if (key === 'slowMs') {
      if (typeof value !== 'number' || !(value >= 0)) {
        return { ok: false, error: 'slowMs must be a number >= 0' };
      }
    } else if (!isSurface(key)) {
      return { ok: false, error: `unknown fault ${key}: use ${Object.keys(NO_FAULTS).join(', ')}` };
    } else if (!(FAULT_MODES[key] as readonly unknown[]).includes(value)) {
      return {
        ok: false,
        error: `${key} cannot be ${JSON.stringify(value)}: use ${FAULT_MODES[key].join(', ')}`,
      };
    }
  }
  return { ok: true, faults: { ...current, ...change } };
}

function isSurface(key: string): key is FaultSurface {
  return Object.hasOwn(FAULT_MODES, key);
}
