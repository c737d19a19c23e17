"""Drives a service with the installed `aws` command: one JSON request per line on stdin, one JSON answer per line on stdout.

The command's own entry point is called in this process, since starting it anew takes most of a second. A request is
{"arguments": [...]}; an answer has the exit "status" and what was printed ("stdout", "stderr").
"""
import contextlib
import io
import json
import sys

from awscli.clidriver import create_clidriver


def call(arguments):
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        status = create_clidriver().main(arguments)
    return {'status': status, 'stdout': stdout.getvalue(), 'stderr': stderr.getvalue()}


requests, answers = sys.stdin, sys.stdout
print(json.dumps({'ready': True}), file=answers, flush=True)
for line in requests:
    print(json.dumps(call(json.loads(line)['arguments'])), file=answers, flush=True)
