"""Speaks WS-Management sealed with Kerberos, with MIT's GSS-API library doing
the log-on and the sealing. Arguments: host, port, service principal, scheme
(Negotiate or Kerberos). Standard input: one SOAP request a line. Prints a JSON
list of [HTTP status, opened answer]."""
import base64
import http.client
import json
import struct
import sys

import gssapi
from gssapi.raw import ext_dce

host, port, principal, scheme = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
PROTOCOL = "application/HTTP-%s-session-encrypted" % ("Kerberos" if scheme == "Kerberos" else "SPNEGO")
MECHANISMS = {"Kerberos": "1.2.840.113554.1.2.2", "Negotiate": "1.3.6.1.5.5.2"}
MARK = b"--Encrypted Boundary"

name = gssapi.Name(principal, gssapi.NameType.kerberos_principal)
flags = [gssapi.RequirementFlag.mutual_authentication, gssapi.RequirementFlag.replay_detection,
         gssapi.RequirementFlag.out_of_sequence_detection, gssapi.RequirementFlag.confidentiality,
         gssapi.RequirementFlag.integrity]
context = gssapi.SecurityContext(name=name, mech=gssapi.OID.from_int_seq(MECHANISMS[scheme]), flags=flags, usage="initiate")
connection = http.client.HTTPConnection(host, port, timeout=30)


def post(body, headers):
    connection.request("POST", "/wsman", body, headers)
    answer = connection.getresponse()
    return answer, answer.read()


reply = None
while not context.complete:
    token = context.step(reply)
    if token is None:
        break
    answer, _ = post(b"", {"Authorization": scheme + " " + base64.b64encode(token).decode(), "Content-Length": "0"})
    header = answer.getheader("WWW-Authenticate", "")
    reply = base64.b64decode(header.split(" ", 1)[1]) if " " in header else None
    if answer.status != 200:
        sys.exit("log-on refused: HTTP %d" % answer.status)
if not context.complete:
    sys.exit("the context is not complete")

results = []
for line in sys.stdin.buffer:
    message = line.strip()
    buffers = ext_dce.IOV(ext_dce.IOVBufferType.header, message, ext_dce.IOVBufferType.padding, std_layout=False)
    ext_dce.wrap_iov(context, buffers, confidential=True, qop=None)
    header, data = buffers[0].value, buffers[1].value + (buffers[2].value or b"")
    body = (MARK + b"\r\n\tContent-Type: " + PROTOCOL.encode() + b"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=" +
            str(len(data)).encode() + b"\r\n" + MARK + b"\r\n\tContent-Type: application/octet-stream\r\n" +
            struct.pack("<I", len(header)) + header + data + MARK + b"--\r\n")
    answer, got = post(body, {"Content-Type": 'multipart/encrypted;protocol="%s";boundary="Encrypted Boundary"' % PROTOCOL})
    sealed = got.split(b"\tContent-Type: application/octet-stream\r\n", 1)[1][:-len(MARK + b"--\r\n")]
    n = struct.unpack("<I", sealed[:4])[0]
    buffers = ext_dce.IOV((ext_dce.IOVBufferType.header, False, sealed[4:4 + n]), sealed[4 + n:],
                          (ext_dce.IOVBufferType.data, False, b""), std_layout=False)
    ext_dce.unwrap_iov(context, buffers)
    results.append([answer.status, buffers[1].value.decode()])
json.dump(results, sys.stdout)
