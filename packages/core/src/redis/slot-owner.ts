import { connect, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import type { RedisNode } from '../config/redis-url.ts';

/** For each answer of a node; one that says nothing is passed over. */
const ANSWER_WITHIN_MS = 2_000;

/** How many nodes in a row may name another one as owner before the Cluster counts as undecided. */
const MOST_HOPS = 3;

/**
 * How a connection finds its server in a Redis Cluster: whenever it connects, it asks the nodes which of them owns the slot
 * of `key`. All keys of an installation lie in that slot (`createKeys`), so the rest is an ordinary connection to an ordinary
 * primary. Commands without a key (INFO, TIME, CLIENT LIST) reach the server that holds the ledger, and neither BullMQ nor
 * our own code knows of a Cluster. After a failover the connection is made anew and finds the new owner.
 * docs/decisions/0012-one-slot.md says why it is not ioredis's `Cluster`.
 *
 * A failure is a stream that is closed already: the connection's own `retryStrategy` says when it tries again.
 *
 * @param seeds nodes by which the others are found; those are remembered
 */
export function slotOwner(seeds: readonly RedisNode[], key: string): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    readonly #options: RedisOptions;
    #nodes = seeds;
    #asked: Redis | null = null;

    constructor(given: unknown) {
      const options = given as RedisOptions;
      super(options.disconnectTimeout ?? ANSWER_WITHIN_MS);
      this.#options = options;
    }

    async connect(): Promise<Socket> {
      this.connecting = true;
      delete this.firstError;
      try {
        const owner = await this.#findOwner();
        // What is told of this connection, such as a remedy's command line, names the server that it speaks to.
        Object.assign(this.#options, owner);
        this.stream = openStream(owner, this.#options);
        this.stream.once('error', (error) => {
          this.firstError = error;
        });
      } catch (error) {
        this.firstError = error as Error;
        this.stream = new Socket().destroy();
      }
      return this.stream;
    }

    override disconnect(): void {
      this.#asked?.disconnect();
      // A failover refuses all commands under way, and each refusal asks for a new connection.
      if (this.connecting) super.disconnect();
    }

    async #findOwner(): Promise<RedisNode> {
      let trouble: unknown = null;
      for (const node of this.#nodes) {
        try {
          return await this.#followHints(node);
        } catch (error) {
          trouble ??= error;
        }
      }
      throw trouble;
    }

    /** The owner is the node that says so of itself: another's view may be older than the last failover. */
    async #followHints(first: RedisNode): Promise<RedisNode> {
      let node = first;
      for (let hop = 0; hop < MOST_HOPS; hop += 1) {
        const owner = await this.#ask(node);
        if (!this.connecting) throw new Error('The connection was ended before it was made');
        if (placeOf(owner) === placeOf(node)) return node;
        node = owner;
      }
      throw new Error(
        'The nodes of the Redis Cluster do not agree yet which of them owns the slot of Muster',
      );
    }

    async #ask(node: RedisNode): Promise<RedisNode> {
      const asked = new Redis({ ...questionOptions(this.#options), ...node });
      let met: unknown = null;
      asked.on('error', (error) => {
        met = error;
      });
      this.#asked = asked;
      try {
        await asked.connect();
        const view = await readView(asked, node, key);
        const known = [node, ...view.nodes, ...seeds].map((one) => [placeOf(one), one] as const);
        this.#nodes = [...new Map(known).values()];
        return view.owner;
      } catch (error) {
        // A connection that was refused entry says only that it is closed.
        throw met ?? error;
      } finally {
        asked.disconnect();
      }
    }
  };
}

/** Whether a connection was made by the URL of a Redis Cluster. */
export function isInCluster({ options }: Redis): boolean {
  return options.Connector !== undefined;
}

function placeOf({ host, port }: RedisNode): string {
  return `${host}:${port}`;
}

function openStream(node: RedisNode, { tls, family }: RedisOptions): Socket {
  const place = { ...node, ...(family === undefined ? {} : { family }) };
  return tls === undefined ? connect(place) : connectTls({ ...place, ...tls });
}

/** For a connection that asks, and gives up soon. */
function questionOptions({ username, password, tls, family }: RedisOptions) {
  return {
    username,
    password,
    ...(tls === undefined ? {} : { tls }),
    ...(family === undefined ? {} : { family }),
    connectionName: 'muster-slot-owner',
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: ANSWER_WITHIN_MS,
    commandTimeout: ANSWER_WITHIN_MS,
  };
}

/**
 * What one node says (https://redis.io/docs/latest/commands/cluster-slots/, read 2026-11): who owns the slot of `key`, and which nodes there are. A server
 * that is in no Cluster owns all.
 */
async function readView(
  asked: Redis,
  node: RedisNode,
  key: string,
): Promise<{ readonly owner: RedisNode; readonly nodes: readonly RedisNode[] }> {
  if (!/^cluster_enabled:1/m.test(await asked.info('cluster'))) return { owner: node, nodes: [] };
  const [slot, ranges, state] = await Promise.all([
    asked.cluster('KEYSLOT', key),
    asked.cluster('SLOTS'),
    asked.cluster('INFO'),
  ]);
  // A node that does not know by which name clients reach it tells none, or `?`: that of the node that was asked will do.
  const nodesOf = ([, , ...places]: (typeof ranges)[number]): RedisNode[] =>
    places.map(([host, port]) => ({ host: ['', '?', null].includes(host) ? node.host : host, port }));
  const [owner] = ranges.filter(([first, last]) => first <= slot && slot <= last).flatMap(nodesOf);
  if (owner === undefined) throw new Error(`No node of the Redis Cluster owns slot ${slot}`);
  if (!state.includes('cluster_state:ok') && placeOf(owner) === placeOf(node)) {
    throw new Error('The Redis Cluster is down (cluster_state is fail): too many of its nodes are away');
  }
  return { owner, nodes: ranges.flatMap(nodesOf) };
}
