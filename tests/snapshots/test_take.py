from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from migsafe.differences.schema_file import write_schema
from migsafe.errors import CannotCheck, UsageError
from migsafe.fingerprint_file import write_fingerprint
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.postgres.server import ServerSettings
from migsafe.snapshots.manifest import FINGERPRINT, SCHEMA, Snapshot, read
from migsafe.snapshots.pruning import Rules, parse_age, reasons_to_keep
from migsafe.snapshots.store import dead_partials, find, remove, snapshots, unreadable
from migsafe.snapshots.take import ADVANCED, take
from migsafe.snapshots.verify import damage, verify_deep
from migsafe.state import State, compare_states, read_state


def quiet(_: str) -> None:
    pass


def test_a_snapshot_that_is_read_again_is_the_same(every_kind_snapshot: Snapshot) -> None:
    again = read(every_kind_snapshot.path)
    assert again == every_kind_snapshot
    assert damage(again) == ()
    assert again.manifest.rows > 60
    assert {"reporter", 'Odd "role'} <= set(again.manifest.roles)


def test_the_state_that_is_kept_is_the_one_that_is_read(
    every_kind: tuple[str, State], every_kind_snapshot: Snapshot
) -> None:
    kept, now = every_kind_snapshot.state, every_kind[1]
    assert kept == now
    numbers = [{name: c.number for name, c in t.columns.items()} for t in kept.contents.tables.values()]
    assert numbers == [{name: c.number for name, c in t.columns.items()} for t in now.contents.tables.values()]


def test_schema_and_fingerprint_are_the_files_that_the_commands_write(every_kind_snapshot: Snapshot) -> None:
    path, fingerprint = every_kind_snapshot.path, every_kind_snapshot.fingerprint
    assert write_fingerprint(fingerprint) == (path / FINGERPRINT).read_text()
    assert write_schema(every_kind_snapshot.catalog) == (path / SCHEMA).read_text()
    assert fingerprint.tables["shop.purchase"].rows == 40
    assert "shop.purchase" not in fingerprint.contents.tables


def test_a_snapshot_in_an_older_format_is_refused_by_name(filled: Address, tmp_path: Path) -> None:
    snapshot = take(filled, tmp_path, jobs=1)
    file = snapshot.path / "manifest.json"
    file.write_text(file.read_text().replace("migsafe.snapshot/2", "migsafe.snapshot/1"))
    with pytest.raises(CannotCheck, match=r"format migsafe.snapshot/1, and this migsafe reads migsafe.snapshot/2"):
        read(snapshot.path)
    assert (snapshots(tmp_path), list(unreadable(tmp_path))) == ((), [snapshot.path])


def test_a_deep_verification_restores_every_kind_elsewhere(every_kind_snapshot: Snapshot) -> None:
    comparison = verify_deep(every_kind_snapshot, ServerSettings(), jobs=2, progress=quiet)
    assert comparison.difference.describe() == ()


def test_a_deep_verification_sees_a_state_that_the_dump_does_not_bring(filled: Address, tmp_path: Path) -> None:
    snapshot = take(filled, tmp_path, jobs=1)
    with connect_to(filled) as connection:
        connection.execute("UPDATE orders SET amount = 7 WHERE id = 7")
        snapshot.__dict__["state"] = read_state(connection)
    comparison = verify_deep(snapshot, ServerSettings(), jobs=1, progress=quiet)
    assert comparison.difference.describe() == ("column public.orders.amount: values differ",)


def test_dump_and_state_are_of_one_moment_while_others_write(filled: Address, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with closing(psycopg.connect(filled.url(), autocommit=True)) as other:
            while not stop.is_set():
                other.execute("UPDATE orders SET amount = amount + 1")
                other.execute("INSERT INTO customers (email) VALUES ('another')")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        snapshot = take(filled, tmp_path, jobs=2)
    finally:
        stop.set()
        writer.join()
    assert snapshot.state.contents.not_checked == {"public.customers_id_seq": ADVANCED}
    assert verify_deep(snapshot, ServerSettings(), jobs=1, progress=quiet).difference.describe() == ()


def test_the_database_is_only_read(filled: Address, tmp_path: Path) -> None:
    with connect_to(filled) as connection:
        before = read_state(connection)
        connection.execute(f"ALTER DATABASE {filled.database} SET default_transaction_read_only TO on")
    take(filled, tmp_path, jobs=1)
    with connect_to(filled) as connection:
        assert compare_states(before, read_state(connection)).describe() == ()


def test_short_timeouts_of_the_database_do_not_end_it(filled: Address, tmp_path: Path) -> None:
    with connect_to(filled) as connection:
        connection.execute("CREATE TABLE many AS SELECT generate_series(1, 2000000) AS n")
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"ALTER DATABASE {filled.database} SET {name} TO '100ms'")
    with psycopg.connect(filled.url()) as plain, pytest.raises(psycopg.errors.QueryCanceled):
        plain.execute("SELECT string_agg(n::text, ',' ORDER BY n DESC) FROM many")
    assert take(filled, tmp_path, jobs=1).manifest.rows == 2_000_400


