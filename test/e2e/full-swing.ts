import { eventually } from '@muster/testing/eventually';
import type { MusterSystem } from '@muster/testing/muster-system';

/** Waits until commands are live and hosts have joined: the moment at which a loss hurts most. */
export async function installsInFullSwing(system: MusterSystem): Promise<void> {
  await eventually(
    'the installs are in full swing',
    () => {
      const { commands, joined } = system.report();
      return commands.live >= 2 && joined > 0;
    },
    90_000,
  );
}
