/** What gives pods of EKS their keys, in front of the simulated AWS: the agent of Pod Identity, and STS as IRSA asks it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface KeyGiver {
  readonly url: string;
  /** What a pod must show. */
  readonly token: string;
  /** How often keys were given. */
  asked(): number;
  close(): void;
}

function inAnHour(): string {
  return new Date(Date.now() + 3_600_000).toISOString();
}

async function listen(
  token: string,
  path: string,
  answer: (asked: IncomingMessage, response: ServerResponse, given: () => void) => Promise<void> | void,
): Promise<KeyGiver> {
  let given = 0;
  const server = createServer((asked, response) => {
    void answer(asked, response, () => (given += 1));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}${path}`, token, asked: () => given, close: () => server.close() };
}

/** The agent of EKS Pod Identity, on each node: gives the keys of a role to a caller that shows its token. */
export function startPodIdentityAgent(keys: Keys): Promise<KeyGiver> {
  const token = 'token-for-pods.eks.amazonaws.com';
  return listen(token, '/v1/credentials', (asked, response, given) => {
    const isKnown = asked.url === '/v1/credentials' && asked.headers.authorization === token;
    if (isKnown) given();
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
    const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = keys;
    response.end(
      JSON.stringify(isKnown ? { AccessKeyId, SecretAccessKey, Token: '', Expiration: inAnHour() } : {}),
    );
  });
}

/** STS with the one call that the simulated AWS does not know, AssumeRoleWithWebIdentity; all else goes on to that. */
export function startTokenService(keys: Keys, awsUrl: string): Promise<KeyGiver> {
  const token = 'token-for-sts.amazonaws.com';
  return listen(token, '', async (asked, response, given) => {
    const chunks: Buffer[] = [];
    for await (const chunk of asked) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const form = new URLSearchParams(body.toString('utf8'));
    if (form.get('Action') !== 'AssumeRoleWithWebIdentity') {
      // As it was signed, the name of the host included.
      const onward = request(
        new URL(asked.url ?? '/', awsUrl),
        { method: asked.method ?? 'POST', headers: asked.headers },
        (reply) => {
          response.writeHead(reply.statusCode ?? 502, reply.headers);
          reply.pipe(response);
        },
      );
      onward.once('error', () => response.destroy());
      onward.end(body);
      return;
    }
    const isKnown = form.get('WebIdentityToken') === token;
    if (isKnown) given();
    response.writeHead(isKnown ? 200 : 400, { 'content-type': 'text/xml' });
    response.end(isKnown ? granted(keys) : REFUSED);
  });
}

function granted({ accessKeyId, secretAccessKey }: Keys): string {
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey><SessionToken></SessionToken>
<Expiration>${inAnHour()}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
}

const REFUSED = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>InvalidIdentityToken</Code><Message>no token of this service account</Message></Error></ErrorResponse>`;
