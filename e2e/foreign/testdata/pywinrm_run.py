"""Runs commands through pywinrm. Reads a JSON object from standard input:
url, options for winrm.Session, and a list of calls [method, argument, ...].
Prints a JSON list: for each call the exit code and both outputs, or the
exception it raised."""
import json
import sys

import winrm

job = json.load(sys.stdin)
session = winrm.Session(job["url"], auth=(job.get("user"), job.get("password")), **job["options"])
results = []
for call in job["calls"]:
    try:
        answer = getattr(session, call[0])(*call[1:])
        results.append({"code": answer.status_code, "out": answer.std_out.decode(), "err": answer.std_err.decode()})
    except Exception as e:  # whatever it is, the test wants to see it
        results.append({"exception": type(e).__name__, "text": str(e)})
json.dump(results, sys.stdout)
