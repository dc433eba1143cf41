import { afterAll, afterEach, beforeAll } from 'vitest';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';
import { type ConsoleBrowser, openConsole } from './console-browser.fixture.ts';
import { seedHostileAccount } from './hostile-fleet.fixture.ts';
import { seedOrganization } from './seeded-ledger.fixture.ts';

/** A scheduler's web side on a seeded ledger, and a browser on its console. */
export interface SeededConsole {
  readonly app: RunningApp;
  readonly browser: ConsoleBrowser;
}

/** Starts one for the tests of a `describe`, closes its pages after each test, and ends it after the last. Throws when it is asked before it has started. */
export function seededConsole(
  options: Parameters<typeof startApp>[0] & {
    /** Whether an account is there whose every text is hostile. @default false */
    readonly hostile?: boolean;
  } = {},
): SeededConsole {
  let started: SeededConsole | null = null;
  beforeAll(async () => {
    const app = await startApp(options);
    await seedOrganization(app.ledger, Date.now());
    if (options.hostile === true) await seedHostileAccount(app.ledger, Date.now());
    started = { app, browser: await openConsole(app) };
  });
  afterEach(() => started?.browser.closePages());
  afterAll(async () => {
    await started?.browser.close();
    await started?.app.stop();
  });
  const running = (): SeededConsole => {
    if (started === null) throw new Error('the console has not started');
    return started;
  };
  return {
    get app() {
      return running().app;
    },
    get browser() {
      return running().browser;
    },
  };
}
