// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IProofs} from "../interfaces/audits/IProofs.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IVerifier} from "../interfaces/IVerifier.sol";
import {ClusterId, NO_CLUSTER, NO_NODE, NodeId, VNodeId} from "../interfaces/Types.sol";
import {Settlement} from "../libraries/Settlement.sol";
import {Asks} from "../libraries/settlement/Asks.sol";
import {CreditIndex} from "../libraries/settlement/CreditIndex.sol";
import {Pay} from "../libraries/settlement/Pay.sol";
import {AuditsState, Context} from "../libraries/settlement/State.sol";
import {Terms} from "../libraries/settlement/Terms.sol";
import {VNodeWord} from "../libraries/settlement/VNodeWord.sol";
import {Sources} from "./Sources.sol";

/// @title Proofs
/// @notice The proofs of the running epoch: single ones, batches, and those of nodes that take over.
abstract contract Proofs is Sources {
    using Asks for AuditsState;
    using Settlement for AuditsState;

    /// @dev The running epoch, the seconds since it began, the number of epochs that may still be settled, and the randomness
    /// that was looked up last.
    struct Present {
        uint32 epoch;
        uint256 elapsed;
        uint256 lag;
        bool drawn;
        uint8 beacon;
        bytes32 random;
    }

    /// @dev A proof that is worth verifying, with the vNode's word after all epochs that are over are settled.
    struct Candidate {
        VNodeId id;
        uint256 word;
        NodeId node;
        uint256 rate;
        /// Token units per epoch that the directory's total stands for.
        uint256 asked;
        Terms terms;
        address provider;
        IVerifier verifier;
        /// The index of the proof in the batch.
        uint256 place;
    }

    /// @dev The most epochs that the proofs of a call settle together before they count.
    uint256 private constant MAX_LAG = 64;
    /// @dev A batch of this size stays below the 2^24 gas of a transaction, even if each proof is verified alone and each
    /// vNode has as many misses before it as may be settled.
    uint256 private constant MAX_BATCH = 32;

    AuditsState internal _state;

    /// @inheritdoc IProofs
    function prove(VNodeId id, uint32 epoch, uint256[8] calldata proof) external {
        Candidate memory c;
        uint256[4] memory inputs;
        Refusal refusal = _examine(id, epoch, _present(), c, inputs);
        require(refusal == Refusal.None, ProofRefused(id, epoch, refusal));
        require(c.verifier.verify(proof, inputs), ProofInvalid(id, epoch));

        ledger.pay(_accept(c, epoch));
    }

    /// @inheritdoc IProofs
    function takeOver(VNodeId id, uint32 epoch, uint256[8] calldata proof) external {
        _state.takeOver(_context(msg.sender), id, epoch, epochStart(epoch) + margin, proof);
    }

    /// @inheritdoc IProofs
    function proveBatch(
        VNodeId[] calldata vNodes,
        uint32 epoch,
        uint256[8][] calldata proofs
    ) external returns (bool[] memory accepted) {
        uint256 length = vNodes.length;
        require(
            length != 0 && length <= MAX_BATCH && length == proofs.length,
            BadBatch(length, proofs.length)
        );
        Candidate[] memory candidates = new Candidate[](length);
        uint256[4][] memory inputs = new uint256[4][](length);

        Present memory present = _present();
        IVerifier verifier;
        uint256 count;
        for (uint256 i = 0; i < length; ++i) {
            Candidate memory c = candidates[count];
            if (_examine(vNodes[i], epoch, present, c, inputs[count]) != Refusal.None) continue;
            if (count == 0) verifier = c.verifier;
            else if (address(c.verifier) != address(verifier)) continue;
            c.place = i;
            ++count;
        }
        accepted = new bool[](length);
        if (count == 0) return accepted;
        bool allHold;
        if (count == length) {
            allHold = verifier.verifyBatch(proofs, inputs);
        } else {
            // Only the first elements are filled.
            assembly ("memory-safe") {
                mstore(candidates, count)
                mstore(inputs, count)
            }
            allHold = verifier.verifyBatch(_chosen(proofs, candidates), inputs);
        }
        _acceptThoseThatHold(allHold, candidates, proofs, inputs, accepted);
    }

    function _chosen(
        uint256[8][] calldata proofs,
        Candidate[] memory candidates
    ) private pure returns (uint256[8][] memory chosen) {
        chosen = new uint256[8][](candidates.length);
        for (uint256 i = 0; i < candidates.length; ++i) chosen[i] = proofs[candidates[i].place];
    }

    /// @dev If the batch does not hold as a whole, each proof is verified alone.
    function _acceptThoseThatHold(
        bool allHold,
        Candidate[] memory candidates,
        uint256[8][] calldata proofs,
        uint256[4][] memory inputs,
        bool[] memory accepted
    ) private {
        uint32 epoch = currentEpoch();
        ILedger.Payment[] memory payments = new ILedger.Payment[](candidates.length);
        for (uint256 i = 0; i < payments.length; ++i) {
            Candidate memory c = candidates[i];
            if (!allHold && !c.verifier.verify(proofs[c.place], inputs[i])) continue;
            // A vNode that is twice in a batch counts once.
            if (_state.words[c.id] != c.word) continue;
            payments[i] = _accept(c, epoch);
            accepted[c.place] = true;
        }
        ledger.payMany(payments);
    }

    function _present() private view returns (Present memory present) {
        (present.epoch, present.lag) = (currentEpoch(), MAX_LAG);
        present.elapsed = block.timestamp - epochStart(present.epoch);
    }

    /// @dev Settles what is over, and fills c and inputs with what a proof of the running epoch must show.
    function _examine(
        VNodeId id,
        uint32 epoch,
        Present memory present,
        Candidate memory c,
        uint256[4] memory inputs
    ) private returns (Refusal) {
        if (epoch == 0 || epoch != present.epoch) return Refusal.NotCurrentEpoch;
        uint256 word = _state.words[id];
        ClusterId cluster = VNodeWord.clusterOf(word);
        if (cluster == NO_CLUSTER) return Refusal.NoSuchVNode;
        uint256 next = uint256(VNodeWord.settledOf(word)) + 1;
        if (next > epoch) return Refusal.AlreadyProven;
        if (next < epoch) {
            if (epoch - next > present.lag) return Refusal.SettleFirst;
            present.lag -= epoch - next;
            _state.settle(_context(msg.sender), id, epoch - 1, MAX_LAG);
            word = _state.words[id];
        }
        c.terms = _state.termsAt(cluster, epoch);
        if (present.elapsed >= margin + c.terms.window()) return Refusal.WindowClosed;
        bytes32 random = _draw(present, c.terms.beacon());
        if (random == 0) return Refusal.NoRandomness;

        bool must;
        (c.id, c.word, c.node, c.rate) = (id, word, VNodeWord.nodeOf(word), VNodeWord.rateOf(word));
        if (!VNodeWord.isPlain(word, epoch)) {
            bool paused;
            bool consented;
            (c.node, c.rate, paused, must, consented) = _state.ask(id, epoch);
            if (paused) return Refusal.NotDue;
            if (!consented) return Refusal.NotConsented;
        }
        if (c.node == NO_NODE || c.rate == 0) return Refusal.NotDue;
        uint256 seed = Asks.seedOf(id, c.node, epoch, random);
        if (!must && !Asks.isDrawn(c.terms, seed)) return Refusal.NotDue;
        c.verifier = IVerifier(address(uint160(_profile(c.terms.profile()) >> 32)));
        _fillStatement(c, inputs, epoch, seed);
        return Refusal.None;
    }

    function _draw(Present memory present, uint8 beacon) private view returns (bytes32) {
        if (!present.drawn || present.beacon != beacon) {
            (present.drawn, present.beacon) = (true, beacon);
            present.random = randomness(beacon, present.epoch);
        }
        return present.random;
    }

    /// @dev The statement that the proof must show, and whom it pays. The public inputs of StorageAudit are directoryRoot, seed,
    /// start and length (circuits/storage_audit.circom).
    function _fillStatement(
        Candidate memory c,
        uint256[4] memory inputs,
        uint32 epoch,
        uint256 seed
    ) private view {
        bytes32 root;
        uint40 total;
        (root, total, c.asked, c.provider) = registry.statement(c.id, epoch, c.node);
        (inputs[0], inputs[1], inputs[2], inputs[3]) = (uint256(root), seed, 0, total);
    }

    /// @dev Settles the running epoch as proven.
    function _accept(Candidate memory c, uint32 epoch) private returns (ILedger.Payment memory p) {
        uint256 part = Pay.paidPartDown(c.rate, c.asked);
        if (VNodeWord.isPlain(c.word, epoch) && part == CreditIndex.CREDIT_UNIT) {
            _state.words[c.id] = VNodeWord.proven(c.word, epoch);
            (p.amount, p.fee) = (c.rate, Pay.feesDown(c.rate, c.terms, protocolFee));
            Pay.splitDown(p, part, protocolFee);
            p.cluster = VNodeWord.clusterOf(c.word);

            emit Proven(c.id, c.node, epoch, epoch, p.amount, p.fee, 0);
        } else {
            p = _state.enterProven(_context(msg.sender), c.id, c.node, epoch, c.asked);
        }
        p.to = c.provider;
    }

    function _context(address caller) internal view returns (Context memory) {
        return Context(ledger, registry, challenges, protocolFee, currentEpoch(), caller);
    }
}
