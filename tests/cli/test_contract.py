"""``migsafe contract`` from the outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from migsafe.cli import main
from tests.fix_project import Project

OLD = """\
openapi: 3.0.3
paths:
  /customers/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses:
        "200":
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Customer"}
components:
  schemas:
    Customer:
      type: object
      required: [id, email]
      properties:
        id: {type: integer}
        email: {type: string}
"""
NEW = OLD.replace("        email: {type: string}\n", "").replace("[id, email]", "[id]")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("old.yaml").write_text(OLD)
    Path("new.yaml").write_text(NEW)
    return tmp_path


def test_a_field_that_is_gone_breaks_and_has_its_place(project: Path) -> None:
    ran = CliRunner().invoke(main, ["contract", "old.yaml", "new.yaml", "--format", "gcc"])
    assert ran.exit_code == 1
    assert "new.yaml:17:1: error: Customer.email is gone" in ran.stdout


def test_a_field_that_is_new_breaks_nobody(project: Path) -> None:
    ran = CliRunner().invoke(main, ["contract", "new.yaml", "old.yaml", "--format", "json"])
    assert ran.exit_code == 0
    assert json.loads(ran.stdout)["migrations"][0]["checks"][0]["answer"] == "kept"


def test_a_document_is_compared_with_itself_at_a_git_ref(project: Path) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "--quiet"], ["add", "-A"], ["commit", "--quiet", "-m", "begin"]):
        subprocess.run(["git", *identity, *arguments], check=True, cwd=project)
    Path("old.yaml").write_text(NEW)
    ran = CliRunner().invoke(main, ["contract", "old.yaml@HEAD", "old.yaml"])
    assert ran.exit_code == 1
    assert "GET /customers/{id}" in ran.stdout


def test_what_a_document_refers_to_is_read_at_its_ref_too_wherever_it_was(project: Path) -> None:
    Path("parts").mkdir()
    Path("parts/customer.yaml").write_text("Customer:\n" + OLD.partition("    Customer:\n")[2])
    Path("api.yaml").write_text(OLD.replace("#/components/schemas", "parts/customer.yaml#"))
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "--quiet"], ["add", "-A"], ["commit", "--quiet", "-m", "begin"]):
        subprocess.run(["git", *identity, *arguments], check=True, cwd=project)
    Path("parts/customer.yaml").unlink()
    Path("parts").rmdir()
    ran = CliRunner().invoke(main, ["contract", "api.yaml@HEAD", "new.yaml", "--format", "gcc"])
    assert (ran.exit_code, "Customer.email is gone" in ran.stdout) == (1, True), ran.stderr
    assert "OpenAPI history" not in CliRunner().invoke(main, ["contract", "old.yaml", "new.yaml"]).stdout


@pytest.mark.parametrize("names", [("none.yaml", "new.yaml"), ("old.yaml@HEAD", "new.yaml")])
def test_a_document_that_is_not_there_is_said(project: Path, names: tuple[str, str]) -> None:
    ran = CliRunner().invoke(main, ["contract", *names])
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "can't be read" in ran.stderr


def test_without_a_document_there_is_no_contract_check_and_nothing_is_said_of_it(sql_project: Project) -> None:
    ran = sql_project.migsafe("check", "--check", "apply", "--format", "json")
    assert "contract" not in ran.output


def test_a_contract_check_without_a_document_is_a_usage_error(sql_project: Project) -> None:
    ran = sql_project.migsafe("check", "--check", "contract")
    assert (ran.exit_code, ran.output) == (2, "")
    assert "[contract] document" in ran.errors


def test_a_document_with_nothing_older_is_said_not_to_be_compared(sql_project: Project) -> None:
    sql_project.write({"openapi.yaml": OLD})
    ran = sql_project.migsafe(
        "check", "--check", "contract", "--format", "json", MIGSAFE_CONTRACT_DOCUMENT="openapi.yaml"
    )
    assert "openapi.yaml against its version before" in {each["subject"] for each in ran.report["not_checked"]}


def test_a_json_document_needs_no_yaml(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = {"old": {"type": "object", "required": ["a"], "properties": {"a": {}}}, "new": {"type": "object"}}
    for name, schema in documents.items():
        answer = {"200": {"content": {"application/json": {"schema": schema}}}}
        paths = {"/a": {"get": {"responses": answer}}}
        Path(f"{name}.json").write_text(json.dumps({"openapi": "3.1.0", "paths": paths}))
    monkeypatch.setitem(sys.modules, "migsafe.contract.yaml", None)
    ran = CliRunner().invoke(main, ["contract", "old.json", "new.json", "--format", "gcc"])
    assert (ran.exit_code, "a is gone" in ran.stdout) == (1, True), ran.output


def test_a_ref_without_git_says_that_git_is_missing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    ran = CliRunner().invoke(main, ["contract", "old.yaml@HEAD", "new.yaml"])
    assert (ran.exit_code, "git is needed" in ran.output) == (3, True), ran.output
