/** GraphQL's DateTime: UTC, seconds. */
export const utcSeconds = (epochMs: number): string => `${new Date(epochMs).toISOString().slice(0, 19)}Z`;

/** Webhook payloads: the shop's own offset, seconds (`2026-11-20T10:15:01-05:00`). */
export const shopSeconds = (epochMs: number, utcOffsetMinutes: number): string => {
  const local = new Date(epochMs + utcOffsetMinutes * 60_000).toISOString().slice(0, 19);
  const minutes = Math.abs(utcOffsetMinutes);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${local}${utcOffsetMinutes < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
};

/** What a second-precision rendering shows, as epoch milliseconds. */
export const wholeSeconds = (epochMs: number): number => Math.floor(epochMs / 1000) * 1000;
