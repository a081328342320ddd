// What a place is for, why it is empty, and one command that changes that.

import type { ComponentChildren } from "preact";
import { CopyButton } from "./copy-button.tsx";

/** Words and a command. */
export interface EmptyStateProps {
  readonly title: string;
  readonly why: ComponentChildren;
  readonly command?: string;
}

/** The empty state of a page or panel. */
export function EmptyState({ title, why, command }: EmptyStateProps) {
  return (
    <div class="empty-state" data-testid="empty-state">
      <p class="empty-title">{title}</p>
      <p class="empty-why">{why}</p>
      {command === undefined ? null : <CommandLine command={command} />}
    </div>
  );
}

/** One command in a box, with Copy. */
export function CommandLine({ command }: { readonly command: string }) {
  return (
    <div class="command-line">
      <code tabIndex={0}>{command}</code>
      <CopyButton text={command} />
    </div>
  );
}
