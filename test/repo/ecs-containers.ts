/** The container definitions of deploy/ecs, as Terraform makes them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { evaluate } from './terraform-module.ts';

/** The parts of a definition that tests look at. */
export interface ContainerDefinition {
  readonly name: string;
  readonly user: string;
  readonly entryPoint?: readonly string[];
  readonly command: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly secrets?: readonly { readonly name: string; readonly valueFrom: string }[];
  readonly healthCheck?: { readonly command: readonly string[] };
}

const FOLDER = fileURLToPath(new URL('../../deploy/ecs/containers', import.meta.url));

/** Files of a task, with secrets that are not there. */
export const FILE_ARNS: Readonly<Record<string, string>> = Object.fromEntries(
  ['muster.yaml', 'marker.key', 'redis-password', 'tbot.yaml'].map((name) => [
    name,
    `arn:aws:secretsmanager:eu-west-1:111122223333:secret:muster/${name}`,
  ]),
);

/** What the definitions in `ecs-containers.json` were made with. */
const USUAL_VALUES = {
  image: 'muster@sha256:0',
  tbot_image: 'tbot:18',
  files: FILE_ARNS,
  redis_url: 'rediss://redis.example.com:6379',
  region: 'eu-west-1',
  listens_to_network: false,
  stop_timeout_seconds: 40,
  log_level: 'info',
  log_group: '/ecs/muster',
};

/** As Terraform made them last: so that tests see them where it is not installed. Another test holds them to the module. */
export const ECS_CONTAINERS = JSON.parse(
  readFileSync(new URL('ecs-containers.json', import.meta.url), 'utf8'),
) as Readonly<Record<'scheduler' | 'worker', readonly ContainerDefinition[]>>;

/**
 * As Terraform makes them now.
 *
 * @param more other values for variables of the module
 */
export function evaluateContainers(
  service: 'scheduler' | 'worker',
  more: object = {},
): readonly ContainerDefinition[] {
  const all = evaluate(
    FOLDER,
    { service, ...USUAL_VALUES, ...more },
    '[local.files, local.process, local.tbot]',
  );
  return (all as (ContainerDefinition | null)[]).filter((one) => one !== null);
}
