/** Logs a message once per key and epoch. @returns false if it was logged before */
export type Alert = (key: string, level: "warn" | "error", facts: object, message: string) => boolean;
