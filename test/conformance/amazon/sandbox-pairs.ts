import { readdirSync, readFileSync } from "node:fs";
import { z } from "zod";

/** Amazon's static sandbox, as its models record it: a request's parameters and the answer to them. */
export type SandboxPair = {
  readonly model: string;
  readonly operationId: string;
  readonly method: string;
  /** With `{names}`. */
  readonly template: string;
  readonly status: number;
  /** By name; a parameter that is not here may be anything. */
  readonly parameters: ReadonlyMap<string, { readonly place: string; readonly value: unknown }>;
  readonly response: unknown;
};

const folder = new URL("../../../contracts/amazon/models/", import.meta.url);

export const modelFiles: readonly string[] = readdirSync(folder).toSorted();
export const modelFile = (model: string): URL => new URL(model, folder);

const Static = z.object({
  static: z.array(
    z.object({
      request: z.object({ parameters: z.record(z.string(), z.object({ value: z.unknown().optional() })).default({}) }),
      response: z.unknown().optional(),
    }),
  ),
});
const Operation = z.object({
  operationId: z.string(),
  parameters: z.array(z.object({ name: z.string(), in: z.string() })).default([]),
  responses: z.record(z.string(), z.record(z.string(), z.unknown())),
});
const Model = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

const pairsOf = (model: string): readonly SandboxPair[] =>
  Object.entries(Model.parse(JSON.parse(readFileSync(modelFile(model), "utf8"))).paths).flatMap(([template, item]) =>
    Object.entries(item).flatMap(([method, candidate]) => {
      // `parameters` and `x-…` stand beside the operations.
      const operation = Operation.safeParse(candidate).data;
      if (operation === undefined) return [];
      const placeOf = new Map(operation.parameters.map(({ name, in: place }) => [name, place]));
      return Object.entries(operation.responses).flatMap(([status, response]) =>
        (Static.safeParse(response["x-amzn-api-sandbox"]).data?.static ?? []).map(
          (pair): SandboxPair => ({
            model,
            operationId: operation.operationId,
            method: method.toUpperCase(),
            template,
            status: Number(status),
            // A parameter without a value is a wildcard. getListingsItem names a body that it does not declare.
            parameters: new Map(
              Object.entries(pair.request.parameters).flatMap(([name, { value }]) =>
                value === undefined ? [] : [[name, { place: placeOf.get(name) ?? "undeclared", value }] as const],
              ),
            ),
            response: pair.response,
          }),
        ),
      );
    }),
  );

export const sandboxPairs: readonly SandboxPair[] = modelFiles.flatMap(pairsOf);
