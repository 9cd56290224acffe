// The drand client against relays that lie, hang or are not there.
import { expect } from "chai";
import { createDrandClient, fetchDrandChain } from "../../drand/client.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";
import { concatHex, evmnet, evmnetRound, Q, wordsOf } from "../helpers/evmnet.ts";

type Answer = (signal: AbortSignal) => Promise<Response> | Response;

const honest = { round: evmnetRound.round, signature: evmnetRound.signature };
const expected = {
  round: evmnetRound.round,
  signature: `0x${evmnetRound.signature}`,
  randomness: `0x${evmnetRound.randomness}`,
};
const [x, y] = wordsOf(evmnetRound.signature) as [bigint, bigint];

/** A network of relays: each has its own URL and notes what it is asked. */
function relays(answers: Record<string, Answer>) {
  const asked: string[] = [];
  const fetch = ((url: string, init: RequestInit) => {
    asked.push(url);
    const answer = answers[new URL(url).hostname];
    if (!answer || !init.signal) throw new Error("no such relay");
    return Promise.resolve(answer(init.signal));
  }) as typeof globalThis.fetch;
  return { asked, modules: { fetch }, urls: Object.keys(answers).map((host) => `http://${host}/`) };
}

const json = (body: unknown) => () => Response.json(body);
const hang: Answer = (signal) =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });

describe("drand: client", () => {
  it("returns a real round, verified, with the randomness of its signature", async () => {
    const { urls, modules, asked } = relays({ one: json({ ...honest, randomness: "00".repeat(32) }) });
    const client = createDrandClient({ urls, publicKey: evmnet.publicKey }, modules);
    expect(await client.round(evmnetRound.round)).to.deep.equal(expected);
    expect(asked).to.deep.equal([`http://one/public/${evmnetRound.round}`]);
  });

  for (const { name, answer, reason } of [
    { name: "another round", answer: json({ ...honest, round: 1 }), reason: "it answers for round 1" },
    {
      name: "an alias of the signature",
      answer: json({ ...honest, signature: concatHex(x + Q, y) }),
      reason: "its signature is not valid",
    },
    {
      name: "a signature with a bit flipped",
      answer: json({ ...honest, signature: concatHex(x, y ^ 2n) }),
      reason: "its signature is not valid",
    },
    {
      name: "a signature that is cut short",
      answer: json({ ...honest, signature: evmnetRound.signature.slice(2) }),
      reason: "its signature is not valid",
    },
    { name: "no signature", answer: json({ round: evmnetRound.round }), reason: "hexadecimal digits" },
    { name: "null", answer: json(null), reason: "not a JSON object" },
    { name: "no JSON", answer: () => new Response("<html>"), reason: "JSON" },
    { name: "16 MB", answer: () => new Response("9".repeat(2 ** 24)), reason: "longer than 16384 bytes" },
    {
      name: "that the round is to come",
      answer: () => new Response("", { status: 404 }),
      reason: "status 404",
    },
    { name: "nothing in time", answer: hang, reason: "timeout" },
  ]) {
    it(`fails when the only relay answers ${name}, and takes another's round`, async () => {
      const alone = relays({ bad: answer });
      const options = { publicKey: evmnet.publicKey, timeoutMs: 50 };
      const error = await holdfastErrorOf(
        createDrandClient({ ...options, urls: alone.urls }, alone.modules).round(evmnetRound.round),
      );
      expect(error.code).to.equal("unreachable");
      expect(error.details.round).to.equal(evmnetRound.round);
      expect((error.details.relays as Record<string, string>)["http://bad/"]).to.include(reason);

      const both = relays({ bad: answer, good: json(honest) });
      const client = createDrandClient({ ...options, urls: both.urls }, both.modules);
      expect(await client.round(evmnetRound.round)).to.deep.equal(expected);
    });
  }

  it("stops asking the others once one has answered", async () => {
    let slow: AbortSignal | undefined;
    const { urls, modules } = relays({
      slow: (signal) => hang((slow = signal)),
      fast: json(honest),
    });
    await createDrandClient({ urls, publicKey: evmnet.publicKey, timeoutMs: 60_000 }, modules).round(
      evmnetRound.round,
    );
    expect(slow?.aborted).to.equal(true);
  });

  it("ends on abort", async () => {
    const { urls, modules } = relays({ one: hang, two: hang });
    const client = createDrandClient({ urls, publicKey: evmnet.publicKey, timeoutMs: 60_000 }, modules);
    const controller = new AbortController();
    const pending = holdfastErrorOf(client.round(evmnetRound.round, controller.signal));
    controller.abort();
    expect((await pending).code).to.equal("aborted");
    expect((await holdfastErrorOf(client.round(1, controller.signal))).code).to.equal("aborted");
  });

  it("refuses an empty list of relays, and a malformed key", () => {
    expect(() => createDrandClient({ urls: [], publicKey: evmnet.publicKey })).to.throw(RangeError, "urls");
    const publicKey = new Uint8Array(128);
    expect(() => createDrandClient({ urls: ["http://one"], publicKey })).to.throw(RangeError, "public key");
  });

  describe("the network's parameters", () => {
    const info = {
      public_key: Buffer.from(evmnet.publicKey).toString("hex"),
      genesis_time: evmnet.genesis,
      period: evmnet.period,
      schemeID: "bls-bn254-unchained-on-g1",
    };

    it("are read from a relay", async () => {
      const { modules } = relays({ one: json(info) });
      expect(await fetchDrandChain("http://one", modules)).to.deep.equal(evmnet);
    });

    for (const [name, wrong] of Object.entries({
      "another scheme": { schemeID: "bls-unchained-g1-rfc9380" },
      "a key that is none": { public_key: "00".repeat(128) },
      "no period": { period: 0 },
      "a genesis in words": { genesis_time: "now" },
    })) {
      it(`are refused with ${name}`, async () => {
        const { modules } = relays({ one: json({ ...info, ...wrong }) });
        const error = await holdfastErrorOf(fetchDrandChain("http://one", modules));
        expect(error.code).to.equal("unreachable");
        expect(error.details.url).to.equal("http://one");
      });
    }
  });
});
