import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createCounter, createGauge, createHistogram, createMetrics } from './metrics.ts';

test('a label value that is not listed is counted as other', async () => {
  const registry = new Registry();
  const count = createCounter(registry, {
    name: 'muster_things_total',
    help: 'things',
    labels: { state: ['joined', 'failed'], region: ['eu-west-1'] },
  });

  count({ state: 'joined', region: 'eu-west-1' });
  count({ state: 'exploded' }, 3);

  const text = await registry.metrics();
  expect(text).toContain('muster_things_total{state="joined",region="eu-west-1"} 1');
  expect(text).toContain('muster_things_total{state="other",region="other"} 3');
});

test('a histogram has the stated buckets', async () => {
  const registry = new Registry();
  const observe = createHistogram(registry, {
    name: 'muster_call_seconds',
    help: 'calls',
    labels: { service: ['ssm'] },
    buckets: [1, 5],
  });

  observe({ service: 'ssm' }, 2);

  expect(await registry.metrics()).toContain('muster_call_seconds_bucket{le="5",service="ssm"} 1');
});

test('a gauge is read at each scrape, and is absent when that fails', async () => {
  const registry = new Registry();
  const readings = [
    () => Promise.resolve([{ labels: { state: 'joined' }, value: 7 }]),
    () => Promise.reject(new Error('redis is away')),
  ];
  createGauge(
    registry,
    { name: 'muster_instances', help: 'i', labels: { state: ['joined'] } },
    () => readings.shift()?.() ?? Promise.resolve([]),
  );

  expect(await registry.metrics()).toContain('muster_instances{state="joined"} 7');
  const second = await registry.metrics();

  expect(second).toContain('# TYPE muster_instances gauge');
  expect(second).not.toContain('muster_instances{');
});

test('a registry names its process and has its own figures', async () => {
  expect(await createMetrics('worker').metrics()).toMatch(
    /process_cpu_seconds_total\{process="worker"\} [\d.]+/,
  );
});
