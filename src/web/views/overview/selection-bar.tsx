// What to do with the agents that were selected by dragging.

import { plural } from "../../model/format.ts";
import { useApp } from "../../state/app.ts";

/** Shown while something is selected. */
export interface SelectionBarProps {
  readonly ids: readonly string[];
  readonly onClear: () => void;
}

/** Bulk actions at the foot of the page. */
export function SelectionBar({ ids, onClear }: SelectionBarProps) {
  const { actions } = useApp();
  if (ids.length === 0) return null;
  const act = (work: Promise<void>): void => {
    void work;
    onClear();
  };
  return (
    <div class="selection-bar" role="toolbar" aria-label="Selected agents" data-testid="selection">
      <span>{plural(ids.length, "agent")} selected</span>
      <button
        type="button"
        class="button button-primary button-small"
        onClick={() => act(actions.pause(ids))}
      >
        Pause {ids.length}
      </button>
      <button type="button" class="button button-small" onClick={() => act(actions.resume(ids))}>
        Resume {ids.length}
      </button>
      <button type="button" class="button button-quiet button-small" onClick={onClear}>
        Clear <kbd>Esc</kbd>
      </button>
    </div>
  );
}
