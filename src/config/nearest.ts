/** Optimal string alignment distance: insert, delete, replace, swap of neighbours. */
const distance = (a: string, b: string): number => {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const best = Math.min(
        cell(i - 1, j) + 1,
        cell(i, j - 1) + 1,
        cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        swapped ? cell(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
      rows[i]?.push(best);
    }
  }
  return cell(a.length, b.length);
};

const plain = (key: string): string => key.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

/** The known key that was most likely meant, or undefined when none is close. `clientId` finds `client_id`. */
export const nearestKey = (key: string, known: readonly string[]): string | undefined => {
  // A very long key is no typing mistake, and the distance costs its square.
  if (key.length > 60) return undefined;
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(plain(key), plain(candidate)) }))
    .toSorted((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(1, Math.floor(key.length / 3)) ? best.candidate : undefined;
};
