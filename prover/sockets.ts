/**
 * Limits the connections, per address and in all, so that enough file descriptors remain for the chain and the disk.
 * If there are too many, the oldest connection of the address with the most is closed. Idle connections go first,
 * then those that only read; uploads are never closed for this. So idle connections keep nobody out.
 */
import type { Server, Socket } from "node:net";
import { BlockList, isIPv4, isIPv6 } from "node:net";

export interface SocketLimits {
  readonly maxConnections: number;
  readonly connectionsPerAddress: number;
  /** Addresses without a limit of their own: the operator's probes, and proxies. */
  readonly exempt: Addresses;
}

export type Work = "reading" | "writing";

export interface Sockets {
  /** Marks a connection as used by an allowed request, until the returned function is called. */
  keep(socket: Socket, work: Work): () => void;
  end(socket: Socket): void;
}

interface Connection {
  readonly socket: Socket;
  readonly network: string;
  /** The allowed requests that are running. */
  readonly requests: Record<Work, number>;
}

const isIdle = ({ requests: { reading, writing } }: Connection): boolean => reading + writing === 0;
const isReading = ({ requests: { reading, writing } }: Connection): boolean => reading > 0 && writing === 0;
/** The order in which connections are closed. */
const YIELDING = [isIdle, isReading];

export function guardSockets(
  server: Server,
  { maxConnections, connectionsPerAddress, exempt }: SocketLimits,
): Sockets {
  /** The oldest comes first. */
  const open = new Map<Socket, Connection>();
  const byNetwork = new Map<string, Set<Connection>>();

  const drop = (connection: Connection): void => {
    const { socket, network } = connection;
    const others = byNetwork.get(network);
    others?.delete(connection);
    if (others?.size === 0) byNetwork.delete(network);
    open.delete(socket);
  };
  /**
   * Closes the oldest connection that may be closed, of the first of these networks that has one. False if none has.
   */
  const makeRoom = (networks: readonly ReadonlySet<Connection>[]): boolean => {
    for (const yields of YIELDING) {
      for (const connections of networks) {
        const oldest = [...connections].find(yields);
        if (!oldest) continue;
        drop(oldest);
        oldest.socket.destroy();
        return true;
      }
    }
    return false;
  };
  const bySize = (): Set<Connection>[] => [...byNetwork.values()].toSorted((a, b) => b.size - a.size);

  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const network = networkOf(address);
    const own = byNetwork.get(network) ?? new Set();
    const isFull = !exempt.has(address) && own.size >= connectionsPerAddress;
    if ((isFull && !makeRoom([own])) || (open.size >= maxConnections && !makeRoom(bySize()))) {
      socket.destroy();
      return;
    }
    const connection = { socket, network, requests: { reading: 0, writing: 0 } };
    open.set(socket, connection);
    byNetwork.set(network, (byNetwork.get(network) ?? new Set()).add(connection));
    socket.once("close", () => drop(connection));
  });

  return {
    keep(socket, work) {
      const connection = open.get(socket);
      if (!connection) return () => undefined;
      connection.requests[work]++;
      return () => {
        connection.requests[work]--;
      };
    },
    end: (socket) => void open.get(socket)?.socket.destroy(),
  };
}

export interface Addresses {
  has(address: string): boolean;
}

/** @param list addresses, and networks as ADDRESS/BITS */
export function addresses(list: readonly string[]): Addresses {
  const known = new BlockList();
  for (const each of list) {
    const [address = "", bits] = each.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (bits === undefined) known.addAddress(address, family);
    else known.addSubnet(address, Number(bits), family);
  }
  return {
    has(address) {
      const plain = plainAddress(address);
      if (isIPv4(plain)) return known.check(plain, "ipv4");
      return isIPv6(plain) && known.check(plain, "ipv6");
    },
  };
}

/** The network that one user of an address has: for IPv6, 64 bits of the address. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("%", 1)[0]?.split("::") ?? [];
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array.from({ length: zeros }, () => "0"), ...last];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}

const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "");

/** The number of file descriptors that this process may open; undefined if it is not known. */
export function descriptorLimit(): number | undefined {
  Object.assign(process.report, { excludeNetwork: true }); // the network part may take long
  const { userLimits } = process.report.getReport() as {
    userLimits?: { open_files?: { soft: number | string } };
  };
  const limit = Number(userLimits?.open_files?.soft);
  return Number.isSafeInteger(limit) ? limit : undefined;
}

/** Descriptors for the chain, the journal, threads, and everything else that is not a connection. */
const RESERVE = 128;

/** The number of connections asked for, or fewer if there are too few descriptors for a connection and a file each. */
export function affordable(maxConnections: number, limit = descriptorLimit()): number {
  if (limit === undefined) return maxConnections;
  return Math.max(1, Math.min(maxConnections, Math.floor((limit - RESERVE) / 2)));
}
