/**
 * Default limits of the public server.
 */
export const LOOPBACK: string[] = ["127.0.0.1", "::1"];
export const MAX_CONNECTIONS = 512;
export const CONNECTIONS_PER_ADDRESS = 64;
export const UPLOAD_BYTES_PER_SECOND = 64 * 1024;
