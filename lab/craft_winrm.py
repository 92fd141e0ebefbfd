# SPDX-License-Identifier: Apache-2.0
"""WinRM in clear: a shell with a command, WMI's Create, a fault; encrypted messages; log-on by Basic and NTLM."""
import base64
import struct

from craft import Talk, ether
from packets import ETHERNET

ACTION = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"


def soap(action, body="", resource=SHELL + "/cmd", selector=""):
    return (f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><a:To>http://10.30.1.80:5985/wsman</a:To>'
            f'<w:ResourceURI s:mustUnderstand="true">{resource}</w:ResourceURI><a:Action s:mustUnderstand="true">{action}</a:Action>'
            f'<a:MessageID>uuid:11111111-2222-4333-8444-555555555555</a:MessageID>{selector}</s:Header><s:Body>{body}</s:Body>'
            f'</s:Envelope>').encode()


def post(body, *fields, kind="application/soap+xml;charset=UTF-8"):
    head = ["POST /wsman HTTP/1.1", "Host: 10.30.1.80:5985", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def answer(body, status="200 OK", kind="application/soap+xml;charset=UTF-8"):
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def talk(*turns, sport=50000):
    t = Talk(sport=sport, dport=5985)
    for who, data in turns:
        t.data(who, data, 1200)
    t.close()
    return [ether(p) for p in t.packets]


def authenticate():
    """NTLM's third message, its responses left empty."""
    texts = [t.encode("utf-16-le") for t in ("", "", "CITY", "clerk", "PC10", "")]
    at, head, tail = 88, b"NTLMSSP\0" + struct.pack("<I", 3), b""
    for text in texts:
        head += struct.pack("<HHI", len(text), len(text), at + len(tail))
        tail += text
    return head + struct.pack("<I", 0xe2888215) + b"\x0a\0\x61\x4a\0\0\0\x0f" + b"\0" * 16 + tail


PICK = '<w:SelectorSet><w:Selector Name="ShellId">6B29FC40-CA47-1067-B31D-00DD010662DA</w:Selector></w:SelectorSet>'


def case_shell():
    basic = "Authorization: Basic " + base64.b64encode(b"clerk:lab-secret").decode()
    created = soap(ACTION + "CreateResponse", "<rsp:Shell><rsp:ShellId>6B29FC40-CA47-1067-B31D-00DD010662DA</rsp:ShellId></rsp:Shell>")
    command = '<rsp:CommandLine><rsp:Command>&quot;cmd.exe&quot;</rsp:Command><rsp:Arguments>/c</rsp:Arguments>' \
        '<rsp:Arguments>whoami &amp; net user &lt;x&gt; &odd;</rsp:Arguments></rsp:CommandLine>'
    ran = soap(SHELL + "/CommandResponse", "<rsp:CommandResponse><rsp:CommandId>77DF7BB6-B5A0-4777-ABD9-9823C0774074</rsp:CommandId></rsp:CommandResponse>")
    receive = '<rsp:Receive><rsp:DesiredStream CommandId="77DF7BB6-B5A0-4777-ABD9-9823C0774074">stdout</rsp:DesiredStream></rsp:Receive>'
    done = soap(SHELL + "/ReceiveResponse", '<rsp:ReceiveResponse><rsp:Stream Name="stdout">Y2l0eQ==</rsp:Stream><rsp:ExitCode>0</rsp:ExitCode></rsp:ReceiveResponse>')
    return ETHERNET, talk(
        (0, post(soap(ACTION + "Create", "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams></rsp:Shell>"), basic)), (1, answer(created)),
        (0, post(soap(SHELL + "/Command", command, selector=PICK))), (1, answer(ran)),
        (0, post(soap(SHELL + "/Receive", receive, selector=PICK))), (1, answer(done)),
        (0, post(soap(ACTION + "Delete", selector=PICK))), (1, answer(soap(ACTION + "DeleteResponse"))))


def case_wmi():
    wmi = "http://schemas.microsoft.com/wbem/wsman/1/wmi" + "/root" + "/cimv2/Win32_Process"
    fault = soap("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", '<s:Fault><s:Reason><s:Text xml:lang="">Access is denied. </s:Text></s:Reason>'
                 '<s:Detail><f:WSManFault Code="5" Machine="files"/></s:Detail></s:Fault>')
    token = "Authorization: Negotiate " + base64.b64encode(authenticate()).decode()
    return ETHERNET, talk(
        (0, post(soap(wmi + "/Create", "<p:Create_INPUT><p:CommandLine>calc.exe</p:CommandLine></p:Create_INPUT>", wmi), token)),
        (1, answer(fault, "500 Internal Server Error")),
        (0, post(soap(ACTION + "Get", "x" * 20000, wmi))), (1, answer(b"<s:Envelope><s:Body/>")))


def case_encrypted():
    kind = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
    body = b'--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\tOriginalContent: ' \
        b'type=application/soap+xml;charset=UTF-8;Length=9\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n' \
        b'\x10\0\0\0\1\0\0\0sealed-text-here--Encrypted Boundary--\r\n'
    token = "Authorization: NTLM " + base64.b64encode(authenticate()).decode()
    return ETHERNET, talk((0, post(body, token, kind=kind)), (1, answer(body, kind=kind)), (0, post(body, kind=kind)), (1, answer(b"", "401 Unauthorized")))
