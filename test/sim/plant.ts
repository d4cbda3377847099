import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import type { Bug } from "./bugs/bug.ts";
import { plantedBugs } from "./bugs.ts";
import type { LockstepPolicy as Lockstep } from "./lockstep.ts";
import type { PolicyMaker } from "./run-seed.ts";

const src = new URL("../../src/", import.meta.url).href;
const core = new URL("core/", src).href;
/** Our own files that put the product together. */
const together = new URL("lockstep", import.meta.url).href;

const editsIn = (bug: Bug, url: string) => bug.edits.filter(({ file }) => url === `${src}${file}`);

/** The text with the bug in it. Errors: a plain one when the lines are no longer there as the bug knows them. */
export const withBug = (bug: Bug, url: string, text: string): string =>
  editsIn(bug, url).reduce((before, { file, from, to }) => {
    const parts = before.split(from);
    if (parts.length !== 2)
      throw new Error(`the planted bug ${bug.name} does not fit ${file} any more: ${parts.length - 1} places`);
    return parts.join(to);
  }, text);

/** Bugs that cannot be planted any more, because their lines have changed. */
export const misfits = (): readonly string[] =>
  plantedBugs.flatMap((bug) =>
    bug.edits.flatMap(({ file }) => {
      const url = `${src}${file}`;
      try {
        withBug(bug, url, readFileSync(new URL(url), "utf8"));
        return [];
      } catch (error) {
        return [(error as Error).message];
      }
    }),
  );

const bugOf = (url: string | undefined): Bug | undefined => {
  const name = url === undefined ? null : new URL(url).searchParams.get("bug");
  return plantedBugs.find((bug) => bug.name === name);
};

let areHooksSet = false;
const setHooks = (): void => {
  if (areHooksSet) return;
  areHooksSet = true;
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      const bug = context.parentURL?.startsWith("file:") === true ? bugOf(context.parentURL) : undefined;
      // Core stays as it is, so that both sides mean the same by its errors.
      const isProduct = resolved.url.startsWith(src) && !resolved.url.startsWith(core);
      const isOurs = isProduct || resolved.url.startsWith(together);
      return bug === undefined || !isOurs ? resolved : { ...resolved, url: `${resolved.url}?bug=${bug.name}` };
    },
    load: (url, context, next) => {
      const loaded = next(url, context);
      const bug = url.startsWith(src) ? bugOf(url) : undefined;
      if (bug === undefined) return loaded;
      const text =
        typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString("utf8");
      return { ...loaded, source: withBug(bug, url.split("?")[0] ?? url, text) };
    },
  });
};

/** Lockstep as it is, or with one bug in it: a second copy of the product's modules, of which some lines differ. */
export const lockstepWith = async (bug: Bug | undefined): Promise<PolicyMaker> => {
  if (bug !== undefined) setHooks();
  const query = bug === undefined ? "" : `?bug=${bug.name}`;
  const { LockstepPolicy } = (await import(`./lockstep.ts${query}`)) as {
    readonly LockstepPolicy: typeof Lockstep;
  };
  return (given) => new LockstepPolicy(given);
};
