// Why something could not be read, with a way to ask again. Views show their empty state only where
// an answer said that there is nothing: a refused question looks like what it is.

import type { Resource } from "../../state/use-resource.ts";

/** What was read, or not. */
export interface ReadProblemProps {
  readonly resource: Pick<Resource<unknown>, "data" | "error" | "refresh">;
}

/** Nothing while all is well. */
export function ReadProblem({ resource: { data, error, refresh } }: ReadProblemProps) {
  if (error === undefined) return null;
  return (
    <p class="problem" role="status" data-testid="read-problem">
      {error.message}
      {data === undefined ? " " : " (what is shown is older) "}
      <button type="button" class="button button-small button-quiet" onClick={refresh}>
        Try again
      </button>
    </p>
  );
}
