import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';

/** An answer on its way back from the simulator. */
export interface FrontAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * A hop in front of the simulated AWS. The simulator is well-behaved by its own rules; what it cannot do (a refused
 * connection, a page of somebody else's, an error without its usual words) happens here.
 */
export interface AwsFront {
  /** To be used as `AWS_ENDPOINT_URL`. */
  readonly url: string;
  /** Operations in the order they came: `DescribeInstances`, `SendCommand` … */
  readonly calls: string[];
  /** Happens before an operation is passed on. */
  before: (operation: string) => Promise<void> | void;
  /** What becomes of an answer. */
  rewrite: (operation: string, answer: FrontAnswer) => FrontAnswer;
  /** How often an operation was called. */
  count(operation: string): number;
  /** Connections are refused until `listen`. */
  refuse(): Promise<void>;
  /** Listens again, at the same port. */
  listen(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the hop on loopback. @param target the simulator's URL */
export async function startAwsFront(target: string): Promise<AwsFront> {
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    // What the simulator cuts off is cut off here too.
    pass(front, target, agent, incoming, outgoing).catch(() => incoming.socket.resetAndDestroy());
  });
  let port = 0;
  const listen = async (): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  };
  const refuse = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  await listen();
  const front: AwsFront = {
    url: `http://127.0.0.1:${port}`,
    calls: [],
    before: () => undefined,
    rewrite: (_, answer) => answer,
    count: (operation) => front.calls.filter((call) => call === operation).length,
    refuse,
    listen,
    close: async () => {
      await refuse();
      agent.destroy();
    },
  };
  return front;
}

async function pass(
  front: AwsFront,
  target: string,
  agent: Agent,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await buffer(incoming);
  const operation = operationOf(incoming, body.toString('utf8'));
  front.calls.push(operation);
  await front.before(operation);
  const { method, headers, url = '/' } = incoming;
  const forward = request(`${target}${url}`, { method: method ?? 'POST', headers, agent });
  forward.end(body);
  const [reply] = (await once(forward, 'response')) as [IncomingMessage];
  const answer = front.rewrite(operation, { status: reply.statusCode ?? 500, body: await text(reply) });
  const { 'content-length': _, 'transfer-encoding': __, ...kept } = reply.headers;
  outgoing.writeHead(answer.status, kept).end(answer.body);
}

function operationOf({ headers, url }: IncomingMessage, body: string): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.replace(/^.*\./, '');
  return /(?:^|&)Action=(\w+)/.exec(body)?.[1] ?? url?.slice(1) ?? '';
}
