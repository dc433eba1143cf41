import { INVENTORY_BOT, type InitSettings, JOIN_TOKEN } from './settings.ts';

/**
 * The IAM join token. With a list of accounts Auth needs no permission in AWS at all: a host proves its account by a
 * signed GetCallerIdentity, and Auth looks the account up in the list.
 */
export function joinToken(settings: InitSettings): string {
  const { tokenAccounts, organizationId } = settings;
  if (tokenAccounts !== null) return accountsToken(JOIN_TOKEN, tokenAccounts);
  return tokenOf(JOIN_TOKEN, [
    '    # Every account of the organization. Auth asks AWS whose account it is: iam/auth-policy.json.',
    `    - aws_organization_id: ${organizationId}`,
  ]);
}

/** A token that names accounts, in the order given. `muster token` writes it anew for the accounts of today. */
export function accountsToken(name: string, accountIds: readonly string[]): string {
  return tokenOf(name, [
    `    # The ${accountIds.length} accounts in scope when this was written. Keep it in step: muster token --file teleport/token.yaml`,
    ...accountIds.map((id) => `    - aws_account: "${id}"`),
  ]);
}

function tokenOf(name: string, allow: readonly string[]): string {
  return lines(
    '# The join token that instances use. Its name is no secret: a host must prove to AWS where it runs.',
    '#   tctl create -f teleport/token.yaml',
    'kind: token',
    'version: v2',
    'metadata:',
    `  name: ${name}`,
    'spec:',
    '  # Nodes and nothing else.',
    '  roles: [Node]',
    '  join_method: iam',
    '  allow:',
    ...allow,
  );
}

/** The role that sees nodes and nothing else, and with a known account the token of the bot that holds it. */
export function inventoryResources(settings: InitSettings): string {
  const { discoveryAccount, discoveryRole, partition, removesNodes } = settings;
  const role = lines(
    '# What workers see of the cluster: which hosts have joined.',
    '#   tctl create -f teleport/inventory.yaml',
    'kind: role',
    'version: v7',
    'metadata:',
    `  name: ${INVENTORY_BOT}`,
    'spec:',
    '  allow:',
    '    # Every node: a host that is not seen counts as not joined. No logins: this role opens no shell anywhere.',
    '    node_labels:',
    '      "*": "*"',
    '    rules:',
    '      - resources: [node]',
    ...(removesNodes
      ? ['        # delete: for the nodes of instances that are gone (muster.cleanup).']
      : ['        # With muster.cleanup.enabled also delete.']),
    `        verbs: [list, read${removesNodes ? ', delete' : ''}]`,
    "      # Whether Teleport's own Discovery Service is at work on the same hosts: sends wait there.",
    '      - resources: [discovery_service, discovery_config, instance]',
    '        verbs: [list, read]',
    '      # EC2 tags as labels of the nodes. Leave it out when muster.labels.enabled is false.',
    '      - resources: [server_info]',
    '        verbs: [list, read, create, update]',
  );
  if (discoveryAccount === null) return role;
  return `${role}${lines(
    '---',
    "# The bot joins from the workers' own instances: no secret is kept anywhere.",
    'kind: token',
    'version: v2',
    'metadata:',
    `  name: ${INVENTORY_BOT}`,
    'spec:',
    '  roles: [Bot]',
    `  bot_name: ${INVENTORY_BOT}`,
    '  join_method: iam',
    '  allow:',
    `    - aws_account: "${discoveryAccount}"`,
    `      aws_arn: "arn:${partition}:sts::${discoveryAccount}:assumed-role/${discoveryRole}/i-*"`,
  )}`;
}

/**
 * Configuration of `tbot`, which keeps the identity for `tctl` fresh.
 * @param place a host keeps tbot's own state over a restart; in a pod there is no disk for it, and one that starts anew joins anew
 */
export function tbotConfig(settings: InitSettings, place: 'host' | 'kubernetes'): string {
  return lines(
    place === 'host'
      ? '# /etc/tbot.yaml on the hosts of workers.'
      : '# For the component tbot-sidecar of docs/deploy/kubernetes.md.',
    'version: v2',
    `proxy_server: ${settings.proxy}`,
    'onboarding:',
    '  join_method: iam',
    `  token: ${INVENTORY_BOT}`,
    'storage:',
    ...(place === 'host' ? ['  type: directory', '  path: /var/lib/teleport/bot'] : ['  type: memory']),
    'outputs:',
    '  - type: identity',
    '    destination:',
    '      type: directory',
    '      path: /opt/machine-id',
  );
}

function lines(...list: readonly string[]): string {
  return `${list.join('\n')}\n`;
}
