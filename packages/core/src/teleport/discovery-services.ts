import { z } from 'zod';
import type {
  AnnouncedService,
  DiscoveryConfig,
  DiscoveryHost,
  DiscoveryReading,
  OtherMatcher,
} from '../rollout/other-discovery.ts';
import { accountOfRole } from '../scan/matcher-scope.ts';
import { isJobError, JobError } from '../runtime/errors.ts';
import { createArrayElements } from './array-elements.ts';
import { runTctl } from './tctl.ts';
import type { TctlCommand } from './tctl-process.ts';

const Texts = z.array(z.string()).nullish();
/** A tag's values: a list, or one text (`types.Labels` of gravitational/teleport takes both). */
const Tags = z
  .record(z.string(), z.union([z.string().transform((one) => [one]), z.array(z.string())]))
  .nullish();

/** The fields that we use of `AWSMatcher` (`api/proto/teleport/legacy/types/types.proto`). */
const AwsMatcher = z.object({
  types: Texts,
  regions: Texts,
  tags: Tags,
  assume_role: z.object({ role_arn: z.string().nullish() }).nullish(),
  organization: z
    .object({
      organization_id: z.string().nullish(),
      organizational_units: z.object({ include: Texts, exclude: Texts }).nullish(),
    })
    .nullish(),
});
const AwsMatchers = z.array(AwsMatcher).nullish();

/** RFD 253 of gravitational/teleport: `api/proto/teleport/discoveryservice/v1/discovery_service.proto`, printed by encoding/json. */
const Service = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z
    .object({
      hostname: z.string().nullish(),
      discovery_group: z.string().nullish(),
      static_matchers: z.object({ aws: AwsMatchers }).nullish(),
      matchers_truncated: z.boolean().nullish(),
      static_matcher_counts: z.record(z.string(), z.number()).nullish(),
    })
    .nullish(),
});

/** An instance of `tctl inventory list` (`tool/tctl/common/inventory_command.go`). */
const Host = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ hostname: z.string().nullish() }).nullish(),
});

/** `api/types/discoveryconfig/discoveryconfig.go`. */
const Config = z.object({
  sub_kind: z.string().nullish(),
  metadata: z.object({ name: z.string() }),
  spec: z.object({ discovery_group: z.string().nullish(), aws: AwsMatchers }),
  status: z.object({ last_sync_time: z.string().nullish() }).nullish(),
});

/**
 * Asks three questions, since each release of Teleport answers others: heartbeats with the configuration, the hosts that run a
 * Discovery Service, and the resources. What the identity may not ask, or this Teleport does not know, is null.
 */
export async function readDiscovery(tctl: TctlCommand, signal: AbortSignal): Promise<DiscoveryReading> {
  const ask = (args: readonly string[]): Promise<readonly string[] | null> =>
    unlessUnknown(tctl, args, signal);
  const services = await ask(['get', 'discovery_service', '--format=json']);
  const hosts = await ask(['inventory', 'list', '--services=discovery', '--format=json']);
  const configs = await ask(['get', 'discovery_config', '--format=json']);
  return {
    services: services?.map((text) => serviceOf(parsed(Service, text))) ?? null,
    hosts: hosts?.map((text) => hostOf(parsed(Host, text))) ?? null,
    configs:
      configs
        ?.map((text) => parsed(Config, text))
        // What a service publishes of its own file is told by its heartbeat.
        .filter(({ sub_kind: subKind }) => (subKind ?? '') === '')
        .map(configOf) ?? null,
  };
}

/** tctl ends with 1 for everything; these words say that it, or Auth, is of a release that does not know what is asked for. */
const UNKNOWN =
  /is not supported|unsupported resource|not implemented|unknown (?:service|method|command|long flag)|expected command/i;

async function unlessUnknown(
  tctl: TctlCommand,
  args: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  let text: string;
  try {
    text = await runTctl(tctl, args, '', signal);
  } catch (error) {
    if (isJobError(error, 'teleport.denied')) return null;
    if (isJobError(error, 'teleport.unavailable') && UNKNOWN.test(error.message)) return null;
    throw error;
  }
  const elements = createArrayElements();
  const found = elements.push(Buffer.from(text));
  elements.end();
  return found;
}

function parsed<Shape extends z.ZodType>(shape: Shape, text: string): z.infer<Shape> {
  const read = shape.safeParse(JSON.parse(text));
  if (read.success) return read.data;
  throw new JobError('teleport.invalid', 'tctl printed a Discovery Service in a form that is not known', {
    retry: 'backoff',
    cause: read.error,
  });
}

function serviceOf({ metadata, spec }: z.infer<typeof Service>): AnnouncedService {
  const isHidden = spec?.matchers_truncated === true && (spec.static_matcher_counts?.['aws'] ?? 0) > 0;
  return {
    hostId: metadata.name,
    hostname: spec?.hostname ?? '',
    group: spec?.discovery_group ?? '',
    matchers: isHidden ? null : matchersOf(spec?.static_matchers?.aws),
  };
}

function hostOf({ metadata, spec }: z.infer<typeof Host>): DiscoveryHost {
  return { hostId: metadata.name, hostname: spec?.hostname ?? '' };
}

function configOf({ metadata, spec, status }: z.infer<typeof Config>): DiscoveryConfig {
  const ms = Date.parse(status?.last_sync_time ?? '');
  return {
    name: metadata.name,
    group: spec.discovery_group ?? '',
    matchers: matchersOf(spec.aws),
    // Go writes a time that was never set as year 1.
    syncedAtMs: Number.isNaN(ms) || ms <= 0 ? null : ms,
  };
}

function matchersOf(aws: z.infer<typeof AwsMatchers>): readonly OtherMatcher[] {
  return (aws ?? []).filter(({ types }) => types?.includes('ec2') !== false).map(matcherOf);
}

function matcherOf({
  regions,
  tags,
  assume_role: role,
  organization,
}: z.infer<typeof AwsMatcher>): OtherMatcher {
  const organizationId = organization?.organization_id ?? '';
  const units = organization?.organizational_units;
  const rules = Object.entries(tags ?? {});
  return {
    regions: regions === null || regions === undefined || regions.includes('*') ? null : regions,
    accountId: accountOfRole(role?.role_arn ?? ''),
    organization:
      organizationId === ''
        ? null
        : { organizationId, includeOus: units?.include ?? ['*'], excludeOus: units?.exclude ?? [] },
    // A key `*` switches all tag filters off.
    tags: rules.some(([key]) => key === '*') ? [] : rules.map(([key, values]) => ({ key, values })),
  };
}
