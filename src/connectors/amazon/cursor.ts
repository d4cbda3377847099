import type { z } from "zod";
import { ChannelError } from "../../core/failure.ts";

/** A stored cursor read back; undefined at the start. A cursor that is not ours is permanent: a person must reset it. */
export const readCursor = <Schema extends z.ZodType>(
  schema: Schema,
  cursor: string | null,
): z.output<Schema> | undefined => {
  if (cursor === null) return undefined;
  try {
    return schema.parse(JSON.parse(cursor));
  } catch (cause) {
    throw new ChannelError({ kind: "permanent", message: "the stored cursor cannot be read", cause });
  }
};
