// The browser's own modal dialog: it traps focus, closes on Escape, and gives the focus back.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** A titled dialog. */
export interface DialogProps {
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly class?: string;
}

/** Shows its children above the page until closed. */
export function Dialog(props: DialogProps) {
  const { label, onClose, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  // Before the next key can arrive: Escape must find it open.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`dialog ${props.class ?? ""}`}
      aria-label={label}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      {children}
    </dialog>
  );
}
