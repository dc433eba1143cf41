import { z } from 'zod';
import { duration, flag, ignored, oneOf, text, textList, textOrList } from './value-shapes.ts';

/**
 * Teleport's keys, in both its spellings (the static one of `teleport.yaml`, the dynamic one of `discovery_config`), and
 * our additions inside a matcher. Sources: `lib/config/fileconf.go`, `api/types/matchers_aws.go` of gravitational/teleport,
 * and its reference `docs/pages/includes/discovery/discovery-config.yaml`. What must be there, and what excludes what, is
 * in `matcher-rules.ts`.
 */

/** Every key optional, unknown ones refused. */
function keys<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape);
}

/** Marks keys that Teleport does not have. */
const OURS = 'Muster only. ';

const AssumeRole = keys({
  role_arn: text().optional().describe('Dynamic spelling of `assume_role_arn`.'),
  role_name: text().optional().describe('Dynamic spelling of `assume_role_name`.'),
  external_id: text().optional().describe('Dynamic spelling of `external_id`.'),
});

const JoinParams = keys({
  token_name: text().optional().describe('Name of the IAM join token. Default `aws-discovery-iam-token`.'),
  method: text().optional().describe('Only `iam` is possible.'),
});

const HttpProxySettings = keys({
  http_proxy: text().optional().describe('HTTP_PROXY on the host while it installs, and for its agent.'),
  https_proxy: text().optional().describe('HTTPS_PROXY, likewise: everything is fetched by HTTPS.'),
  no_proxy: text()
    .optional()
    .describe('NO_PROXY, likewise: hosts, domains and networks, separated by commas.'),
});

const Install = keys({
  join_params: JoinParams.optional().describe('How the agent joins (static spelling).'),
  join_token: text().optional().describe('Dynamic spelling of `join_params.token_name`.'),
  join_method: text().optional().describe('Dynamic spelling of `join_params.method`.'),
  script_name: text().optional().describe('Installer resource to run. Default `default-installer`.'),
  install_teleport: flag().optional().describe('`false` (agentless OpenSSH) is refused. Default `true`.'),
  sshd_config: text().optional().describe('Read by the agentless flow only; ignored with a note.'),
  public_proxy_addr: text()
    .optional()
    .describe('`host[:port]` from which hosts fetch the installer. Default `teleport.proxy_server`.'),
  proxy_addr: text().optional().describe('Dynamic spelling of `public_proxy_addr`.'),
  enroll_mode: text().optional().describe('`script` (dynamic: `1`). EICE (`eice`, `2`) is refused.'),
  suffix: text()
    .optional()
    .describe('Installs beside other agents under this suffix. Needs managed updates.'),
  update_group: text().optional().describe('Managed-updates group of the agent. Needs managed updates.'),
  http_proxy_settings: HttpProxySettings.optional().describe('Forward proxy of the hosts.'),
  install_concurrency_limit: ignored().optional().describe('Azure and GCP only; ignored with a note.'),
});

const OrganizationalUnits = keys({
  include: textList()
    .optional()
    .describe('Required: ids of units or the root, or `*` for everything. Includes everything below them.'),
  exclude: textList()
    .optional()
    .describe('Ids that are left out with everything below them; stronger than `include`. Default none.'),
});

const Organization = keys({
  organization_id: text().optional().describe('Required with this block: `o-…`.'),
  organizational_units: OrganizationalUnits.optional().describe('Required with this block.'),
});

