// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IProofs} from "../interfaces/audits/IProofs.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {ClusterId, NO_CLUSTER, NO_NODE, NodeId, VNodeId} from "../interfaces/Types.sol";
import {IVerifier} from "../interfaces/IVerifier.sol";
import {Settlement} from "../libraries/Settlement.sol";
import {Asks} from "../libraries/settlement/Asks.sol";
import {AuditsState, Context} from "../libraries/settlement/State.sol";
import {CreditIndex} from "../libraries/settlement/CreditIndex.sol";
import {Epochs} from "../libraries/settlement/Epochs.sol";
import {Terms} from "../libraries/settlement/Terms.sol";
import {VNodeWord} from "../libraries/settlement/VNodeWord.sol";
import {Sources} from "./Sources.sol";

/// @title Proofs
/// @notice The proofs of the running epoch: alone, in batches, and of who takes over.
abstract contract Proofs is Sources {
    using Asks for AuditsState;
    using Settlement for AuditsState;

    /// @dev The running epoch, seconds since its start, epochs that may still be settled, and the randomness that was looked
    /// up last.
    struct Present {
        uint32 epoch;
        uint256 elapsed;
        uint256 lag;
        bool drawn;
        uint8 beacon;
        bytes32 random;
    }

    /// @dev A proof that is worth a look: the vNode's word as it is settled before the running epoch, and what that makes
    /// of it.
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
        /// Its index in the batch.
        uint256 place;
    }

    /// @dev Epochs that proofs settle before themselves, all of a batch together.
    uint256 private constant MAX_LAG = 64;
    /// @dev Verified one by one if need be, with as many misses behind them, they stay below the 2^24 gas of a transaction.
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
            // Only the first are filled.
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

    /// @dev If not all hold, each is looked at by itself.
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
            // Twice in one batch counts once.
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

    /// @dev Settles what is over, and says in c and inputs what a proof of the running epoch must show.
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
        (c.asked, c.provider) = _setInputs(inputs, id, c.node, epoch, seed);
        return Refusal.None;
    }

    function _draw(Present memory present, uint8 beacon) private view returns (bytes32) {
        if (!present.drawn || present.beacon != beacon) {
            (present.drawn, present.beacon) = (true, beacon);
            present.random = randomness(beacon, present.epoch);
        }
        return present.random;
    }

    /// @dev The public inputs of StorageAudit: directoryRoot, seed, start, length (circuits/storage_audit.circom).
    function _setInputs(
        uint256[4] memory inputs,
        VNodeId id,
        NodeId node,
        uint32 epoch,
        uint256 seed
    ) private view returns (uint256 asked, address provider) {
        bytes32 root;
        uint40 total;
        (root, total, asked, provider) = registry.statement(id, epoch, node);
        (inputs[0], inputs[1], inputs[2], inputs[3]) = (uint256(root), seed, 0, total);
    }

    /// @dev Settles the epoch as proven.
    function _accept(Candidate memory c, uint32 epoch) private returns (ILedger.Payment memory p) {
        uint256 part = Settlement.covered(c.rate, c.asked);
        if (VNodeWord.isPlain(c.word, epoch) && part == CreditIndex.CREDIT_UNIT) {
            _state.words[c.id] = VNodeWord.proven(c.word, epoch);
            (p.amount, p.fee) = (c.rate, Epochs.feesOf(c.rate, c.terms, protocolFee));
            Settlement.split(p, part, protocolFee);
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
