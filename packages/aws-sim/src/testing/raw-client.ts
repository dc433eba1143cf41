import { createHmac, hash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { formatAmzDate } from '../server/sigv4.ts';
import { DISCOVERY_KEYS } from './sdk-clients.ts';

/** A client that costs next to nothing, for measuring what it talks to. */
export interface RawClient {
  /** Signs and sends one request of STS; resolves to the HTTP status. */
  callSts(action: string): Promise<number>;
  close(): void;
}

/** A client with so many connections. */
export function createRawClient(url: string, connections: number): RawClient {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const { host } = new URL(url);
  const keys = new Map<string, Buffer>();

  function signingKey(date: string): Buffer {
    const known = keys.get(date);
    if (known !== undefined) return known;
    const step = (key: string | Buffer, text: string): Buffer =>
      createHmac('sha256', key).update(text).digest();
    const key = step(
      step(step(step(`AWS4${DISCOVERY_KEYS.secretAccessKey}`, date), 'us-east-1'), 'sts'),
      'aws4_request',
    );
    keys.set(date, key);
    return key;
  }

  function sign(body: string): Record<string, string> {
    const amzDate = formatAmzDate(Date.now());
    const scope = `${amzDate.slice(0, 8)}/us-east-1/sts/aws4_request`;
    const canonical = `POST\n/\n\nhost:${host}\nx-amz-date:${amzDate}\n\nhost;x-amz-date\n${hash('sha256', body, 'hex')}`;
    const text = `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signature = createHmac('sha256', signingKey(amzDate.slice(0, 8)))
      .update(text)
      .digest('hex');
    const authorization = `AWS4-HMAC-SHA256 Credential=${DISCOVERY_KEYS.accessKeyId}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`;
    return { host, 'x-amz-date': amzDate, authorization };
  }

  return {
    callSts(action) {
      const body = `Action=${action}&Version=2011-06-15`;
      const headers = { ...sign(body), 'content-length': Buffer.byteLength(body) };
      return new Promise((resolve, reject) => {
        const outgoing = request(url, { method: 'POST', agent, headers }, (answer) => {
          answer.resume();
          answer.on('end', () => {
            resolve(answer.statusCode ?? 0);
          });
        });
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    },
    close() {
      agent.destroy();
    },
  };
}
