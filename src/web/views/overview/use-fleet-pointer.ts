// Pointing at the fleet: hover shows a card, dragging selects, arrows move. One set of handlers
// on the grid serves any number of cells.

import { useEffect, useRef, useState } from "preact/hooks";
import { arrowTarget, indicesInBox } from "../../model/fleet.ts";
import type { Box } from "../../model/fleet.ts";
import { useApp } from "../../state/app.ts";

const HOVER_MS = 150;
/** A press that moves less than this is a click. */
const DRAG_MIN_PX = 5;

/** Which agent's card to show, and where. */
export interface Hovered {
  readonly agentId: string;
  readonly anchor: Box;
}

/** Pointer and keyboard state of the grid. */
export function useFleetPointer() {
  const grid = useRef<HTMLDivElement>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [focusedId, setFocusedId] = useState<string | undefined>(undefined);
  const hover = useHoverCard();
  const drag = useDragSelection(grid, setSelected, hover.hide);
  const clear = (): void => setSelected(new Set());

  useEffect(() => {
    const escape = (event: KeyboardEvent): void => {
      if (event.key === "Escape") clear();
    };
    addEventListener("keydown", escape);
    return () => removeEventListener("keydown", escape);
  }, []);

  const onKeyDown = (event: KeyboardEvent): void => {
    const cells = cellsOf(grid.current);
    const from = cells.findIndex((cell) => cell === document.activeElement);
    const to = arrowTarget(cells.map(boxOf), from, event.key);
    if (from < 0 || to === from) return;
    event.preventDefault();
    cells[to]?.focus();
  };
  const onFocusIn = (event: FocusEvent): void => {
    const cell = cellAt(event.target);
    if (cell === undefined) return;
    setFocusedId(cell.dataset["agent"]);
    if (cell.matches(":focus-visible")) hover.point(cell);
  };
  return {
    grid,
    selected,
    focusedId,
    clear,
    box: drag.box,
    hovered: drag.box === undefined ? hover.hovered : undefined,
    handlers: {
      onKeyDown,
      onFocusIn,
      onFocusOut: hover.hide,
      onPointerOver: (event: PointerEvent) => hover.point(cellAt(event.target)),
      onPointerLeave: hover.hide,
      ...drag.handlers,
    },
  };
}

function useHoverCard() {
  const { router } = useApp();
  const [hovered, setHovered] = useState<Hovered | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const hide = (): void => {
    clearTimeout(timer.current);
    setHovered(undefined);
  };
  const point = (cell: HTMLElement | undefined): void => {
    const agentId = cell?.dataset["agent"];
    if (cell === undefined || agentId === undefined) {
      hide();
      return;
    }
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setHovered({ agentId, anchor: boxOf(cell) }), HOVER_MS);
  };
  useEffect(() => {
    addEventListener("scroll", hide, { capture: true, passive: true });
    return () => removeEventListener("scroll", hide, { capture: true });
  }, [router]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return { hovered, hide, point };
}

function useDragSelection(
  grid: { readonly current: HTMLDivElement | null },
  select: (ids: ReadonlySet<string>) => void,
  onStart: () => void,
) {
  const start = useRef<{ x: number; y: number } | undefined>(undefined);
  const dragged = useRef(false);
  const [box, setBox] = useState<Record<"left" | "top" | "width" | "height", string> | undefined>(
    undefined,
  );
  const onPointerDown = (event: PointerEvent): void => {
    dragged.current = false;
    if (event.button !== 0 || event.pointerType === "touch") return;
    start.current = { x: event.clientX, y: event.clientY };
  };
  const onPointerMove = (event: PointerEvent): void => {
    const from = start.current;
    const host = grid.current;
    if (from === undefined || host === null) return;
    const moved = Math.hypot(event.clientX - from.x, event.clientY - from.y);
    if (!dragged.current && moved < DRAG_MIN_PX) return;
    if (!dragged.current) host.setPointerCapture(event.pointerId);
    dragged.current = true;
    onStart();
    const area = areaBetween(from, { x: event.clientX, y: event.clientY });
    setBox(pixelsWithin(host, area));
    const cells = cellsOf(host);
    const touched = indicesInBox(cells.map(boxOf), area);
    select(new Set(touched.map((index) => cells[index]?.dataset["agent"] ?? "")));
  };
  const end = (): void => {
    start.current = undefined;
    setBox(undefined);
  };
  // The click that ends a drag must not open an agent.
  const onClickCapture = (event: MouseEvent): void => {
    if (!dragged.current) return;
    dragged.current = false;
    event.preventDefault();
    event.stopPropagation();
  };
  return {
    box,
    handlers: {
      onPointerDown,
      onPointerMove,
      onPointerUp: end,
      onPointerCancel: end,
      onClickCapture,
    },
  };
}

function areaBetween(from: { x: number; y: number }, to: { x: number; y: number }): Box {
  return {
    left: Math.min(from.x, to.x),
    right: Math.max(from.x, to.x),
    top: Math.min(from.y, to.y),
    bottom: Math.max(from.y, to.y),
  };
}

function pixelsWithin(host: HTMLElement, area: Box) {
  const origin = host.getBoundingClientRect();
  return {
    left: `${area.left - origin.left}px`,
    top: `${area.top - origin.top}px`,
    width: `${area.right - area.left}px`,
    height: `${area.bottom - area.top}px`,
  };
}

function cellsOf(host: HTMLElement | null): HTMLElement[] {
  return host === null ? [] : [...host.querySelectorAll<HTMLElement>("[data-agent]")];
}

function cellAt(target: EventTarget | null): HTMLElement | undefined {
  if (!(target instanceof Element)) return undefined;
  return target.closest<HTMLElement>("[data-agent]") ?? undefined;
}

function boxOf(cell: HTMLElement): Box {
  const { left, top, right, bottom } = cell.getBoundingClientRect();
  return { left, top, right, bottom };
}
