import { type InitSettings, JOIN_TOKEN, roleInConfig, MARKER_KEY_FILE } from './settings.ts';

/** What a host needs not to say: Compose and systemd bring Redis by variables, and their consoles stay on loopback. */
const ON_KUBERNETES = [
  '  redis:',
  '    # The Service of the component redis-in-cluster. Another Redis: its URL, such as rediss://redis.example.com:6379.',
  '    url: redis://muster-redis:6379',
  '    # Of the Secret muster-redis.',
  '    password_file: redis-password',
  '  console:',
  '    # The key `users` of the Secret muster-files. Without that, the only way in is `muster console login` in a pod.',
  '    users_file: users',
];

/**
 * Muster's configuration for the roles and the token that the other files make.
 * @param place where Muster runs: a host has Redis and the console beside it, Kubernetes elsewhere and behind every address of a pod
 */
export function musterYaml(settings: InitSettings, place: 'host' | 'kubernetes'): string {
  return `${[
    '# Muster configuration: a teleport.yaml with a muster section. Every key: docs/configuration.md.',
    ...(place === 'kubernetes'
      ? ['# For docs/deploy/kubernetes.md: every file that it names comes from a Secret.']
      : []),
    '#   muster config check muster.yaml',
    'version: v3',
    'teleport:',
    `  proxy_server: ${quote(settings.proxy)}`,
    '',
    'discovery_service:',
    '  enabled: true',
    '  discovery_group: aws-organization',
    '  aws:',
    ...matcher(settings).map((line) => (line === '' ? '' : `    ${line}`)),
    '',
    'muster:',
    ...(place === 'kubernetes' ? ON_KUBERNETES : []),
    '  # Signs each command, so that a member account cannot forge Muster’s. All workers need the same key.',
    `  marker_key_file: ${MARKER_KEY_FILE}`,
    '  limits:',
    '    # The first run sends nothing until `muster resume --all`.',
    '    hold_first_send: true',
    '    # Hosts under way at once, over all accounts: until they have joined or failed.',
    '    installs_in_flight: 200',
    '  inventory:',
    '    # Where it is seen which hosts have joined: teleport/inventory.yaml.',
    '    source: tctl',
    `    args: ["--identity=/opt/machine-id/identity", "--auth-server=${settings.proxy}"]`,
  ].join('\n')}\n`;
}

function matcher(settings: InitSettings): readonly string[] {
  const { partition, regions, tags, accountTags } = settings;
  return [
    '- types: [ec2]',
    ...(partition === 'aws' ? [] : [`  partition: ${partition}`]),
    ...(regions.length === 0
      ? ['  # Every region that is enabled in an account.', '  regions: ["*"]']
      : [`  regions: [${regions.join(', ')}]`]),
    ...(tags.size === 0
      ? ['  # Every instance. To begin small, name a tag: {teleport: enroll}.', '  tags: {"*": "*"}']
      : ['  # Only instances that carry all of these tags.', '  tags:', ...tagLines(tags)]),
    ...(accountTags.size === 0
      ? []
      : [
          '  # Only accounts that carry all of these tags themselves; needs organizations:ListTagsForResource.',
          '  account_tags:',
          ...tagLines(accountTags),
        ]),
    '  # The member role: cloudformation/member-role.yaml.',
    `  assume_role_name: ${quote(roleInConfig(settings.memberRole))}`,
    `  external_id: ${quote(settings.externalId)}`,
    '  organization:',
    `    organization_id: ${settings.organizationId}`,
    '    organizational_units:',
    '      include: ["*"]',
    '      exclude: []',
    '  ssm:',
    `    document_name: ${settings.documentName}`,
    '  install:',
    '    join_params:',
    `      token_name: ${JOIN_TOKEN}`,
    '      method: iam',
  ];
}

function tagLines(tags: InitSettings['tags']): readonly string[] {
  return [...tags].map(
    ([key, values]) =>
      `    ${quote(key)}: ${values.length === 1 ? quote(values[0] ?? '') : `[${values.map(quote).join(', ')}]`}`,
  );
}

/** JSON's texts are YAML's double-quoted ones. */
function quote(text: string): string {
  return JSON.stringify(text);
}
