import { resolve } from "node:path";
import { Secret } from "../core/secret.ts";
import type { Complaint } from "./complaint.ts";
import type { Environment } from "./references.ts";
import { parseSecretKey } from "./secret-key.ts";
import { type LogLevel, logLevels } from "./settings.ts";

export type EnvironmentSettings = {
  readonly databaseUrl: Secret | undefined;
  readonly databaseAppRole: string | undefined;
  readonly redisUrl: Secret | undefined;
  readonly secretKey: Secret | undefined;
  readonly port: number | undefined;
  readonly logLevel: LogLevel;
  readonly dataDir: string;
};

/** The variables that are not in the file. An empty one counts as not set. */
export const readEnvironment = (
  env: Environment,
  cwd: string,
): { readonly values: EnvironmentSettings; readonly complaints: readonly Complaint[] } => {
  const complaints: Complaint[] = [];
  const read = <Value>(name: string, parse: (text: string) => Value | undefined, problem: string, fix: string) => {
    const text = env[name];
    if (text === undefined || text === "") return undefined;
    const value = parse(text);
    if (value === undefined) complaints.push({ path: `environment.${name}`, problem, fix });
    return value;
  };
  const url = (name: string, protocols: readonly string[], example: string): Secret | undefined =>
    read(
      name,
      (text) => (protocols.includes(URL.parse(text)?.protocol ?? "") ? new Secret(text) : undefined),
      `is not a ${protocols.map((protocol) => `${protocol}//`).join(" or ")} address`,
      `write it like ${example}; special characters in the password are percent-encoded`,
    );
  const values = {
    databaseUrl: url("DATABASE_URL", ["postgres:", "postgresql:"], "postgres://user:password@host:5432/lockstep"),
    databaseAppRole: read(
      "DATABASE_APP_ROLE",
      (text) => (/^[a-z_][a-z0-9_]{0,62}$/.test(text) ? text : undefined),
      "is not a role's name",
      "write lower-case letters, digits and underscores, like lockstep_app",
    ),
    redisUrl: url("REDIS_URL", ["redis:", "rediss:"], "redis://:password@host:6379"),
    secretKey: read(
      "LOCKSTEP_SECRET_KEY",
      parseSecretKey,
      "is not a key of 32 bytes",
      "make one with: openssl rand -hex 32",
    ),
    port: read(
      "PORT",
      (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
      "is not a port number",
      "give a whole number from 0 to 65535",
    ),
    logLevel:
      read(
        "LOG_LEVEL",
        (text) => logLevels.find((level) => level === text.toLowerCase()),
        "is not a log level",
        `write one of: ${logLevels.join(", ")}`,
      ) ?? "info",
    dataDir: resolve(cwd, env["LOCKSTEP_DATA_DIR"] || ".lockstep"),
  };
  return { values, complaints };
};
