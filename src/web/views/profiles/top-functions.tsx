// The functions that took most by themselves, whoever called them.

import { useMemo } from "preact/hooks";
import { topFunctions } from "../../model/flame.ts";
import { formatRatio } from "../../model/format.ts";
import type { FlameNode } from "../../model/wire.ts";
import { functionPlace, profileValue } from "./profile-words.ts";

const SHOWN = 12;

/** A tree, its unit, and what choosing a function does. */
export interface TopFunctionsProps {
  readonly root: FlameNode;
  readonly unit: string;
  readonly onFind: (name: string) => void;
}

/** A table below the flame graph. */
export function TopFunctions({ root, unit, onFind }: TopFunctionsProps) {
  const functions = useMemo(() => topFunctions(root, SHOWN), [root]);
  if (functions.length === 0) return null;
  return (
    <div class="table-scroll">
      <table class="table top-functions" data-testid="top-functions">
        <thead>
          <tr>
            <th scope="col">Function</th>
            <th scope="col">Place</th>
            <th scope="col" class="number">
              By itself
            </th>
            <th scope="col" class="number">
              Share
            </th>
            <th scope="col" class="number">
              With what it called
            </th>
          </tr>
        </thead>
        <tbody>
          {functions.map((one) => (
            <tr key={`${one.name} ${one.file} ${one.line}`}>
              <th scope="row" class="mono">
                <button type="button" class="link-button" onClick={() => onFind(one.name)}>
                  {one.name}
                </button>
              </th>
              <td class="mono cell-wide" title={functionPlace(one)}>
                {functionPlace(one)}
              </td>
              <td class="number">{profileValue(one.self, unit)}</td>
              <td class="number">{formatRatio(one.self / Math.max(1, root.total))}</td>
              <td class="number">{profileValue(one.total, unit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
