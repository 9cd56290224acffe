/** Says something once in an epoch, by its key; false if it was said. */
export type Alert = (key: string, level: "warn" | "error", facts: object, message: string) => boolean;
