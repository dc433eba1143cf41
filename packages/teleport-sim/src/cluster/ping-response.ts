import type { ClusterIdentity } from './cluster-identity.ts';

/**
 * The body of `/webapi/find`, and with `auth` of `/webapi/ping`; without `updates`, as of a cluster that has no managed updates: the fields of Teleport's PingResponse
 * (`api/client/webclient`) that a self-hosted cluster with TLS routing fills.
 */
export function pingResponse(
  identity: ClusterIdentity,
  with_: { readonly auth: boolean; readonly updates: boolean },
): object {
  const [host = '', port = '443'] = identity.publicAddr.split(':');
  return {
    ...(with_.auth ? { auth: AUTH_SETTINGS } : {}),
    proxy: {
      kube: { enabled: true, listen_addr: `0.0.0.0:${port}` },
      ssh: {
        listen_addr: `0.0.0.0:${port}`,
        tunnel_listen_addr: `0.0.0.0:${port}`,
        web_listen_addr: `0.0.0.0:${port}`,
        public_addr: identity.publicAddr,
        ssh_public_addr: `${host}:${port}`,
        ssh_tunnel_public_addr: `${host}:${port}`,
      },
      db: { postgres_public_addr: `${host}:${port}`, mysql_listen_addr: `0.0.0.0:${port}` },
      tls_routing_enabled: true,
    },
    server_version: identity.serverVersion,
    min_client_version: `${Math.max(0, Number(identity.serverVersion.split('.')[0]) - 1)}.0.0-aa`,
    ...(with_.updates ? { auto_update: updateSettings(identity) } : {}),
    cluster_name: identity.clusterName,
    automatic_upgrades: identity.automaticUpgrades,
    edition: identity.edition,
    fips: false,
  };
}

function updateSettings(identity: ClusterIdentity): object {
  return {
    tools_version: identity.serverVersion,
    tools_auto_update: false,
    agent_version: identity.serverVersion,
    agent_auto_update: identity.automaticUpgrades,
    agent_update_jitter_seconds: 60,
  };
}

const AUTH_SETTINGS = {
  type: 'local',
  second_factor: 'on',
  preferred_local_mfa: 'webauthn',
  allow_passwordless: true,
  allow_headless: true,
  local: { name: '' },
  webauthn: { rp_id: 'localhost' },
  device_trust: {},
  has_motd: false,
};
