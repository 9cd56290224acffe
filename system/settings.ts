/**
 * A daemon's settings: default < file < environment < flag. All values are checked before anything starts.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { HoldfastError } from "../protocol/errors.ts";
import { parseJson } from "../protocol/json.ts";

export interface Settings<T> {
  /** @throws HoldfastError "bad-input" that lists every wrong value */
  readonly read: (args: readonly string[], environment: Readonly<Record<string, string | undefined>>) => T;
  /** One line per setting: flag, environment variable, default, meaning. */
  readonly describe: () => string[];
}

/** The one setting whose flag may be given several times. */
const REPEATED = "rpcUrl";

/** @param prefix the start of the environment variables' names, such as HOLDFAST_NODE */
export function createSettings<Schema extends z.ZodObject>(
  schema: Schema,
  prefix: string,
): Settings<z.infer<Schema>> {
  const names = Object.keys(schema.shape);
  const environmentName = (name: string): string =>
    `${prefix}_${kebab(name).replaceAll("-", "_").toUpperCase()}`;

  const readFlags = (args: readonly string[]): Record<string, string | string[] | undefined> => {
    const options = Object.fromEntries(
      ["config", ...names].map((name) => [
        kebab(name),
        { type: "string" as const, multiple: name === REPEATED },
      ]),
    );
    try {
      return parseArgs({ args: [...args], options }).values;
    } catch (cause) {
      throw new HoldfastError("bad-input", `${(cause as Error).message}. See --help`, {}, { cause });
    }
  };

  return {
    read(args, environment) {
      const flags = readFlags(args);
      const path = (flags["config"] as string | undefined) ?? environment[environmentName("config")];
      const merged: Record<string, unknown> = { ...readFile(path) };
      for (const name of names) {
        const value = flags[kebab(name)] ?? environment[environmentName(name)];
        if (value !== undefined) merged[name] = value;
      }
      const known = new Set(["config", ...names].map(environmentName));
      const [unknown] = Object.keys(environment).filter(
        (name) => name.startsWith(`${prefix}_`) && !known.has(name),
      );
      if (unknown !== undefined)
        throw new HoldfastError(
          "bad-input",
          `the environment sets ${unknown}, but there is no such setting. See --help`,
        );
      const parsed = schema.safeParse(merged);
      if (parsed.success) return parsed.data;
      const problems = parsed.error.issues.map(
        ({ path: location, message }) => `${location.join(".") || "settings"}: ${message}`,
      );
      const message = `the configuration is wrong: ${problems.join("; ")}. See --help`;
      throw new HoldfastError("bad-input", message, { problems });
    },
    describe: () =>
      names.map((name) => {
        const setting = schema.shape[name] as z.ZodType;
        const { data } = setting.safeParse(undefined) as { data?: string | number | bigint | unknown[] };
        const isNothing = data === undefined || (Array.isArray(data) && data.length === 0);
        const value = isNothing ? "" : ` [${String(data)}]`;
        return `--${kebab(name)}  ${environmentName(name)}${value}  ${setting.description ?? ""}`;
      }),
  };
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function readFile(path: string | undefined): object {
  if (path === undefined) return {};
  try {
    const value: unknown = parseJson(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
    throw new TypeError("it is not a JSON object");
  } catch (cause) {
    const message = `the configuration file ${path} cannot be used: ${(cause as Error).message}`;
    throw new HoldfastError("bad-input", message, { path }, { cause });
  }
}

// -------------------------------------------------------------------------------------------------------------- values

/** A list in a settings file; text separated by commas in the environment or a flag. */
export const list = <T extends z.ZodType>(element: T, min = 0) =>
  z.preprocess(
    (value) => (typeof value === "string" ? value.split(",").filter((part) => part !== "") : value),
    z.array(element).min(min),
  );

export const toggle = z.preprocess(
  (value) => (value === "true" ? true : value === "false" ? false : value),
  z.boolean(),
);

/** Keeps empty text and null from becoming 0, as Number would make them. */
export const number = (schema: z.ZodNumber): z.ZodType<number> =>
  z.preprocess((value) => (typeof value === "string" && value.trim() !== "" ? Number(value) : value), schema);

export const whole = (min: number, max = Number.MAX_SAFE_INTEGER): z.ZodType<number> =>
  number(z.number().int().min(min).max(max));

/** Decimal text, because integers of the chain may be too large for a JSON number. */
export const integer = z.string().regex(/^\d+$/).transform(BigInt);

export const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "expected 0x and 40 hex digits");
