/** The partitions of AWS: separate worlds with their own credentials, organizations and endpoints. */
export type Partition = 'aws' | 'aws-us-gov' | 'aws-cn';

/** Regions that a partition's global answers come from. */
export interface PartitionRegions {
  /**
   * Enabled for every account by default. STS is always called here: a session from an opt-in region's STS needs that region
   * enabled in the target's account, one from here works in all. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html
   */
  readonly sts: string;
  /** Where Organizations and Account Management live; the SDK's endpoint rules give the same host for any region of the partition. */
  readonly global: string;
}

/** The fixed regions of each partition. */
export const PARTITION_REGIONS: Readonly<Record<Partition, PartitionRegions>> = {
  aws: { sts: 'us-east-1', global: 'us-east-1' },
  'aws-us-gov': { sts: 'us-gov-west-1', global: 'us-gov-west-1' },
  'aws-cn': { sts: 'cn-north-1', global: 'cn-northwest-1' },
};
