// Instants as the browser's date fields write them: local time, to the minute.

/** "2026-11-23T12:04" of an instant. */
export function toLocalInput(atMs: number): string {
  const at = new Date(atMs);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** The instant that a date field stands for; null while it is not filled in. */
export function fromLocalInput(text: string): number | null {
  if (!/^\d{4,}-\d\d-\d\dT\d\d:\d\d/u.test(text)) return null;
  const atMs = new Date(text).getTime();
  return Number.isNaN(atMs) ? null : atMs;
}
