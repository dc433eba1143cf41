import { request } from 'node:http';

/** An answer, with everything that a browser would look at. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** `Set-Cookie` headers. */
  readonly cookies: readonly string[];
}

/** A client that keeps cookies as a browser does, and says what is wanted of it and no more. */
export interface Browser {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** @param body sent as JSON; a text as it is, as a form's */
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** As `document.cookie` of every path, HttpOnly or not. */
  readonly jar: Map<string, string>;
}

export function createBrowser(url: string): Browser {
  const jar = new Map<string, string>();
  const send: Browser['send'] = async (method, path, body, headers = {}) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await exchange(url + path, method, text, {
      ...(jar.size > 0 ? { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') } : {}),
      ...(typeof body === 'object' ? { 'content-type': 'application/json' } : {}),
      ...headers,
    });
    for (const cookie of answer.cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(cookie)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  };
  return { jar, send, get: (path, headers) => send('GET', path, undefined, headers) };
}

function exchange(
  url: string,
  method: string,
  body: string | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers: { ...headers } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.once('end', () => {
        resolve({
          status: answer.statusCode ?? 0,
          body: text,
          headers: answer.headers,
          cookies: answer.headers['set-cookie'] ?? [],
        });
      });
    });
    asked.once('error', reject).end(body);
  });
}
