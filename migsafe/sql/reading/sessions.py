"""Transactions, settings and DO."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from postgast import pg_query_pb2 as pb

from migsafe.sql.actions import Action, Do, SetVariable, Transaction

_TRANSACTIONS = {
    pb.TRANS_STMT_BEGIN: "begin",
    pb.TRANS_STMT_START: "begin",
    pb.TRANS_STMT_COMMIT: "commit",
    pb.TRANS_STMT_ROLLBACK: "rollback",
    pb.TRANS_STMT_SAVEPOINT: "savepoint",
    pb.TRANS_STMT_RELEASE: "release",
    pb.TRANS_STMT_ROLLBACK_TO: "rollback to",
    pb.TRANS_STMT_PREPARE: "commit",
}


def transaction(node: pb.TransactionStmt) -> Iterator[Action]:
    what = _TRANSACTIONS.get(node.kind, "other")
    yield Transaction(what)
    if node.chain:
        yield Transaction("begin")


def set_variable(node: pb.VariableSetStmt) -> Iterator[Action]:
    if node.kind in (pb.VAR_SET_VALUE, pb.VAR_SET_CURRENT, pb.VAR_SET_MULTI):
        value: str | None = ", ".join(_constant(each.a_const) for each in node.args)
    else:
        value = None
    yield SetVariable(node.name.lower(), value, node.is_local)


def _constant(node: pb.A_Const) -> str:
    match node.WhichOneof("val"):
        case "ival":
            return str(node.ival.ival)
        case "fval":
            return str(node.fval.fval)
        case "boolval":
            return "on" if node.boolval.boolval else "off"
        case _:
            return str(node.sval.sval)


def do(node: pb.DoStmt) -> Iterator[Action]:
    options = {each.def_elem.defname: each.def_elem.arg.string.sval for each in node.args}
    yield Do(options.get("language", "plpgsql").lower())


READERS: Mapping[str, Callable[[Any], Iterator[Action]]] = {
    "transaction_stmt": transaction,
    "variable_set_stmt": set_variable,
    "do_stmt": do,
}
