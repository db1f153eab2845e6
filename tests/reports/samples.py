"""Reports to show, with names as nasty as PostgreSQL and file systems allow."""

from __future__ import annotations

from pathlib import Path

from migsafe.findings import (
    BaselineReport,
    CheckResult,
    CloningReport,
    Evidence,
    Finding,
    Growth,
    Location,
    Lock,
    MigrationReport,
    Outcome,
    Repeatable,
    Report,
    Rewrite,
    Scan,
    SecondRun,
    ServerError,
    ServerReport,
    Severity,
    Statement,
    StatementAgain,
)

NASTY = 'wei"rd % < & | \\ [bold] {x} \n \x1b[31mred\x1b[0m \u202etfel-ot-thgir\u202c 🐘 表 \x07\x00'

SERVER = ServerReport(
    "local",
    "15.8 (Debian 15.8-1)",
    {"container": "no Docker engine answers at unix:///var/run/docker.sock; start dockerd, or use another server"},
    (CloningReport("file_copy", 12, 0.8), CloningReport("wal_log", 1, 0.25)),
)
BASELINE = BaselineReport("an empty database", "0003", 12, 48_211)


def passed(check: str, answer: str = "") -> CheckResult:
    return CheckResult(check, Outcome.PASSED, answer, seconds=0.25)


DIVERGES = Finding(
    "apply-twice-diverges",
    Severity.ERROR,
    "The second run succeeded and changed 3 rows of public.accounts again, so that a run that is repeated after a lost "
    "connection leaves other balances than one that is not.",
    remedy="Write down which rows are done: UPDATE accounts SET balance = balance * 100, scale = 2 WHERE scale = 0.",
    location=Location(Path("migrations/0005_cents.sql"), 3, 1, "public.accounts"),
    evidence=(
        Evidence("differs after the second run", "column balance: 3 of 3 rows\n  id 1: 100 → 10000"),
        Evidence("statement", "UPDATE accounts SET balance = balance * 100\n       ^^^^^^^^"),
    ),
)
NULLS = Finding(
    "apply-fails",
    Severity.ERROR,
    'column "customer" of relation "orders" contains null values',
    remedy="Fill the column first.",
    location=Location(Path("migrations/0006_required.sql"), 1, 30, "public.orders.customer"),
    evidence=(
        Evidence("server", "ERROR 23502"),
        Evidence(
            "migrations/0006_required.sql:1", "ALTER TABLE orders\tALTER customer SET NOT NULL\n                  \t^"
        ),
        Evidence("rows", "(17, NULL)\n(18, NULL)"),
    ),
)
REFUSED = Statement(
    "ALTER TABLE orders ALTER customer SET NOT NULL",
    1.5,
    error=ServerError(
        "23502", 'column "customer" contains null values', table="orders", column="customer", position=13
    ),
    transaction=1,
    state_after="E",
    backend=4711,
    location=Location(Path("migrations/0006_required.sql"), 1, 1),
    wal_bytes=3120,
    locks=(
        Lock("public.orders", "ACCESS EXCLUSIVE", ("reads", "writes", "DDL"), 12.25),
        Lock("public.customers", "ROW SHARE"),
    ),
    rewrites=(Rewrite("public.orders", "table", "column type"),),
    scans=(Scan("public.orders", 48_000, whole=True),),
    lock_timeout=0,
    growth=Growth.GROWING,
)
SECRET = Statement("CREATE ROLE app LOGIN PASSWORD 'hunter''2 x'", 0.7, "CREATE ROLE", state_after="I", backend=4711)

SAFE = Report(
    "check",
    "alembic",
    SERVER,
    BASELINE,
    tuple(
        MigrationReport(
            version,
            description,
            (Path(f"migrations/{version}.py"),),
            (passed("apply"), passed("apply-twice", answer), passed("restore")),
        )
        for version, description, answer in [
            ("9f2c1d3e4a5b", "create orders", "idempotent"),
            ("0a1b2c3d4e5f", "add a unique index on the customers' electronic mail address, folded", "refuses"),
        ]
    ),
    seconds=3.21,
)

UNSAFE = Report(
    "check",
    "plain",
    SERVER,
    BASELINE,
    (
        MigrationReport("0004", "role", (Path("migrations/0004_role.sql"),), (passed("apply"),), (SECRET,)),
        MigrationReport(
            "0005",
            "cents",
            (Path("migrations/0005_cents.sql"),),
            (
                passed("apply"),
                CheckResult("apply-twice", Outcome.FAILED, "diverges", "the second run changed rows", (DIVERGES,), 0.5),
                passed("restore"),
            ),
            second_run=SecondRun(
                "idempotent",
                (
                    StatementAgain(Location(Path("migrations/0005_cents.sql"), 1, 1), Repeatable.GUARDED),
                    StatementAgain(
                        Location(Path("migrations/0005_cents.sql"), 3, 1), Repeatable.RE_RUNNABLE, "a reason"
                    ),
                ),
                "diverges",
            ),
        ),
        MigrationReport(
            "0006",
            "required",
            (Path("migrations/0006_required.sql"),),
            (
                CheckResult("apply", Outcome.FAILED, "fails", "the server refused a statement", (NULLS,), 0.1),
                CheckResult("apply-twice", Outcome.NOT_CHECKED, reason="it fails the first time"),
                passed("restore"),
            ),
            (REFUSED,),
        ),
        MigrationReport(
            "0007",
            "",
            (),
            (
                CheckResult("apply", Outcome.FAILED, reason="the tool ended with exit code 1"),
                CheckResult("apply-twice", Outcome.NOT_CHECKED, reason="0006 before it fails"),
                CheckResult("restore", Outcome.NOT_CHECKED, reason="0006 before it fails"),
            ),
        ),
    ),
    findings=(Finding("history-no-down", Severity.WARNING, "0005 has no way back.", location=Location(object="0005")),),
    not_checked={"data": "left out by the settings"},
    seconds=12.5,
)

