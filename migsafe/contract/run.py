"""The comparison of two documents as a report."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

from migsafe.contract.compare import compare_documents
from migsafe.contract.document import open_document
from migsafe.findings import CheckResult, MigrationReport, Outcome, Report, Severity

NOT_COMPARED = {
    "examples, descriptions, tags, links and encodings": "they bind nobody, or nothing is known of what they bind",
}


def contract(old: str, new: str, root: Path, today: date) -> Report:
    """Whether clients of ``old`` get along with a server of ``new``; names are as in :func:`open_document`."""
    started = time.monotonic()
    before, after = open_document(old, root), open_document(new, root)
    findings = compare_documents(before, after, today)
    breaks = any(finding.severity is Severity.ERROR for finding in findings)
    outcome = Outcome.FAILED if breaks else Outcome.PASSED
    seconds = time.monotonic() - started
    reason = "clients of the old document break" if breaks else ""
    result = CheckResult("contract", outcome, "breaks" if breaks else "kept", reason, findings, seconds)
    step = MigrationReport(new, f"against {old}", (after.file,), (result,))
    return Report("contract", "OpenAPI", None, None, (step,), not_checked=NOT_COMPARED, seconds=seconds)
