/**
 * A pod of deploy/kubernetes on this machine: the command, environment, files and probes that its Deployment says, without the
 * container around them. What differs is what one machine cannot have twice: folders (`/etc/muster` is a temporary one) and ports.
 */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type CommandResult,
  MUSTER_ENTRY,
  runProgram,
  type SupervisedProcess,
  superviseProcess,
} from '@muster/testing/supervised-process';
import { type Container, type Probe, readObjects, type Volume, workloadsOf } from '../kubernetes/object.ts';

const BASE = fileURLToPath(new URL('../../deploy/kubernetes/base', import.meta.url));

/** What the cluster has: by the names of ConfigMaps and Secrets, their keys and contents. */
export type Contents = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface PodOptions {
  readonly name: string;
  readonly part: 'scheduler' | 'worker';
  /** Of the test: the pod's folders are made in it. */
  readonly folder: string;
  readonly contents: Contents;
  /** What the cluster adds to the environment of the Deployment. */
  readonly cluster: NodeJS.ProcessEnv;
}

export interface PodOnHost {
  /** As another pod, or the kubelet, reaches it. */
  readonly url: string;
  /** As `kubectl port-forward` reaches it. */
  readonly forwardedUrl: string;
  readonly process: SupervisedProcess;
  readonly graceMs: number;
  /** The status that a probe gets; null when no connection is made. */
  probe(kind: 'startupProbe' | 'livenessProbe' | 'readinessProbe'): Promise<number | null>;
  /** `kubectl exec POD -- muster …` */
  readonly exec: (...args: readonly string[]) => Promise<CommandResult>;
  /** Exchanges the files of its ConfigMaps and Secrets as the kubelet does: by one symbolic link. */
  remount(contents: Contents): void;
}

/** Sets the pod up and starts its process. Throws where a ConfigMap or Secret is missing that it needs. */
export async function startPod(options: PodOptions): Promise<PodOnHost> {
  const [workload] = workloadsOf(readObjects(readFileSync(join(BASE, `${options.part}.yaml`), 'utf8')));
  const container = workload?.pod.containers[0];
  if (workload === undefined || container === undefined) {
    throw new Error(`no Deployment in ${options.part}.yaml`);
  }
  const root = mkdtempSync(join(options.folder, `${options.name}-`));
  const volumes = new Map(workload.pod.volumes.map((volume) => [volume.name, volume]));
  const folders = new Map<string, string>();
  const mount = (contents: Contents): void => {
    for (const { name, mountPath } of container.volumeMounts) {
      const folder = join(root, mountPath);
      folders.set(mountPath, folder);
      mkdirSync(folder, { recursive: true });
      const files = filesOf(volumes.get(name), contents);
      if (files !== null) exchange(folder, files);
    }
  };
  mount(options.contents);
  const ports = new Map<number, number>();
  for (const { containerPort } of container.ports ?? []) ports.set(containerPort, await freePort());
  const env = { ...options.cluster, ...environmentOf(container, folders, ports) };
  const process = superviseProcess({
    name: options.name,
    args: container.args ?? [],
    env,
    logFile: join(options.folder, `${options.name}.log`),
  });
  const [port] = ports.values();
  return {
    url: `http://${machineAddress()}:${port}`,
    forwardedUrl: `http://127.0.0.1:${port}`,
    process,
    graceMs: workload.pod.terminationGracePeriodSeconds * 1_000,
    probe: (kind) => askProbe(container, container[kind], ports),
    exec: (...args) => runProgram([MUSTER_ENTRY, ...args], { env }),
    remount: mount,
  };
}

function environmentOf(
  { env = [] }: Container,
  folders: ReadonlyMap<string, string>,
  ports: ReadonlyMap<number, number>,
): NodeJS.ProcessEnv {
  return Object.fromEntries(
    env.map(({ name, value }) => {
      const mounted = [...folders].find(([path]) => value.startsWith(`${path}/`));
      if (mounted !== undefined) return [name, value.replace(...mounted)];
      const [, host = '', port = ''] = /^([\d.]+):(\d+)$/.exec(value) ?? [];
      return [
        name,
        host === '' ? value : `${host}:${ports.get(Number(port)) ?? 'a port that is not declared'}`,
      ];
    }),
  );
}

/** Files of a volume by path; null of a volume that is an empty folder. */
function filesOf(volume: Volume | undefined, contents: Contents): Readonly<Record<string, string>> | null {
  if (volume?.projected === undefined) return null;
  const files: Record<string, string> = {};
  for (const { configMap, secret } of volume.projected.sources) {
    const source = configMap ?? secret;
    const content = contents[source?.name ?? ''];
    if (source === undefined || (content === undefined && source.optional === true)) continue;
    if (content === undefined) throw new Error(`MountVolume.SetUp failed: "${source.name}" not found`);
    const items = source.items ?? Object.keys(content).map((key) => ({ key, path: key }));
    for (const { key, path } of items) {
      const text = content[key];
      if (text === undefined) throw new Error(`MountVolume.SetUp failed: "${source.name}" has no key ${key}`);
      files[path] = text;
    }
  }
  return files;
}

function exchange(folder: string, files: Readonly<Record<string, string>>): void {
  const content = mkdtempSync(join(folder, '..content-'));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(content, name), text, { mode: 0o440 });
    rmSync(join(folder, name), { force: true });
    symlinkSync(join('..data', name), join(folder, name));
  }
  symlinkSync(basename(content), join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
}

async function askProbe(
  { ports = [] }: Container,
  probe: Probe | undefined,
  mapped: ReadonlyMap<number, number>,
): Promise<number | null> {
  const asked = probe?.httpGet;
  const declared = ports.find(({ name }) => name === asked?.port);
  if (asked === undefined || declared === undefined) throw new Error('there is no such probe');
  try {
    return (await fetch(`http://${machineAddress()}:${mapped.get(declared.containerPort)}${asked.path}`))
      .status;
  } catch {
    return null;
  }
}

/** An address that other machines reach this one by, as the kubelet reaches a pod; where there is none, loopback. */
function machineAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A folder of programs for PATH, each by its name. */
export function pathOf(folder: string, programs: Readonly<Record<string, string>>): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const [name, file] of Object.entries(programs)) symlinkSync(file, join(bin, name));
  return `${bin}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
}
