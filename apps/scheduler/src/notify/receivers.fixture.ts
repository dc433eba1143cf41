import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** A request that a receiver was sent. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** How a receiver answers; `hang` never does. */
export type ReceiverAnswer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly text?: string;
      /** The connection is reset behind the text. @default false */
      readonly breaks?: boolean;
    }
  | 'hang';

/** A server on loopback that takes what channels send. */
export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  answer(how: ReceiverAnswer): void;
  stop(): Promise<void>;
}

/** Starts an HTTP server that keeps what it is sent, and answers 200 until it is told otherwise. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let how: ReceiverAnswer = { status: 200, text: 'ok' };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      received.push({
        path: request.url ?? '',
        headers: request.headers,
        text,
        json: JSON.parse(text) as Received['json'],
      });
      if (how === 'hang') return;
      const { status, headers, text: body = '', breaks = false } = how;
      if (breaks) {
        response.writeHead(status, { ...headers, 'content-length': '1000' });
        response.write(body, () => request.socket.resetAndDestroy());
      } else response.writeHead(status, headers).end(body);
    });
  });
  await listening(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: (next) => {
      how = next;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
}

/** A mail server on loopback. */
export interface MailReceiver {
  readonly port: number;
  readonly mails: readonly { readonly from: string; readonly to: readonly string[]; readonly text: string }[];
  stop(): Promise<void>;
}

/** Starts an SMTP server that keeps what it is sent, from the user `muster` with the password `mail-s3cret`. */
export async function startMailReceiver(): Promise<MailReceiver> {
  const mails: { from: string; to: string[]; text: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    hideSTARTTLS: true,
    onAuth: ({ username, password }, _session, done) => {
      if (username === 'muster' && password === 'mail-s3cret') done(null, { user: username });
      else done(new Error('wrong password'));
    },
    onData: (stream, { envelope }, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('end', () => {
        const { mailFrom, rcptTo } = envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString('utf8'),
        });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}
