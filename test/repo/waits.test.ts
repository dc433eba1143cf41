import { readFileSync } from 'node:fs';
import { createTimings } from '@muster/worker/timings';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { expect, test } from 'vitest';

test.each(['README.md', 'docs/runbook.md'])(
  '%s says how long a new Redis makes the first send wait, as the defaults have it',
  (file) => {
    const config = parsedSystemConfig(OFFLINE_FACTS, {});
    const { sendWindowMs, visibilityMs } = config.install;
    const waitMs = sendWindowMs + visibilityMs + createTimings(config).clockSkewMs;

    const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

    expect(text).toMatch(new RegExp(`\\b${waitMs / 1_000} s (longer|with the defaults)`));
  },
);
