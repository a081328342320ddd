// How bad an alert is, as a shape and a word; colour only helps.

import type { AlertLevel } from "../../model/wire.ts";

/** The shape of a level; greyed for an alert that is over. */
export function LevelShape(props: { readonly level: AlertLevel; readonly over?: boolean }) {
  const { level, over } = props;
  return (
    <i class={`level level-${level}${over === true ? " level-over" : ""}`} aria-hidden="true" />
  );
}

/** The shape and the word. */
export function LevelMark(props: { readonly level: AlertLevel; readonly over?: boolean }) {
  const { level, over } = props;
  return (
    <span class={`state-mark ${over === true ? "dim" : `word-${level}`}`}>
      <LevelShape level={level} over={over === true} />
      {level}
    </span>
  );
}
