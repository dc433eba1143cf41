import type { RedisSettings } from '@muster/core/config/model';
import { Secret } from '@muster/core/config/secret';

/** How Redis is reached, as it goes from one thread to another within the process: a `Secret` would arrive empty. */
export interface PlainRedis {
  readonly url: string;
  readonly passwordFile: string | null;
  readonly prefix: string;
  readonly tls: {
    readonly ca: string | null;
    readonly client: { readonly cert: string; readonly key: string } | null;
  } | null;
  readonly sentinelPassword: string | null;
}

/** For `workerData` alone: what it returns is never logged. */
export function plainRedis({ url, passwordFile, prefix, tls, sentinelPassword }: RedisSettings): PlainRedis {
  const client = tls?.client ?? null;
  return {
    url: url.reveal(),
    passwordFile: passwordFile ?? null,
    prefix,
    tls:
      tls === undefined
        ? null
        : { ca: tls.ca, client: client && { cert: client.cert, key: client.key.reveal() } },
    sentinelPassword: sentinelPassword?.reveal() ?? null,
  };
}

/** The reverse of `plainRedis`. */
export function settingsOfPlain({
  url,
  passwordFile,
  prefix,
  tls,
  sentinelPassword,
}: PlainRedis): RedisSettings {
  const client = tls?.client ?? null;
  return {
    url: new Secret(url),
    ...(passwordFile === null ? {} : { passwordFile }),
    prefix,
    ...(tls === null
      ? {}
      : { tls: { ca: tls.ca, client: client && { cert: client.cert, key: new Secret(client.key) } } }),
    ...(sentinelPassword === null ? {} : { sentinelPassword: new Secret(sentinelPassword) }),
  };
}