def test_a_table_that_may_not_be_read_leaves_no_snapshot(filled: Address, tmp_path: Path) -> None:
    with connect_to(filled) as connection:
        connection.execute("DROP ROLE IF EXISTS half_blind; CREATE ROLE half_blind LOGIN PASSWORD 'x'")
        connection.execute("GRANT SELECT ON orders TO half_blind")
    blind = Address(filled.host, filled.port, "half_blind", filled.database, "x")
    with pytest.raises(CannotCheck, match="permission denied for table customers") as caught:
        take(blind, tmp_path / "store", jobs=1)
    assert "GRANT pg_read_all_data" in str(caught.value.hint)
    assert list((tmp_path / "store").iterdir()) == []


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: (path / "schema.json").unlink(), "schema.json: missing"),
        (lambda path: (path / "dump" / "toc.dat").write_bytes(b"x"), "dump/toc.dat: 1 byte instead of"),
        (lambda path: (path / "dump" / "new").write_bytes(b""), "dump/new: not in the manifest"),
    ],
)
def test_every_harm_to_the_files_is_seen(filled: Address, tmp_path: Path, harm, said: str) -> None:  # type: ignore[no-untyped-def]
    snapshot = take(filled, tmp_path, jobs=1)
    harm(snapshot.path)
    assert any(line.startswith(said) for line in damage(snapshot))


def test_a_single_bit_is_seen(filled: Address, tmp_path: Path) -> None:
    snapshot = take(filled, tmp_path, jobs=1)
    (data, *_) = snapshot.dump.glob("*.dat.gz")
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)
    assert damage(snapshot) == (f"dump/{data.name}: its content has changed (SHA-256)",)


def test_a_snapshot_can_be_read_by_its_owner_only(filled: Address, tmp_path: Path) -> None:
    assert take(filled, tmp_path, jobs=1).path.stat().st_mode & 0o077 == 0


def test_the_newest_of_each_database_and_the_young_are_kept(filled: Address, tmp_path: Path) -> None:
    first, second = take(filled, tmp_path, jobs=1), take(filled, tmp_path, jobs=1)
    found = snapshots(tmp_path)
    assert found == (first, second)
    later = datetime.now(UTC) + timedelta(days=2)

    def goes(keep: int | None, days: int | None) -> list[Path]:
        rules = Rules(keep, timedelta(days=days) if days else None)
        return [path for path, reason in reasons_to_keep(found, rules, later).items() if reason is None]

    assert goes(1, None) == [first.path]
    assert goes(None, 1) == [first.path, second.path]
    assert goes(None, 3) == []
    assert goes(1, 3) == []
    assert goes(0, None) == [first.path, second.path]
    remove(first.path)
    assert snapshots(tmp_path) == (second,)
    assert find(tmp_path, "latest") == second


def test_what_has_a_tag_or_is_named_is_kept(filled: Address, tmp_path: Path) -> None:
    tagged, plain, named = (take(filled, tmp_path, jobs=1, tag=tag) for tag in ("before 2.0", None, None))
    found, now = snapshots(tmp_path), datetime.now(UTC)
    kept = reasons_to_keep(found, Rules(keep=0, spared={named.path}), now)
    assert kept == {
        tagged.path: "it has the tag before 2.0; --tagged lets it go",
        plain.path: None,
        named.path: "named with --except",
    }
    assert reasons_to_keep(found, Rules(keep=0, tagged=True), now) == dict.fromkeys(kept)


def test_what_a_dead_run_left_is_no_snapshot_and_is_found(filled: Address, tmp_path: Path) -> None:
    snapshot = take(filled, tmp_path, jobs=1)
    left = tmp_path / ".partial-shop-20260101T000000Z"
    snapshot.path.rename(left)
    assert snapshots(tmp_path) == ()
    assert list(dead_partials(tmp_path)) == [left]


@pytest.mark.parametrize("text", ["", "5", "d", "5 years", "-1d"])
def test_an_age_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_age(text)
