// The application's checks of an acceptance before it pays.
import { expect } from "chai";
import { Wallet } from "ethers";
import { hashSegmentList } from "../../chain/segment-list.ts";
import { checkAcceptance, type ExpectedTerms } from "../../client/app/storing.ts";
import type { Chain } from "../../client/chain.ts";
import type { NodeAcceptance } from "../../client/node-api.ts";
import { HoldfastError } from "../../protocol/errors.ts";
import { toHex32 } from "../../protocol/field.ts";
import { ACCEPTANCE, domain } from "../../protocol/typed-data.ts";
import { errorOf } from "../helpers/errors.ts";

const REGISTRY = `0x${"12".repeat(20)}`;
const OPERATOR = new Wallet(`0x${"01".repeat(32)}`);
const STRANGER = new Wallet(`0x${"02".repeat(32)}`);

describe("client: an acceptance", () => {
  const segments = [{ root: toHex32(5n), leaves: 3 }];
  const terms: ExpectedTerms = {
    plan: { bucket: 1n, epochs: 10 },
    target: {
      vNode: 2n,
      node: { id: 4n, url: "http://node" },
      operator: OPERATOR.address,
      rent: 100n,
      revision: 3n,
    },
    segments,
    now: 1000n,
  };
  const chain = { chainId: 31337n, addresses: { registry: REGISTRY } } as unknown as Chain;
  const honest = {
    node: 4n,
    revision: 3n,
    bucket: 1n,
    vNode: 2n,
    segments: hashSegmentList(segments),
    epochs: 10n,
    rent: 100n,
    nonce: 9n,
    deadline: 2000n,
  };
  const sign = async (changes: Partial<typeof honest> = {}, signer = OPERATOR): Promise<NodeAcceptance> => {
    const message = { ...honest, ...changes };
    return {
      ...message,
      signature: await signer.signTypedData(domain(31337n, REGISTRY), ACCEPTANCE, message),
    };
  };
  const refusal = async (acceptance: Promise<NodeAcceptance>, expected = terms): Promise<HoldfastError> => {
    const given = await acceptance;
    const error = await errorOf(Promise.resolve().then(() => checkAcceptance(chain, given, expected)));
    if (error instanceof HoldfastError) return error;
    throw error;
  };

  it("is taken when it is what was asked for", async () => {
    checkAcceptance(chain, await sign(), terms);
  });

  for (const [name, value] of [
    ["node", 7n],
    ["revision", 2n],
    ["bucket", 7n],
    ["vNode", 7n],
    ["epochs", 11n],
    ["segments", hashSegmentList([{ root: toHex32(5n), leaves: 4 }])],
  ] as const) {
    it(`is refused for another ${name}`, async () => {
      const error = await refusal(sign({ [name]: value }));
      expect(error.message).to.match(new RegExp(`node 4 accepts other terms \\(${name} is`));
    });
  }

  it("is refused for a rent above what the node asked, and above what the owner agreed to", async () => {
    expect((await refusal(sign({ rent: 101n }))).message).to.match(/a rent of 101, more than 100/);
    const dearer = { ...terms, plan: { ...terms.plan, maxRent: 50n } };
    expect((await refusal(sign(), dearer)).message).to.match(/a rent of 100, more than 50/);
  });

  it("is refused once it has expired", async () => {
    expect((await refusal(sign({ deadline: 1000n }))).code).to.equal("expired");
    checkAcceptance(chain, await sign({ deadline: 1001n }), terms);
  });

  it("is refused when another account signed, or other terms were signed", async () => {
    expect((await refusal(sign({}, STRANGER))).code).to.equal("unauthorized");
    const { signature } = await sign({ nonce: 10n });
    expect((await refusal(Promise.resolve({ ...honest, signature }))).code).to.equal("unauthorized");
    expect((await refusal(Promise.resolve({ ...honest, signature: "0x" }))).message).to.match(/is malformed/);
  });
});
