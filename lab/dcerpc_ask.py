#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dcerpc_ask.py SERVER map|tools: calls over DCE/RPC that a server of Samba has, by impacket."""
import sys

from impacket.dcerpc.v5 import epm, lsad, mgmt, rrp, samr, scmr, srvs, transport, tsch, wkst
from impacket.dcerpc.v5.rpcrt import RPC_C_AUTHN_LEVEL_CONNECT


def connect(server, interface, sign=None):
    found = epm.hept_map(server, interface, protocol="ncacn_ip_tcp")
    rpc = transport.DCERPCTransportFactory(found)
    rpc.set_credentials("root", "lab-secret", "CITY")
    dce = rpc.get_dce_rpc()
    if sign is not None:
        dce.set_auth_level(sign)
    dce.connect()
    dce.bind(interface)
    return dce


def tried(what, *args):
    try:
        return what(*args)
    except Exception as e:  # refusals are wanted, too
        print(what.__name__, e)
        return None


def ask_map(server):
    for interface in (samr.MSRPC_UUID_SAMR, lsad.MSRPC_UUID_LSAD, tsch.MSRPC_UUID_TSCHS):
        tried(lambda i=interface: print(epm.hept_map(server, i, protocol="ncacn_ip_tcp")))


def ask_tools(server):
    level = RPC_C_AUTHN_LEVEL_CONNECT
    dce = tried(connect, server, samr.MSRPC_UUID_SAMR, level)
    if dce:
        handle = tried(samr.hSamrConnect2, dce)
        if handle:
            tried(samr.hSamrLookupDomainInSamServer, dce, handle["ServerHandle"], "FILES")
    for interface, calls in (
            (scmr.MSRPC_UUID_SCMR, (lambda d: scmr.hROpenSCManagerW(d),)),
            (srvs.MSRPC_UUID_SRVS, (lambda d: srvs.hNetrShareEnum(d, 1), lambda d: srvs.hNetrShareGetInfo(d, "share\0", 1))),
            (wkst.MSRPC_UUID_WKST, (lambda d: wkst.hNetrWkstaGetInfo(d, 100),)),
            (rrp.MSRPC_UUID_RRP, (lambda d: rrp.hBaseRegOpenKey(
                d, rrp.hOpenLocalMachine(d)["phKey"], "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"),)),
            (mgmt.MSRPC_UUID_MGMT, (lambda d: mgmt.hinq_if_ids(d),))):
        dce = tried(connect, server, interface, level)
        for call in calls if dce else ():
            tried(call, dce)


{"map": ask_map, "tools": ask_tools}[sys.argv[2]](sys.argv[1])
