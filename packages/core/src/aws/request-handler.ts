import { NodeHttpHandler } from '@smithy/node-http-handler';
import { JobError } from '../runtime/errors.ts';
import type { AwsClock } from './aws-clock.ts';
import { currentScope } from './call-scope.ts';
import { CONNECTION_TIMEOUT_MS, REQUEST_TIMEOUT_MS, SOCKET_TIMEOUT_MS } from './limits.ts';

/** The socket layer of the SDK as we use it: NodeHttpHandler's, with the call's scope looked at last. */
export type ScopedHandler = Pick<
  NodeHttpHandler,
  'handle' | 'destroy' | 'metadata' | 'updateHttpClientConfig' | 'httpHandlerConfigs'
>;

const silent = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * One keep-alive socket pool for all clients. Being the last step after signing, it is where a call is checked once more:
 * signed with the keys of its own scope, not aborted, and not past its `leaveByMonotonicMs`. The scope's signal is applied here and
 * not through `client.send(command, { abortSignal })`, because any option there throws the client's middleware cache away.
 *
 * @param deps.maxSockets per origin. Real AWS has one origin per service and region; a simulator is one origin for all.
 */
export function createScopedHandler(deps: {
  readonly clock: AwsClock;
  readonly maxSockets: number;
  /** From the request to the first byte of its answer. @default REQUEST_TIMEOUT_MS */
  readonly requestTimeoutMs?: number;
}): ScopedHandler {
  const inner = new NodeHttpHandler({
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: deps.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
    socketTimeout: SOCKET_TIMEOUT_MS,
    httpAgent: { keepAlive: true, maxSockets: deps.maxSockets },
    httpsAgent: { keepAlive: true, maxSockets: deps.maxSockets },
    logger: silent,
  });
  return {
    metadata: inner.metadata,
    // oxlint-disable-next-line typescript/require-await -- refusals must reject, not throw
    async handle(request, options) {
      const scope = currentScope();
      assertSignedByScope(request.headers['authorization'], scope.keys.accessKeyId);
      scope.signal.throwIfAborted();
      if (scope.leaveByMonotonicMs !== null && deps.clock.monotonicMs() > scope.leaveByMonotonicMs) {
        throw new JobError('aws.unavailable', 'the time to send had passed', { retry: 'backoff' });
      }
      scope.left = true;
      const sentAtMs = deps.clock.monotonicMs();
      const answer = await inner.handle(request, { ...options, abortSignal: scope.signal });
      deps.clock.learn(answer.response.headers['date'], sentAtMs);
      return answer;
    },
    destroy: () => {
      inner.destroy();
    },
    updateHttpClientConfig: (key, value) => {
      inner.updateHttpClientConfig(key, value);
    },
    httpHandlerConfigs: () => inner.httpHandlerConfigs(),
  };
}

function assertSignedByScope(authorization: string | undefined, accessKeyId: string): void {
  if (authorization?.includes(`Credential=${accessKeyId}/`) === true) return;
  throw new JobError('bug.unknown', 'a call was signed with keys of another scope', { retry: 'never' });
}
