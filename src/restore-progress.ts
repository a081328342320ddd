// How far a start is that brings a large backlog back.

/** What of a start is done. */
export interface RestoreProgress {
  /** Namespaces that run, of all there are. */
  readonly running: number;
  readonly namespaces: number;
  /** Messages brought back so far. */
  readonly messages: number;
}

/** The same in words. */
export function describeProgress({ running, namespaces, messages }: RestoreProgress): string {
  return `${running} of ${namespaces} namespaces run, ${messages} messages are back`;
}
