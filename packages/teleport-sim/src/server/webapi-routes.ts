/** What a Teleport proxy answers to every caller: `/webapi/find`, `/webapi/ping`, installer scripts. */
import type { Cluster } from '../cluster/cluster.ts';
import { majorVersion } from '../cluster/cluster-identity.ts';
import {
  breakInstaller,
  FAILING_INSTALLER,
  LOGIN_PAGE,
  type RenderedInstaller,
  renderInstaller,
} from '../cluster/installers.ts';
import { pingResponse } from '../cluster/ping-response.ts';
import { dropConnection, type Exchange, sendJson, sendText, sendTraceError, wait } from './http-exchange.ts';

const INSTALLER_PATH = /^\/webapi\/scripts\/installer\/([^/]+)$/;
const UPGRADE_VERSION_PATH = /^\/webapi\/automaticupgrades\/channel\/[^/]+(?:\/version)?$/;

/** Answers a request under `/webapi` or `/scripts`; false when the path is none of them. */
export async function answerWebapi(cluster: Cluster, exchange: Exchange): Promise<boolean> {
  const path = exchange.path.startsWith('/v1/') ? exchange.path.slice('/v1'.length) : exchange.path;
  if (!path.startsWith('/webapi/') && path !== '/scripts/install.sh') return false;
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
    sendTraceError(exchange, 405, `${exchange.method} is not allowed`);
    return true;
  }
  await answerPath(cluster, exchange, path);
  return true;
}

const SOME_WEB_PAGE = '<!doctype html><title>Welcome</title><p>This is the intranet.</p>';

async function answerPath(cluster: Cluster, exchange: Exchange, path: string): Promise<void> {
  const { identity } = cluster;
  if (cluster.faults.proxy === 'foreign') return sendText(exchange, 200, 'text/html', SOME_WEB_PAGE);
  const installerName = INSTALLER_PATH.exec(path)?.[1];
  if (installerName !== undefined) {
    return answerInstaller(cluster, exchange, decodeURIComponent(installerName));
  }
  const updates = cluster.faults.proxy !== 'without-updates';
  if (path === '/webapi/find') {
    return sendJson(exchange, 200, pingResponse(identity, { auth: false, updates }));
  }
  if (path === '/webapi/ping') {
    return sendJson(exchange, 200, pingResponse(identity, { auth: true, updates }));
  }
  if (path === '/scripts/install.sh') return sendText(exchange, 200, SCRIPT_TYPE, installScript(cluster));
  if (UPGRADE_VERSION_PATH.test(path)) {
    return sendText(exchange, 200, 'text/plain; charset=utf-8', `v${identity.serverVersion}`);
  }
  return sendTraceError(exchange, 404, `path ${exchange.path} not found`);
}

const SCRIPT_TYPE = 'text/plain; charset=utf-8';

async function answerInstaller(cluster: Cluster, exchange: Exchange, name: string): Promise<void> {
  const { installer: fault, slowMs } = cluster.faults;
  const template = fault === 'not-found' ? undefined : cluster.installer(name);
  if (fault === 'down') return dropConnection(exchange);
  if (fault === 'error') return sendTraceError(exchange, 500, 'internal server error');
  if (fault === 'rate-limited') return sendTraceError(exchange, 429, 'rate limit exceeded');
  if (fault === 'slow' && !(await wait(exchange, cluster.clock.scaleMs(slowMs)))) return undefined;
  if (template === undefined) return sendTraceError(exchange, 404, `installer "${name}" not found`);
  const sound = renderInstaller(template, cluster.identity, exchange.query.get('azure-client-id') ?? '');
  const sent = installerUnderFault(fault, sound);
  exchange.response.setHeader('x-sim-exit-code', sent.exitCode);
  return sendText(exchange, 200, sent === LOGIN_PAGE ? 'text/html; charset=utf-8' : SCRIPT_TYPE, sent.script);
}

function installerUnderFault(fault: string, sound: RenderedInstaller): RenderedInstaller {
  if (fault === 'broken') return breakInstaller(sound);
  if (fault === 'failing') return FAILING_INSTALLER;
  return fault === 'html' ? LOGIN_PAGE : sound;
}

function installScript(cluster: Cluster): string {
  return `#!/usr/bin/env sh\nset -eu\necho "Installing Teleport ${majorVersion(cluster.identity)}"\n`;
}
