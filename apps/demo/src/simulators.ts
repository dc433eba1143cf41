import type { AwsSimReport } from '@muster/aws-sim/report/report';
import { startAwsSim, type AwsSim } from '@muster/aws-sim/start';
import { readWorldFile } from '@muster/aws-sim/world/file';
import { startTeleportSim, type TeleportSim } from '@muster/teleport-sim/start';
import { ANY_ROLE } from './demo-config.ts';
import type { DemoOptions } from './options.ts';

/** The simulated organization and cluster, connected: hosts fetch the installer from the one and join it. */
export interface Simulators {
  readonly awsUrl: string;
  readonly teleportUrl: string;
  readonly organizationId: string;
  /** What the world asks of a caller that assumes a role. */
  readonly access: {
    readonly roleName: string;
    readonly externalId: string | null;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  readonly joinToken: string;
  /** Tags of the instances that are to be enrolled. */
  readonly matchTags: Readonly<Record<string, string>>;
  report(): AwsSimReport;
  close(): Promise<void>;
}

export async function startSimulators(options: DemoOptions): Promise<Simulators> {
  const aws: AwsSim = await startAwsSim({
    accounts: options.accounts,
    regions: options.regions,
    instances: options.instances,
    seed: options.seed,
    scenario: options.scenario,
    speed: options.speed,
    world: options.world === null ? undefined : readWorldFile(options.world),
  });
  const teleport: TeleportSim = await startTeleportSim({
    seed: options.seed,
    speed: options.speed,
    organizationId: aws.organizationId,
  });
  await aws.connectProxy(teleport.url);
  return {
    awsUrl: aws.url,
    teleportUrl: teleport.url,
    organizationId: aws.organizationId,
    access: {
      roleName: aws.world.access.roleName ?? ANY_ROLE,
      externalId: aws.world.access.externalId,
      accessKeyId: aws.world.access.accessKeyId,
      secretAccessKey: aws.world.access.secretAccessKey,
    },
    joinToken: aws.world.joinToken,
    matchTags: aws.world.matchTags,
    report: () => aws.report(),
    close: async () => {
      await aws.close();
      await teleport.close();
    },
  };
}
