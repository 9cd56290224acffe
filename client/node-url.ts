/**
 * The URL that a node registers: an origin without a path, because its callers (clients and nodes) add the path. Both http
 * and https are allowed, because the node checks the signature of every request itself.
 */

/** These mean "all interfaces": a node can listen there, but nobody can call it there. */
const EVERYWHERE = ["0.0.0.0", "[::]"];

/** The URL in its usual form. @throws RangeError for a URL that some callers would not understand */
export function nodeUrl(text: string): string {
  const wrong = (why: string): RangeError =>
    new RangeError(`"${text}" ${why}: give http://HOST:PORT or https://HOST`);
  const url = URL.parse(text);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:") || !/^https?:\/\//i.test(text))
    throw wrong("is not an address");
  if (/[\s,;]/.test(text)) throw wrong("is more than one address, or has spaces in it");
  if (url.username !== "" || url.password !== "")
    throw wrong("has a password in it, which everybody could read");
  if (url.pathname !== "/" || /[?#]/.test(text)) throw wrong("has a path, which is not used");
  if (EVERYWHERE.includes(url.hostname) || url.port === "0")
    throw wrong("is not an address that others can call");
  return url.origin;
}
