// For what cannot be undone: the first press asks, the second does.

import { useState } from "preact/hooks";

/** A verb, its question, and what it does. */
export interface ConfirmButtonProps {
  readonly label: string;
  readonly question: string;
  readonly onConfirm: () => void;
  readonly small?: boolean;
}

const ASK_MS = 4000;

/** A button that asks once. */
export function ConfirmButton({ label, question, onConfirm, small }: ConfirmButtonProps) {
  const [asking, setAsking] = useState(false);
  const press = (): void => {
    if (asking) onConfirm();
    else setTimeout(() => setAsking(false), ASK_MS);
    setAsking(!asking);
  };
  const size = small === true ? " button-small" : "";
  return (
    <button
      type="button"
      class={`button${size}${asking ? " button-danger" : ""}`}
      onClick={press}
      onBlur={() => setAsking(false)}
    >
      <span aria-live="polite">{asking ? question : label}</span>
    </button>
  );
}
