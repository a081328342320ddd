// Group commit: calls that arrived together share one transaction, hence one sync of the disk.
// When the shared transaction fails, halves are tried on their own, down to single calls, so
// that only the call at fault fails (a clash, or the one that no longer fits on the disk).

import type { Database, WriterMethods } from "../storage/index.ts";
import type { Call } from "./protocol.ts";

/** How one call ended. */
export type Outcome =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: unknown };

/** Commits calls in groups. */
export class GroupCommitter {
  readonly #database: Database;
  readonly #methods: WriterMethods;

  constructor(database: Database, methods: WriterMethods) {
    this.#database = database;
    this.#methods = methods;
  }

  /** Runs the calls in order; when this returns, those without an error are on disk. */
  commit(calls: readonly Call[]): Outcome[] {
    const values: Outcome[] = [];
    try {
      this.#database.transaction(() => {
        for (const call of calls) values.push({ id: call[0], value: this.#run(call) });
        this.#methods.beforeCommit();
      });
      return values;
    } catch (error) {
      this.#methods.afterRollback();
      const [first] = calls;
      if (calls.length <= 1) return first === undefined ? [] : [{ id: first[0], error }];
      const middle = Math.ceil(calls.length / 2);
      return [...this.commit(calls.slice(0, middle)), ...this.commit(calls.slice(middle))];
    }
  }

  #run([, method, parameters]: Call): unknown {
    const write = this.#methods.writes[method];
    if (write === undefined) throw new RangeError(`No write is called "${method}"`);
    return applyMethod(write, parameters);
  }
}

/** Calls a method with parameters that the typed client on the other side has checked. */
export function applyMethod<Result>(
  method: (...parameters: never[]) => Result,
  parameters: readonly unknown[],
): Result {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- typed by ThreadCalls
  return method(...(parameters as never[]));
}
