import { expect, test } from 'vitest';
import { readTracingSettings } from './tracing-settings.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

test.each([
  ['nothing', {}],
  ['an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
  ['the SDK disabled', { ...ENDPOINT, OTEL_SDK_DISABLED: 'true' }],
  ['no exporter', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }],
])('with %s traces are off', (_, env) => {
  expect(readTracingSettings(env, 'worker')).toBeNull();
});

test('with an endpoint all traces are kept, and the process has a name', () => {
  expect(readTracingSettings(ENDPOINT, 'worker')).toEqual({ keptShare: 1, serviceName: 'muster-worker' });
  expect(
    readTracingSettings(
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://t/v1/traces', OTEL_SERVICE_NAME: 'm' },
      'run',
    ),
  ).toEqual({ keptShare: 1, serviceName: 'm' });
});

test.each([
  ['always_off', undefined, 0],
  ['parentbased_traceidratio', '0.25', 0.25],
  ['traceidratio', undefined, 1],
])('the sampler %s with %s keeps %d', (sampler, argument, share) => {
  const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument };

  expect(readTracingSettings(env, 'worker')).toMatchObject({ keptShare: share });
});

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL'],
  [{ ...ENDPOINT, OTEL_TRACES_SAMPLER: 'jaeger_remote' }, 'OTEL_TRACES_SAMPLER'],
  [
    { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '7' },
    'OTEL_TRACES_SAMPLER_ARG',
  ],
])('%j cannot be done, and the variable is named', (env, name) => {
  expect(readTracingSettings(env, 'worker')).toContain(name);
});
