import type { Finding, FindingKind } from './control.ts';
import type { ControlLedger } from './control-store.ts';

/** Raises a finding about everything, when there is one, and ends others. */
export async function reportFindings(
  control: Pick<ControlLedger, 'raise' | 'clear'>,
  { raise, clear }: { readonly raise: Finding | null; readonly clear: readonly FindingKind[] },
): Promise<void> {
  if (raise !== null) await control.raise(raise);
  for (const kind of clear) await control.clear(kind, 'all');
}
