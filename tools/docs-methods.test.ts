import assert from "node:assert/strict";
import { test } from "node:test";

import { memberRows, parameterNames } from "./docs-methods.ts";

const SOURCE = `
/** A phone. */
export class Phone extends Line {
  /** Whose it is. */
  readonly owner: string;
  /** Whom it reaches at once. */
  readonly memory = new Map<string, string>();
  readonly plain: boolean;
  readonly #line = 1;

  constructor(owner: string) {
    super();
  }

  /**
   * Calls somebody; see {@link Line}. It rings until they answer.
   * @param number whom.
   */
  call(number: string, options?: Options): Promise<void>;
  call(numbers: readonly string[]): Promise<void>;
  async call(
    numbers: string | readonly string[],
    options: { readonly loud?: boolean } = {},
  ): Promise<void> {
    await this.#ring();
  }

  /** @param volume from 0 to 1. */
  setVolume(volume: number): void {
    if (volume > 1) {
      throw new RangeError();
    }
  }

  /** How loud it is. */
  get volume(): number {
    return 1;
  }

  /** Goes through them. */
  async *all<Item extends object>(
    pick: (item: Item, index: number) => boolean,
  ): AsyncGenerator<Item> {}

  async #ring(): Promise<void> {}

  static make(): Phone {
    return new Phone("");
  }
}

function notAMember(): void {}
`;

test("memberRows() gives every public member once per signature, with its first sentence", () => {
  const rows = memberRows(SOURCE).map(({ signature, summary }) => `${signature} | ${summary}`);
  assert.deepEqual(rows, [
    "owner: string | Whose it is",
    "memory | Whom it reaches at once",
    "plain: boolean | ",
    "call(number: string, options?: Options): Promise<void> | Calls somebody; see `Line`",
    "call(numbers: readonly string[]): Promise<void> | Calls somebody; see `Line`",
    "setVolume(volume: number): void | from 0 to 1",
    "volume: number | How loud it is",
    "all<Item extends object>(pick: (item: Item, index: number) => boolean): " +
      "AsyncGenerator<Item> | Goes through them",
  ]);
});

test("parameterNames() reads names through types, defaults and callbacks", () => {
  for (const [signature, names] of [
    ["stop(): void", []],
    ["at(a: number, b?: Map<string, [x: number]>, ...rest: string[]): void", ["a", "b", "rest"]],
    ["on<T>(callback: (first: T, second: T) => void, count = 60): T", ["callback", "count"]],
  ] as const) {
    assert.deepEqual(parameterNames(signature), names, signature);
  }
});
