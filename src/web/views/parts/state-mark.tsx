// A state is always a shape and a word; colour only helps.

import type { ShownState } from "../../model/agent-state.ts";

/** The shape of a state, without its word. */
export function StateShape({ state }: { readonly state: ShownState }) {
  return <i class={`shape shape-${state}`} aria-hidden="true" />;
}

/** The shape and the word. */
export function StateMark({ state }: { readonly state: ShownState }) {
  return (
    <span class={`state-mark state-${state}`}>
      <StateShape state={state} />
      {state}
    </span>
  );
}