NASTY_NAMES = Report(
    NASTY,
    NASTY,
    ServerReport(NASTY, NASTY, {NASTY: NASTY}),
    BaselineReport(NASTY, NASTY, 1, 1),
    (
        MigrationReport(
            NASTY,
            NASTY,
            (Path("a\udcffb") / NASTY.replace("\x00", ""),),
            (
                CheckResult(
                    NASTY,
                    Outcome.FAILED,
                    NASTY,
                    NASTY,
                    (
                        Finding(
                            NASTY,
                            Severity.NOTE,
                            f"{NASTY} postgresql://app:hunter2@host/db?x=1",
                            NASTY,
                            Location(Path("a\udcffb.sql"), 1, 2, NASTY),
                            (Evidence(NASTY, NASTY),),
                        ),
                    ),
                ),
            ),
            (
                Statement(
                    NASTY,
                    1.0,
                    NASTY,
                    locks=(Lock(NASTY, NASTY, ("reads",), 1.0),),
                    rewrites=(Rewrite(NASTY, NASTY, NASTY),),
                    scans=(Scan(NASTY, 1, whole=False),),
                ),
            ),
            not_traced=NASTY,
            second_run=SecondRun(
                "unknown", (StatementAgain(Location(object=NASTY), Repeatable.UNKNOWN, NASTY),), NASTY
            ),
        ),
    ),
    not_checked={NASTY: NASTY},
)

MANY_CHECKS = Report(
    "check",
    "flyway",
    None,
    None,
    (
        MigrationReport(
            "1.2.10",
            "a story that is told in many checks, more than a line can hold",
            (),
            tuple(
                passed(check, answer)
                for check, answer in [
                    ("apply", ""),
                    ("apply-twice", "idempotent"),
                    ("crash", "recovers"),
                    ("rollback", "exact"),
                    ("data", "kept"),
                    ("restore", ""),
                    ("fresh-vs-upgraded", "equal"),
                ]
            ),
        ),
    ),
)

TRACED = Report(
    "check",
    "plain",
    SERVER,
    BASELINE,
    (
        MigrationReport(
            "0008",
            "wider amounts",
            (Path("migrations/0008_wider.sql"),),
            (passed("apply", "applies"),),
            (
                Statement("SET lock_timeout = '2s'", 0.1, "SET", state_after="I"),
                Statement("BEGIN", 0.1, "BEGIN", transaction=1, state_after="T", started=0.2),
                Statement(
                    "ALTER TABLE orders\n  ALTER COLUMN amount TYPE numeric(14, 2)",
                    412.5,
                    "ALTER TABLE",
                    transaction=1,
                    state_after="T",
                    location=Location(Path("migrations/0008_wider.sql"), 3, 1),
                    wal_bytes=8_321_000,
                    locks=(
                        Lock("public.orders", "ACCESS EXCLUSIVE", ("reads", "writes", "DDL"), 639.6),
                        Lock("public.orders_pkey", "ACCESS EXCLUSIVE", ("reads", "writes", "DDL"), 639.6),
                        Lock("public.orders", "SHARE", ("writes", "DDL"), 639.6),
                    ),
                    rewrites=(Rewrite("public.orders", "table", "column type"),),
                    scans=(Scan("public.orders", 40_000, whole=True),),
                    lock_timeout=2000,
                    growth=Growth.GROWING,
                    started=0.4,
                    scans_measured=True,
                ),
                Statement(
                    "UPDATE refunds SET amount = 0 WHERE amount IS NULL",
                    210.0,
                    "UPDATE 1200",
                    rows=1200,
                    transaction=1,
                    state_after="T",
                    locks=(Lock("public.refunds", "ROW EXCLUSIVE", ("DDL",), 227.0),),
                    started=413.0,
                ),
                Statement("COMMIT", 17.0, "COMMIT", transaction=1, state_after="I", started=623.0),
                Statement(
                    "CREATE INDEX CONCURRENTLY refunds_by_order ON refunds (order_id)",
                    95.0,
                    "CREATE INDEX",
                    state_after="I",
                    locks=(Lock("public.refunds", "SHARE UPDATE EXCLUSIVE", ("DDL",), 95.0),),
                    started=700.0,
                ),
            ),
        ),
    ),
    seconds=2.0,
)

NOTHING_NEW = Report("check", "golang-migrate", SERVER, BASELINE, (), seconds=0.4)

SAMPLES = {
    "safe": SAFE,
    "unsafe": UNSAFE,
    "nasty-names": NASTY_NAMES,
    "many-checks": MANY_CHECKS,
    "traced": TRACED,
    "nothing-new": NOTHING_NEW,
}
