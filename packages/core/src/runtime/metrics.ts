import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** A label's name and every value it can have. Anything else is counted as `other`, so that no label grows. */
type LabelValues = Readonly<Record<string, readonly string[]>>;

/** The values of one observation; a label that is left out is `other`. */
type Labels<Values extends LabelValues> = { readonly [Label in keyof Values]?: string };

interface MetricFacts<Values extends LabelValues> {
  /** `muster_…`, with its unit: `_seconds`, `_total`, `_bytes`. */
  readonly name: string;
  readonly help: string;
  readonly labels: Values;
}

/** A registry with the process's own figures (CPU, memory, event loop) and a label that names the process. */
export function createMetrics(processName: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process: processName });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** A counter; call it to add `amount` (default 1). */
export function createCounter<const Values extends LabelValues>(
  registry: Registry,
  facts: MetricFacts<Values>,
): (labels: Labels<Values>, amount?: number) => void {
  const counter = new Counter({ ...described(facts), registers: [registry] });
  // From the start: a counter that begins with its first count does not show that one as an increase.
  const [only, ...others] = Object.entries(facts.labels);
  if (only !== undefined && others.length === 0) {
    for (const value of only[1]) counter.inc({ [only[0]]: value }, 0);
  }
  return (labels, amount = 1) => {
    counter.inc(bounded(facts.labels, labels), amount);
  };
}

/** A histogram; call it to observe one value. `buckets` are upper bounds, ascending, in the unit of the name. */
export function createHistogram<const Values extends LabelValues>(
  registry: Registry,
  facts: MetricFacts<Values> & { readonly buckets: readonly number[] },
): (labels: Labels<Values>, value: number) => void {
  const histogram = new Histogram({
    ...described(facts),
    buckets: [...facts.buckets],
    registers: [registry],
  });
  return (labels, value) => {
    histogram.observe(bounded(facts.labels, labels), value);
  };
}

/** One value of a gauge at the time of a scrape. */
interface Reading<Values extends LabelValues> {
  readonly labels: Labels<Values>;
  readonly value: number;
}

/** A gauge that is read at each scrape. When the reading fails the gauge is absent from that scrape, and nothing else is. */
export function createGauge<const Values extends LabelValues>(
  registry: Registry,
  facts: MetricFacts<Values>,
  read: () => Promise<readonly Reading<Values>[]>,
): void {
  const gauge = new Gauge({
    ...described(facts),
    registers: [registry],
    async collect() {
      gauge.reset();
      // A scrape answers with what can be read; the owner of the reading reports why it failed.
      const readings = await read().catch(() => []);
      for (const { labels, value } of readings) gauge.set(bounded(facts.labels, labels), value);
    },
  });
}

function described<Values extends LabelValues>(
  facts: MetricFacts<Values>,
): { name: string; help: string; labelNames: string[] } {
  return { name: facts.name, help: facts.help, labelNames: Object.keys(facts.labels) };
}

function bounded<Values extends LabelValues>(values: Values, labels: Labels<Values>): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [label, allowed] of Object.entries(values)) {
    const value = labels[label];
    checked[label] = value !== undefined && allowed.includes(value) ? value : 'other';
  }
  return checked;
}

/** The outcomes of a change of the configuration file. */
const RELOAD_RESULTS = ['taken-up', 'needs-restart', 'refused'] as const;
type ReloadResult = (typeof RELOAD_RESULTS)[number];

/** Metrics of a process's configuration. Call the returned function with the outcome of each reload. */
export function createReloadMetrics(registry: Registry): (result: ReloadResult) => void {
  let valid = 1;
  createGauge(
    registry,
    {
      name: 'muster_config_valid',
      help: '0 while the configuration file is not valid and the last good one goes on.',
      labels: {},
    },
    () => Promise.resolve([{ labels: {}, value: valid }]),
  );
  const count = createCounter(registry, {
    name: 'muster_config_reloads_total',
    help: 'Changes of the configuration file that were noticed, by what came of them.',
    labels: { result: RELOAD_RESULTS },
  });
  return (result) => {
    valid = result === 'refused' ? 0 : 1;
    count({ result });
  };
}
