import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** For tests: an endpoint that answers what the test says, where the simulator would be too well-behaved. */
export interface StubAws {
  readonly url: string;
  readonly requests: readonly StubRequest[];
  close(): Promise<void>;
}

export interface StubRequest {
  /** As the wire names it: `DescribeInstances`, `SendCommand`, `listRegions` … */
  readonly operation: string;
  /** Of the signature. */
  readonly accessKeyId: string;
  readonly region: string;
  readonly sessionToken: string | null;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface StubAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: string;
}

/** What to do with a request: answer it, cut the connection before or within the answer, or say nothing. */
export type StubRule = (request: StubRequest) => StubAnswer | 'reset' | 'cut' | 'hang' | Promise<StubAnswer>;

export async function startStubAws(rule: StubRule): Promise<StubAws> {
  const requests: StubRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    answer(rule, requests, incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

async function answer(
  rule: StubRule,
  requests: StubRequest[],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  // It tells no time, unless the rule does.
  outgoing.sendDate = false;
  const body = await text(incoming);
  const [, accessKeyId = '', region = ''] =
    /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(incoming.headers.authorization ?? '') ?? [];
  const target = incoming.headers['x-amz-target'];
  const request: StubRequest = {
    operation:
      typeof target === 'string'
        ? target.replace(/^.*\./, '')
        : (/(?:^|&)Action=(\w+)/.exec(body)?.[1] ?? incoming.url?.slice(1) ?? ''),
    accessKeyId,
    region,
    sessionToken: String(incoming.headers['x-amz-security-token'] ?? '') || null,
    headers: incoming.headers,
    body,
  };
  requests.push(request);
  const reply = await rule(request);
  if (reply === 'hang') return;
  if (reply === 'reset') {
    incoming.socket.resetAndDestroy();
    return;
  }
  if (reply === 'cut') {
    outgoing.writeHead(200, { 'content-length': 1_000 });
    outgoing.write('half of an answer', () => incoming.socket.resetAndDestroy());
    return;
  }
  outgoing
    .writeHead(reply.status ?? 200, { 'x-amzn-RequestId': 'stub-request', ...reply.headers })
    .end(reply.body);
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): StubAnswer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', ...headers },
    body: JSON.stringify(body),
  };
}

/** An error as SSM and Organizations write it. */
export function jsonError(code: string, message: string, status = 400): StubAnswer {
  return json({ __type: code, message }, status);
}

/** An error as EC2 writes it. */
export function ec2Error(
  code: string,
  message: string,
  status: number,
  headers: Record<string, string> = {},
): StubAnswer {
  return {
    status,
    headers,
    body: `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`,
  };
}

/** An error as STS writes it. */
export function stsError(code: string, message: string, status = 403): StubAnswer {
  return {
    status,
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  };
}

/** A session of the account in the request's RoleArn. Its key id is `ASIA` and the account, then what makes it its own. */
export function assumeRole(request: StubRequest, expiresAtMs: number, serial = ''): StubAnswer {
  const accountId = /arn%3Aaws%3Aiam%3A%3A(\d{12})/.exec(request.body)?.[1] ?? '';
  return {
    body:
      `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>` +
      `<AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId><Arn>arn:aws:sts::${accountId}:assumed-role/r/s</Arn></AssumedRoleUser>` +
      `<Credentials><AccessKeyId>ASIA${accountId}${serial}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>` +
      `<SessionToken>token-of-${accountId}${serial}</SessionToken><Expiration>${new Date(expiresAtMs).toISOString()}</Expiration></Credentials>` +
      `</AssumeRoleResult></AssumeRoleResponse>`,
  };
}

/** One page of DescribeInstances with one running instance. */
export function oneInstance(ownerId: string, instanceId: string): StubAnswer {
  return {
    body:
      `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><reservationSet><item>` +
      `<reservationId>r-1</reservationId><ownerId>${ownerId}</ownerId><instancesSet><item><instanceId>${instanceId}</instanceId>` +
      `<instanceState><code>16</code><name>running</name></instanceState></item></instancesSet></item></reservationSet></DescribeInstancesResponse>`,
  };
}
