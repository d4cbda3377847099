import { type Complaint, pathText, type SettingsPath } from "./complaint.ts";

/** The environment as an argument; only `load.ts` falls back to the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `{ id: ${NAME} }` is no YAML: the brace of the reference opens a map. So references are masked before parsing,
 * character for character (positions in messages stay right), with characters that YAML takes as plain text
 * everywhere, and are looked up only in the parsed strings: a secret's text never meets the YAML parser.
 */
const open = "\uE000\uE001";
const close = "\uE002";

export const hasMaskCharacters = (text: string): boolean => /[\uE000-\uE002]/.test(text);

export const maskReferences = (text: string): string =>
  text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => `${open}${name}${close}`);

export const unmask = (text: string): string => text.replaceAll(open, "${").replaceAll(close, "}");

export type Resolved = {
  readonly tree: unknown;
  readonly complaints: readonly Complaint[];
  /** Paths (as text) of strings that took at least one part from the environment. */
  readonly referenced: ReadonlySet<string>;
};

/** Puts the environment's values in place of the references of a parsed tree. One pass: values are not scanned again. */
export const resolveReferences = (parsed: unknown, env: Environment): Resolved => {
  const complaints: Complaint[] = [];
  const referenced = new Set<string>();

  const resolveText = (text: string, path: SettingsPath): string => {
    const at = pathText(path);
    if (text.includes("${")) {
      complaints.push({
        path: at,
        problem: "a reference to the environment is not written as ${NAME}",
        fix: "use letters, digits and underscores only, not starting with a digit, and close the brace",
      });
    }
    return text.replaceAll(/\uE000\uE001([A-Za-z0-9_]*)\uE002/g, (_, name: string) => {
      referenced.add(at);
      const value = env[name];
      if (value !== undefined && value !== "") return value;
      complaints.push({
        path: at,
        problem: `the environment variable ${name} is ${value === undefined ? "not set" : "empty"}`,
        fix: `set ${name} in the environment of this process, or remove the setting that uses it`,
      });
      return "";
    });
  };
  const walk = (node: unknown, path: SettingsPath): unknown => {
    if (typeof node === "string") return resolveText(node, path);
    if (Array.isArray(node)) return node.map((item, at) => walk(item, [...path, at]));
    if (node !== null && typeof node === "object") {
      return Object.fromEntries(
        Object.entries(node).map(([masked, item]) => [unmask(masked), walk(item, [...path, unmask(masked)])]),
      );
    }
    return node;
  };
  return { tree: walk(parsed, []), complaints, referenced };
};
