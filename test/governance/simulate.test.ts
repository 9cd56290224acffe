// Trying calls out at endpoints that can, cannot, or only pretend to run other code in the place of an account's.
import { expect } from "chai";
import type { Chain } from "../../client/chain.ts";
import { simulate } from "../../client/governance/simulate.ts";
import { errorOf } from "../helpers/errors.ts";

const SENDER = `0x${"0".repeat(38)}aa`;
const CALLS = ["0x01", "0x02"].map((data) => ({ to: `0x${"0".repeat(38)}bb`, data }));

interface Asked {
  readonly from?: string;
  readonly to: string;
  readonly data: string;
  readonly code: string | undefined;
}

/** Answers eth_call, and notes what it was asked. */
function endpoint(answer: (asked: Asked) => string): { chain: Chain; asked: Asked[] } {
  const asked: Asked[] = [];
  const send = (
    _: string,
    [call, , override]: [Omit<Asked, "code">, string, Record<string, { code: string }>?],
  ) => {
    const one = { ...call, code: override?.[SENDER]?.code };
    asked.push(one);
    return Promise.resolve().then(() => answer(one));
  };
  const chain = { ask: (read: (e: object, block: string) => unknown) => read({ send }, "latest") };
  return { chain: chain as unknown as Chain, asked };
}

const ONE = `0x${"1".padStart(64, "0")}`;
const refuse = (): never => {
  throw new Error("refused");
};

describe("governance: trying out", () => {
  it("runs several calls together from the sender's address", async () => {
    const { chain, asked } = endpoint(({ data }) => (data === "0x" ? ONE : "0x"));
    expect(await simulate(chain, SENDER, CALLS)).to.deep.equal({ together: true });
    expect(asked.map(({ to }) => to)).to.deep.equal([SENDER, SENDER]);
  });

  it("tries each alone where the endpoint refuses other code, or only ignores it", async () => {
    for (const answer of [({ code }: Asked) => (code === undefined ? "0x" : refuse()), () => "0x"]) {
      const { chain, asked } = endpoint(answer);
      expect(await simulate(chain, SENDER, CALLS)).to.deep.equal({ together: false });
      expect(asked.slice(1).map(({ from, data }) => [from, data])).to.deep.equal([
        [SENDER, "0x01"],
        [SENDER, "0x02"],
      ]);
    }
  });

  it("needs no other code for one call, and fails as the call does", async () => {
    const { chain, asked } = endpoint(({ data }) => (data === "0x02" ? refuse() : "0x"));
    expect(await simulate(chain, SENDER, CALLS.slice(0, 1))).to.deep.equal({ together: true });
    expect(asked.map(({ code }) => code)).to.deep.equal([undefined]);
    expect((await errorOf(simulate(chain, SENDER, CALLS))).message).to.equal("refused");
    const together = endpoint(({ data }) => (data === "0x" ? ONE : refuse()));
    expect((await errorOf(simulate(together.chain, SENDER, CALLS))).message).to.equal("refused");
    expect(together.asked).to.have.length(2);
  });
});
