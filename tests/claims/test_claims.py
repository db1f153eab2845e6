"""What a rule claims is what a server does: its bad example shows it, its good one doesn't; on every version here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from migsafe.errors import ServerUnavailable
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.rules import Rule, rules
from migsafe.rules.claims import PROVED_ON, Answers, Claim, Locks, Nothing, Says
from tests.claims.running import Example, example
from tests.rules.test_examples import lint

RULES = tuple(rules().values())


@pytest.fixture(scope="module", params=PROVED_ON, ids=lambda major: f"PostgreSQL {major}")
def major(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of the version, wherever it can be had here."""
    settings = ServerSettings(version=request.param, image=f"migsafe/postgres:{request.param}")
    try:
        with servers.start(settings) as running:
            yield running
    except ServerUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_bad_example_shows_what_the_rule_claims_and_the_good_one_does_not(major: Server, rule: Rule) -> None:
    assert rule.claims
    with example(major, rule) as before:
        asked = [claim for claim in rule.claims if isinstance(claim, Answers)]
        first = {}
        for claim in asked:
            with before.clone() as database:
                first[claim] = before.answer(database, claim)
        good, bad = Examined(before, rule.good, first), Examined(before, rule.bad, first)
    if major.major < rule.since:
        assert {*good.seen.said, *bad.seen.said} & {"42601", "0A000"}, "they run before the version that is named"
        return
    refused = [each.error_message for each in good.seen.statements if each.error]
    assert not refused, "a server refuses the good example"
    assert any(isinstance(claim, Says) for claim in rule.claims) or not any(each.error for each in bad.seen.statements)
    for claim in rule.claims:
        assert bad.shows(claim), f"not so: {claim}"
        assert isinstance(claim, Nothing) or not good.shows(claim), f"the good example does it too: {claim}"


class Examined:
    """One script of a rule on a clone of its own, and what became of each claim."""

    def __init__(self, before: Example, script: str, first: Mapping[Answers, tuple[bool, str]]) -> None:
        self.rule = before.rule
        self.is_bad = script == before.rule.bad
        self.first, self.last = first, {}
        with before.clone() as database:
            self.seen = before.run(database, script)
            for claim in first:
                for _ in range(1, claim.runs):
                    before.run(database, script)
                self.last[claim] = before.answer(database, claim)

    def shows(self, claim: Claim) -> bool:
        if isinstance(claim, Locks):
            return self._locks(claim)
        if isinstance(claim, Says):
            return claim.sqlstate in self.seen.said
        if isinstance(claim, Answers):
            return _is(self.first[claim], claim.before) and _is(self.last[claim], claim.after)
        return True

    def _locks(self, claim: Locks) -> bool:
        """In the bad example the mode is exact, and the relation is the one that is named."""
        shown = [(each.relation, each.mode) for each in claim.shown(self.seen.statements)]
        if not self.is_bad:
            return any(relation.endswith(f".{claim.relation}") or not claim.relation for relation, _ in shown)
        named = claim.relation or str(next(iter(lint(self.rule, self.rule.bad))).location.object)
        return any(f".{relation}".endswith(f".{named}") and mode is claim.mode for relation, mode in shown)


def _is(answer: tuple[bool, str], expected: str | None) -> bool:
    accepted, text = answer
    return accepted if expected is None else text == expected
