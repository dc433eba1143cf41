/** Breadth first through every state: what it does not find within the world's bounds is not there. */
import { firstState, nextStates } from './next-states.ts';
import { keyOf } from './state-key.ts';
import type { Fault, State } from './state.ts';
import type { Model } from './worker-steps.ts';

export interface Searched {
  /** Distinct states seen. */
  readonly states: number;
  readonly moves: number;
  /** Actions on the longest shortest way. */
  readonly depth: number;
  /** False when the limit was reached first: then "not found" says nothing. */
  readonly isComplete: boolean;
  /** The shortest way to the fault; null when there is none. */
  readonly trace: readonly string[] | null;
}

interface Node {
  readonly state: State;
  readonly from: Node | null;
  readonly label: string;
}

/**
 * Looks for a fault in every state that the model can reach.
 *
 * @param maxStates gives up after so many states
 */
export function search(model: Model, faults: ReadonlySet<Fault>, maxStates: number): Searched {
  const seen = new Set<string>();
  const first: Node = { state: firstState(model), from: null, label: 'begin' };
  seen.add(keyOf(first.state, model));
  let layer: readonly Node[] = [first];
  let moves = 0;
  let depth = 0;
  while (layer.length > 0) {
    const next: Node[] = [];
    for (const node of layer) {
      for (const [label, state] of nextStates(node.state, model)) {
        moves += 1;
        const reached: Node = { state, from: node, label };
        if (state.fault !== null && faults.has(state.fault)) {
          return { states: seen.size, moves, depth: depth + 1, isComplete: false, trace: traceOf(reached) };
        }
        const key = keyOf(state, model);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(reached);
      }
      if (seen.size > maxStates) return { states: seen.size, moves, depth, isComplete: false, trace: null };
    }
    layer = next;
    if (next.length > 0) depth += 1;
  }
  return { states: seen.size, moves, depth, isComplete: true, trace: null };
}

/** The labels from the beginning to here. */
function traceOf(node: Node): readonly string[] {
  const labels: string[] = [];
  for (let at: Node | null = node; at !== null; at = at.from) labels.push(at.label);
  return labels.toReversed();
}
