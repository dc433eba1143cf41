/** Teleport's own Discovery Services of the simulated cluster: what `tctl` shows of them. What they do to hosts, a world says. */
import type { SimClock } from '../clock.ts';
import { isRecord } from './record.ts';

/** One service at work. */
interface SimDiscoveryService {
  /** The UUID of its host. */
  readonly hostId: string;
  readonly hostname: string;
  readonly group: string;
  /** The matchers of its file, as `discovery_service` shows them. */
  readonly aws: readonly unknown[];
  /** Whether it sends the heartbeats of newer releases; an older one is only listed as an instance. */
  readonly announces: boolean;
}

const HEARTBEAT_TTL_MS = 600_000;

export class DiscoveryServices {
  readonly #clock: SimClock;
  readonly #services = new Map<string, SimDiscoveryService>();

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  /** Starts one. Returns what is wrong with the body, or null. */
  start(body: unknown): string | null {
    if (!isRecord(body) || typeof body['hostId'] !== 'string') {
      return 'a service is {hostId, hostname?, group?, aws?, announces?}';
    }
    const { hostId, hostname, group, aws, announces } = body;
    this.#services.set(hostId, {
      hostId,
      hostname: typeof hostname === 'string' ? hostname : '',
      group: typeof group === 'string' ? group : '',
      aws: Array.isArray(aws) ? aws : [],
      announces: announces !== false,
    });
    return null;
  }

  /** Ends one, with its heartbeats. Returns whether there was one. */
  end(hostId: string): boolean {
    return this.#services.delete(hostId);
  }

  /** As `tctl get discovery_service --format=json` prints them: times as encoding/json writes a protobuf's. */
  heartbeats(): readonly object[] {
    const seconds = Math.floor((this.#clock.nowMs() + this.#clock.scaleMs(HEARTBEAT_TTL_MS)) / 1_000);
    return [...this.#services.values()]
      .filter(({ announces }) => announces)
      .map(({ hostId, hostname, group, aws }) => ({
        kind: 'discovery_service',
        version: 'v1',
        metadata: { name: hostId, expires: { seconds } },
        spec: {
          hostname,
          teleport_version: '19.0.0',
          ...(group === '' ? {} : { discovery_group: group }),
          poll_interval: { seconds: 300 },
          static_matchers: aws.length === 0 ? {} : { aws },
        },
        status: {},
      }));
  }

  /** As `tctl inventory list --services=discovery --format=json` prints them. */
  instances(): readonly object[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#services.values()].map(({ hostId, hostname }) => ({
      kind: 'instance',
      version: 'v1',
      metadata: { name: hostId, expires: new Date(nowMs + this.#clock.scaleMs(1_200_000)).toISOString() },
      spec: {
        version: '18.5.1',
        services: ['Discovery'],
        hostname,
        last_seen: new Date(nowMs).toISOString(),
      },
    }));
  }
}
