/**
 * What a node registers as its address: an origin and nothing else, because whoever calls it, client or node, puts the
 * path there. The node checks who asks for what, not over which protocol: http and https both do.
 */

/** Addresses of all interfaces: a node may listen there, and nobody can call it there. */
const EVERYWHERE = ["0.0.0.0", "[::]"];

/** As everybody uses it. Throws RangeError for what only some would understand. */
export function nodeUrl(text: string): string {
  const wrong = (why: string): RangeError =>
    new RangeError(`"${text}" ${why}: give http://HOST:PORT or https://HOST`);
  const url = URL.parse(text);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:") || !/^https?:\/\//i.test(text))
    throw wrong("is not an address");
  if (/[\s,;]/.test(text)) throw wrong("is more than one address, or has spaces in it");
  if (url.username !== "" || url.password !== "") throw wrong("has a password in it, which all could read");
  if (url.pathname !== "/" || /[?#]/.test(text)) throw wrong("has a path, which is not used");
  if (EVERYWHERE.includes(url.hostname) || url.port === "0")
    throw wrong("is no address that others can call");
  return url.origin;
}
