// Copies a text and says so in place.

import { useState } from "preact/hooks";

/** What to copy: the text, or how to make it first. */
export interface CopyButtonProps {
  readonly text: string | (() => Promise<string>);
  /** @default "Copy" */
  readonly label?: string;
}

/** A button that copies; the word changes for two seconds. */
export function CopyButton({ text, label = "Copy" }: CopyButtonProps) {
  const [note, setNote] = useState<string | undefined>(undefined);
  const copy = async (): Promise<void> => {
    const value = typeof text === "string" ? text : await text();
    setNote((await copyText(value)) ? "Copied" : "Select and copy by hand");
    setTimeout(() => setNote(undefined), 2000);
  };
  return (
    <button
      type="button"
      class="button button-small"
      onClick={() => void copy().catch(() => setNote("Not copied"))}
    >
      <span aria-live="polite">{note ?? label}</span>
    </button>
  );
}

async function copyText(text: string): Promise<boolean> {
  // Plain http on another machine's address has no clipboard API.
  if (navigator.clipboard !== undefined) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not focused, or refused: the old way may still work.
    }
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}
