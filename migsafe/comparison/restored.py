"""A snapshot read in another way than it was taken: restored into a throwaway server, where its rows are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.errors import CannotCheck
from migsafe.fingerprints import take_fingerprint
from migsafe.snapshots.fill import compare
from migsafe.snapshots.verify import require_whole, restored_on, server_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migsafe.comparison.choice import Choice
    from migsafe.config import Settings
    from migsafe.fingerprints import Fingerprint
    from migsafe.postgres.address import Address
    from migsafe.progress import Progress
    from migsafe.rows.digest import Algorithm
    from migsafe.snapshots.fill import Comparison
    from migsafe.snapshots.manifest import Snapshot

REFRESHED = "the restore refreshes a materialized view, and this one was stale"


def read_restored(
    snapshot: Snapshot,
    algorithm: Algorithm,
    choice: Choice,
    buckets: Mapping[str, int],
    settings: Settings,
    progress: Progress,
) -> Fingerprint:
    """The snapshot's rows with digests by ``algorithm``, after the proof that what came back is what it says.

    What the snapshot doesn't know, such as a sequence that advanced meanwhile, stays unknown. Raises
    :class:`CannotCheck` when it is damaged or doesn't come back, and as :func:`migsafe.snapshots.verify.server_for`.
    """
    require_whole(snapshot)
    kept, jobs = snapshot.fingerprint, settings.snapshots.jobs
    with server_for(snapshot, settings.server, progress) as server:
        address = server.address.on(restored_on(server, snapshot, jobs=jobs, progress=progress))
        progress("proving what was restored")
        proof = _proof(address, snapshot)
        found = take_fingerprint(
            address,
            algorithm=algorithm,
            workers=choice.workers,
            statement_timeout=choice.statement_timeout,
            buckets=buckets,
            chooses=choice.reads,
            progress=progress,
        )
    return replace(
        found,
        database=kept.database,
        server_version=kept.server_version,
        sequences=tuple(sequence for sequence in found.sequences if sequence.name not in kept.not_checked),
        not_checked={**found.not_checked, **kept.not_checked, **dict.fromkeys(proof.refreshed, REFRESHED)},
    )


def _proof(address: Address, snapshot: Snapshot) -> Comparison:
    proof = compare(address, snapshot)
    if proof.difference:
        raise CannotCheck(
            "the snapshot doesn't bring back its state:\n  " + "\n  ".join(proof.difference.describe()),
            where=str(snapshot.path),
            hint="Take another one.",
        )
    return proof