/** One entry of `aws`. */
export const MatcherShape = keys({
  types: textList()
    .optional()
    .describe('Required. `ec2` is what Muster enrolls; other types are skipped with a note.'),
  regions: textList()
    .optional()
    .describe('Required: region names, or `["*"]` for every region enabled in the account.'),
  tags: z
    .record(z.string(), textOrList())
    .optional()
    .describe(
      'Tag → value or list of values. All tags must match, any value of each. `*` and `?` are wildcards. Default `{"*": "*"}`: every instance.',
    ),
  assume_role_arn: text().optional().describe('Role to assume, for one account.'),
  assume_role_name: text()
    .optional()
    .describe(
      'Role to assume in every account of the organization; required with `organization`. A path is allowed (`teleport/discovery`), unlike in Teleport.',
    ),
  external_id: text()
    .optional()
    .describe('External id that the role asks for. With `assume_role_name` too, unlike in Teleport.'),
  assume_role: AssumeRole.optional().describe('The role, in the dynamic spelling.'),
  integration: text().optional().describe('Refused: Muster uses its own AWS credentials.'),
  install: Install.optional().describe('What is installed and how it joins.'),
  ssm: keys({
    document_name: text()
      .optional()
      .describe(
        'SSM document. `AWS-RunShellScript` exists everywhere. Default `TeleportDiscoveryInstaller`, which you must create in every account and region.',
      ),
  })
    .optional()
    .describe('How the command is sent.'),
  organization: Organization.optional().describe(
    'All accounts of an AWS Organization; without it, one account.',
  ),
  kube_app_discovery: ignored().optional().describe('EKS only; not read.'),
  setup_access_for_arn: ignored().optional().describe('EKS only; not read.'),
  partition: oneOf('aws', 'aws-us-gov', 'aws-cn')
    .optional()
    .describe(`${OURS}AWS partition. Default: the one of the role ARN, else \`aws\`.`),
  include_accounts: textList()
    .optional()
    .describe(`${OURS}Only these accounts, out of those the matcher covers.`),
  exclude_accounts: textList().optional().describe(`${OURS}Never these accounts. Default none.`),
  account_tags: z
    .record(z.string(), textOrList())
    .optional()
    .describe(
      `${OURS}Only accounts that carry these tags themselves, all of them, with any value of each. Needs \`organizations:ListTagsForResource\`.`,
    ),
  exclude_account_tags: z
    .record(z.string(), textOrList())
    .optional()
    .describe(`${OURS}Never accounts that carry any of these tags. Needs the same permission.`),
  exclude_tags: z
    .record(z.string(), textOrList())
    .optional()
    .describe(
      `${OURS}Muster leaves an instance with any of these tags (and one of the values) alone. Default none.`,
    ),
  opt_out_tag: text()
    .optional()
    .describe(
      `${OURS}Muster leaves an instance with this tag alone, whatever the value; \`""\` turns this off. Default \`muster:opt-out\`.`,
    ),
  min_instance_age: duration(0)
    .optional()
    .describe(`${OURS}An instance launched less than this ago waits. Default \`0s\`.`),
});
export type MatcherShape = z.infer<typeof MatcherShape>;

/** `discovery_service`, its matchers apart: they are read one by one. */
export const DiscoveryServiceShape = keys({
  enabled: flag().optional().describe('Off when missing, as in Teleport.'),
  discovery_group: text()
    .optional()
    .describe(
      'Name of the group. Muster reads `discovery_config` documents of the same group; without a group it reads none.',
    ),
  poll_interval: duration(0)
    .optional()
    .describe('How often Muster reads everything again. Default `5m`; `0` means the default.'),
  aws: ignored().optional(),
  azure: ignored().optional().describe('Not read.'),
  gcp: ignored().optional().describe('Not read.'),
  kubernetes: ignored().optional().describe('Not read.'),
  access_graph: ignored().optional().describe('Not read.'),
  listen_addr: ignored().optional().describe('Not read.'),
});

/** `spec` of a `discovery_config`, its matchers apart. */
export const DiscoveryConfigSpecShape = keys({
  discovery_group: text().optional().describe('Required: must equal `discovery_service.discovery_group`.'),
  aws: ignored().optional(),
  azure: ignored().optional().describe('Not read.'),
  gcp: ignored().optional().describe('Not read.'),
  kube: ignored().optional().describe('Not read.'),
  access_graph: ignored().optional().describe('Not read.'),
});

/** A `discovery_config` resource, as `tctl get discovery_config` prints it. */
export const DiscoveryConfigShape = keys({
  kind: oneOf('discovery_config').optional(),
  version: oneOf('v1').optional().describe('`v1`.'),
  sub_kind: ignored().optional(),
  metadata: keys({
    name: text().optional().describe('Required: name of the resource.'),
    description: ignored().optional(),
    labels: ignored().optional(),
    expires: ignored().optional(),
    revision: ignored().optional(),
    id: ignored().optional(),
    namespace: ignored().optional(),
  }).optional(),
  spec: ignored().optional(),
  status: ignored().optional().describe('Not read.'),
});

/** Parts of `discovery_service` and `spec` that belong to other clouds and resources. */
export const UNREAD_SERVICE_KEYS = [
  'azure',
  'gcp',
  'kubernetes',
  'kube',
  'access_graph',
  'listen_addr',
] as const;

/** Sections of a teleport.yaml that say nothing about discovery. */
export const OTHER_TELEPORT_SECTIONS = [
  'auth_service',
  'proxy_service',
  'ssh_service',
  'kubernetes_service',
  'app_service',
  'db_service',
  'windows_desktop_service',
  'okta_service',
  'jamf_service',
  'metrics_service',
  'tracing_service',
  'debug_service',
  'relay_service',
  'plugins',
] as const;

/** What Teleport's own discovery supports; only the first is ours. */
export const TELEPORT_AWS_TYPES = [
  'ec2',
  'eks',
  'rds',
  'rdsproxy',
  'redshift',
  'redshift-serverless',
  'elasticache',
  'elasticache-serverless',
  'memorydb',
  'opensearch',
  'docdb',
] as const;
