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

/** Regions an account has to opt in to. */
export const OPT_IN_REGIONS = [
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

const defaultRegions = new Set<string>(DEFAULT_REGIONS);

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
export function worldRegions(count: number, withOptIn: boolean): string[] {
  const all: string[] = [...DEFAULT_REGIONS, ...OPT_IN_REGIONS];
  if (withOptIn && count >= 2 && count <= DEFAULT_REGIONS.length) {
    return [...all.slice(0, count - 1), OPT_IN_REGIONS[0]];
  }
  return all.slice(0, count);
}
