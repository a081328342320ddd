// The few pictograms of the navigation, drawn as strokes of one weight.

const PATHS = {
  overview: "M2.5 2.5h4.5v4.5h-4.5zM9 2.5h4.5v4.5h-4.5zM2.5 9h4.5v4.5h-4.5zM9 9h4.5v4.5h-4.5z",
  agents: "M2.5 4h11M2.5 8h11M2.5 12h11",
  conversations: "M2.5 3.5h11v7.5h-6l-3 2.5v-2.5h-2z",
  connect: "M8 3v10M3 8h10",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9zM10.5 10.5l3 3",
  close: "M4 4l8 8M12 4l-8 8",
} as const;

/** Name of a pictogram. */
export type IconName = keyof typeof PATHS;

/** A decorative pictogram; its meaning is always beside it in words. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="1.3" />
    </svg>
  );
}
