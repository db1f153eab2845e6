"""Runs Alembic inside the project's own interpreter, for :mod:`migsafe.history.alembic`.

Started by its path with the project's Python (3.8 or newer, Alembic 1.7 or newer), so it imports nothing of migsafe but
its own files. It reads one JSON request a line from standard input, answers each with one JSON line on the standard
output it was started with, and ends when its input does. What ``env.py`` prints goes to a file and comes back in the
answer.

Every request runs in a fork: as fresh as ``alembic`` on the command line, without paying for the imports again. Where
there is no fork the process answers one request and ends; the caller starts another. Secrets come in requests only.
"""
