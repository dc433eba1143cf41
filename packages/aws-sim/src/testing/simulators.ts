import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type AwsSim, type AwsSimOptions, startAwsSim } from '../start.ts';
import { type WorldFile, parseWorld } from '../world/file.ts';

/** Starts a simulator that ends with the test. */
export async function startSim(options: AwsSimOptions): Promise<AwsSim> {
  const sim = await startAwsSim(options);
  onTestFinished(() => sim.close());
  return sim;
}

/** Starts a world written as a value; it goes through the same checks as a file. */
export function startWorld(world: WorldFile, options: AwsSimOptions = {}): Promise<AwsSim> {
  return startSim({ speed: 100, ...options, world: parseWorld(JSON.stringify(world), 'test world') });
}

/** A stand-in for the proxy that hosts reach: what it answers can be set, what it was asked can be read. */
export interface FakeProxy {
  readonly url: string;
  /** `METHOD path`, in order. */
  readonly requests: string[];
  readonly joins: Record<string, unknown>[];
  installerStatus: number;
  /** Real milliseconds until the installer is answered. */
  installerDelayMs: number;
  installerExitCode: number | null;
  joinError: string | null;
}

/** Starts a proxy that ends with the test. */
export async function startProxy(): Promise<FakeProxy> {
  const proxy: FakeProxy & { url: string } = {
    url: '',
    requests: [],
    joins: [],
    installerStatus: 200,
    installerDelayMs: 0,
    installerExitCode: null,
    joinError: null,
  };
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8');
    });
    request.on('end', () => {
      proxy.requests.push(`${request.method} ${request.url}`);
      if (request.url === '/_sim/join') {
        if (proxy.joinError === null) proxy.joins.push(JSON.parse(body) as Record<string, unknown>);
        response.writeHead(proxy.joinError === null ? 200 : 403);
        response.end(JSON.stringify(proxy.joinError === null ? { nodeId: 'n' } : { error: proxy.joinError }));
        return;
      }
      const headers = proxy.installerExitCode === null ? {} : { 'x-sim-exit-code': proxy.installerExitCode };
      setTimeout(() => {
        response.writeHead(proxy.installerStatus, headers);
        response.end('#!/bin/sh\necho installing\n');
      }, proxy.installerDelayMs);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}
