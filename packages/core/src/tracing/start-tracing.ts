import type { OtelDeps } from './otel-tracing.ts';
import { NO_TRACING, type Tracing } from './tracing.ts';
import type { TracingSettings } from './tracing-settings.ts';

/** @param settings null for none: then nothing of OpenTelemetry is loaded */
export async function startTracing(
  settings: TracingSettings | null,
  deps: Omit<OtelDeps, 'settings'>,
): Promise<Tracing> {
  if (settings === null) return NO_TRACING;
  const { createOtelTracing } = await import('./otel-tracing.ts');
  return createOtelTracing({ ...deps, settings });
}
