/**
 * A connection to a server on which the test controls every byte.
 */
import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { FastifyInstance } from "fastify";

export interface RawConnection {
  readonly socket: Socket;
  /** Everything received until the other side ends the connection. */
  readonly ended: Promise<string>;
  send(method: string, path: string, headers?: Readonly<Record<string, string>>): void;
  /** Resolves when the received text matches. */
  says(pattern: RegExp): Promise<void>;
}

/** @param localAddress the address that it comes from */
export async function connectRaw(app: FastifyInstance, localAddress = "127.0.0.1"): Promise<RawConnection> {
  if (!app.server.listening) await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  let text = "";
  socket.on("data", (data: Buffer) => (text += data.toString("latin1")));
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await once(socket, "connect");
  return {
    socket,
    ended: closed.then(() => text),
    send(method, path, headers = {}) {
      const lines = Object.entries({ host: "node", ...headers }).map(([name, value]) => `${name}: ${value}`);
      socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    },
    async says(pattern) {
      while (!pattern.test(text)) {
        if (socket.closed) throw new Error(`it ended with ${JSON.stringify(text)}`);
        await Promise.race([once(socket, "data"), closed]);
      }
    },
  };
}
