/** OpenTelemetry's own variables, as far as Muster reads them itself: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ (read 2026-11). */
export interface TracingSettings {
  /** Of all traces, the share that is kept: 0..1, decided by the trace's id, so that all processes keep the same ones. */
  readonly keptShare: number;
  readonly serviceName: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Null where traces are off: without an endpoint, with `OTEL_SDK_DISABLED=true` or with `OTEL_TRACES_EXPORTER=none`.
 *
 * @returns a text for what cannot be done
 */
export function readTracingSettings(env: Environment, processName: string): TracingSettings | string | null {
  const value = (name: string): string => env[`OTEL_${name}`] ?? '';
  const isOff = value('SDK_DISABLED').toLowerCase() === 'true' || value('TRACES_EXPORTER') === 'none';
  const endpoint = value('EXPORTER_OTLP_TRACES_ENDPOINT') || value('EXPORTER_OTLP_ENDPOINT');
  if (endpoint === '' || isOff) return null;
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    return `OTEL_EXPORTER_OTLP_ENDPOINT is "${endpoint}": it must begin with http:// or https://`;
  }
  const protocol = value('EXPORTER_OTLP_TRACES_PROTOCOL') || value('EXPORTER_OTLP_PROTOCOL');
  if (protocol === 'grpc') {
    return 'OTEL_EXPORTER_OTLP_PROTOCOL is grpc: Muster sends OTLP by http, to port 4318 of a usual collector';
  }
  const keptShare = readShare(value('TRACES_SAMPLER'), value('TRACES_SAMPLER_ARG'));
  if (typeof keptShare === 'string') return keptShare;
  return { keptShare, serviceName: value('SERVICE_NAME') || `muster-${processName}` };
}

function readShare(sampler: string, argument: string): number | string {
  switch (sampler.replace(/^parentbased_/, '')) {
    case '':
    case 'always_on':
      return 1;
    case 'always_off':
      return 0;
    case 'traceidratio': {
      const share = argument === '' ? 1 : Number(argument);
      return share >= 0 && share <= 1 ? share : `OTEL_TRACES_SAMPLER_ARG is "${argument}": it must be 0 to 1`;
    }
    default:
      return `OTEL_TRACES_SAMPLER is "${sampler}": use always_on, always_off or traceidratio`;
  }
}
