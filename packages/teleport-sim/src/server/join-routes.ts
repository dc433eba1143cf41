/** `POST /_sim/join`: how a simulated host joins. In Teleport this is a gRPC exchange with a signed AWS request. */
import type { Cluster, JoinRequest } from '../cluster/cluster.ts';
import { ACCOUNT_LABEL, INSTANCE_LABEL } from '../cluster/node-resource.ts';
import { isRecord } from '../cluster/record.ts';
import { dropConnection, type Exchange, readJson, sendJson, wait } from './http-exchange.ts';

/** Answers 200 `{nodeId, visibleAt}`, 403 `{error}` for a refused join, 400 `{error}` for a malformed request. */
export async function answerJoin(cluster: Cluster, exchange: Exchange): Promise<void> {
  const body = await readJson(exchange);
  const { join: fault, slowMs } = cluster.faults;
  if (fault === 'down') return dropConnection(exchange);
  if (fault === 'error') return sendJson(exchange, 503, { error: 'auth server is not available' });
  if (fault === 'slow' && !(await wait(exchange, cluster.clock.scaleMs(slowMs)))) return undefined;
  const request = body.ok ? parseJoin(body.value) : body.error;
  if (typeof request === 'string') return sendJson(exchange, 400, { error: request });
  const answer = cluster.join(request);
  if (!answer.ok) return sendJson(exchange, 403, { error: answer.error });
  const visibleAt = new Date(answer.node.visibleAtMs).toISOString();
  return sendJson(exchange, 200, { nodeId: cluster.inventory.nodeId(answer.node), visibleAt });
}

/** Reads a join request; returns what is wrong with it as text. */
export function parseJoin(value: unknown): JoinRequest | string {
  if (!isRecord(value)) return 'a join is a JSON object';
  const { token, accountId, region, instanceId, organizationId, hostname } = value as Record<string, unknown>;
  const { labels, organizationalUnits, roleName } = value as Record<string, unknown>;
  if (typeof token !== 'string' || token === '') return 'token is missing';
  if (typeof accountId !== 'string' || !/^\d{12}$/.test(accountId)) return 'accountId must be 12 digits';
  if (typeof instanceId !== 'string' || instanceId === '') return 'instanceId is missing';
  if (labels !== undefined && !isRecord(labels)) return 'labels must be an object';
  const contradicted =
    (labels?.[ACCOUNT_LABEL] ?? accountId) !== accountId ||
    (labels?.[INSTANCE_LABEL] ?? instanceId) !== instanceId;
  if (contradicted) return 'the labels name another host';
  const extraLabels = Object.entries(labels ?? {}).filter(
    ([key]) => key !== ACCOUNT_LABEL && key !== INSTANCE_LABEL,
  );
  return {
    token,
    accountId,
    instanceId,
    region: typeof region === 'string' ? region : '',
    organizationId: typeof organizationId === 'string' ? organizationId : null,
    hostname: typeof hostname === 'string' && hostname !== '' ? hostname : instanceId,
    labels: Object.fromEntries(extraLabels.map(([key, text]) => [key, String(text)])),
    organizationalUnits: Array.isArray(organizationalUnits) ? organizationalUnits.map(String) : [],
    roleName: typeof roleName === 'string' ? roleName : 'instance-profile',
  };
}
