/**
 * The regions that are on in every account from the start, busiest first.
 * https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
 */
export const DEFAULT_REGIONS = [
  'us-east-1',
  'us-west-2',
  'eu-west-1',
  'eu-central-1',
  'ap-southeast-1',
  'ap-northeast-1',
  'us-east-2',
  'eu-west-2',
  'ap-southeast-2',
  'ca-central-1',
  'ap-south-1',
  'ap-northeast-2',
  'us-west-1',
  'eu-north-1',
  'sa-east-1',
  'eu-west-3',
  'ap-northeast-3',
] as const;

/** Regions of the commercial partition that an account has to opt in to. */
const OPT_IN_REGIONS = [
  'ap-east-1',
  'me-south-1',
  'eu-south-1',
  'af-south-1',
  'ap-southeast-3',
  'me-central-1',
  'eu-central-2',
  'eu-south-2',
  'ap-south-2',
  'ap-southeast-4',
  'il-central-1',
  'ca-west-1',
  'ap-southeast-5',
  'ap-southeast-7',
  'mx-central-1',
  'ap-east-2',
] as const;

/** The partitions: worlds apart, each with its own keys, organizations and regions. */
export const PARTITIONS = ['aws', 'aws-us-gov', 'aws-cn'] as const;
export type Partition = (typeof PARTITIONS)[number];

/** The regions of the smaller partitions; none is there to opt in to. */
const OTHER_REGIONS: Readonly<Record<Exclude<Partition, 'aws'>, readonly string[]>> = {
  'aws-us-gov': ['us-gov-west-1', 'us-gov-east-1'],
  'aws-cn': ['cn-north-1', 'cn-northwest-1'],
};

const defaultRegions = new Set<string>([...DEFAULT_REGIONS, ...Object.values(OTHER_REGIONS).flat()]);

/** The partition that a region belongs to. */
export function partitionOf(region: string): Partition {
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return region.startsWith('cn-') ? 'aws-cn' : 'aws';
}

/** Regions that an account of the partition can opt in to. */
export function optInRegions(partition: Partition): readonly string[] {
  return partition === 'aws' ? OPT_IN_REGIONS : [];
}

/** Whether a region is off until an account opts in. */
export function isOptInRegion(region: string): boolean {
  return !defaultRegions.has(region);
}

/** How many regions a generated world can have at most. */
export const MAX_REGIONS = DEFAULT_REGIONS.length + OPT_IN_REGIONS.length;

/**
 * The regions of a generated world. With `withOptIn` (and room for it) the last one is a region that accounts have
 * to opt in to, so that some of them can have it off as on AWS, where the default regions cannot be switched off.
 */
export function worldRegions(count: number, withOptIn: boolean, partition: Partition): string[] {
  if (partition !== 'aws') return OTHER_REGIONS[partition].slice(0, count);
  const all: string[] = [...DEFAULT_REGIONS, ...OPT_IN_REGIONS];
  if (withOptIn && count >= 2 && count <= DEFAULT_REGIONS.length) {
    return [...all.slice(0, count - 1), OPT_IN_REGIONS[0]];
  }
  return all.slice(0, count);
}
