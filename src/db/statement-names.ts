import { sha256Hex } from "../core/digest.ts";

/** A statement that was asked for so often comes again: jobs run the same fifty all day, commands each of theirs once. */
const namedFrom = 5;
/** A guard against texts made at run time: each name is kept by every connection until its end. */
const namesMax = 300;

/**
 * Names statements that come again and again, so that Postgres parses them once a connection and plans them a few times
 * instead of always: planning a job's small statement costs more than running it. The name is the text's digest, so it
 * means the same to every process behind a pooler.
 */
export const createStatementNames = (): ((text: string) => string | undefined) => {
  const asked = new Map<string, { times: number; name: string | undefined }>();
  let names = 0;
  return (text) => {
    const known = asked.get(text);
    if (known === undefined) {
      if (asked.size < 10 * namesMax) asked.set(text, { times: 1, name: undefined });
      return undefined;
    }
    known.times += 1;
    if (known.name === undefined && known.times >= namedFrom && names < namesMax) {
      names += 1;
      known.name = `lockstep_${sha256Hex(text).slice(0, 32)}`;
    }
    return known.name;
  };
};
