# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# SNMP: snmpd answers the Net-SNMP tools in versions 1, 2c and 3; nobody listens for the traps.

versions() { snmpget -V 2>&1; }

servers()
{
    mkdir -p "$work/snmp"
    cat >"$work/snmpd.conf" <<CONF
agentaddress udp:161,udp6:161
rocommunity public default .1.3.6.1.2.1.1
rocommunity6 public default .1.3.6.1.2.1.1
rwcommunity s3cret default .1.3.6.1.2.1.1
createUser reader SHA readers-pass AES readers-key
createUser plain
createUser signer MD5 signers-pass
rouser reader priv .1.3.6.1.2.1.1
rouser signer auth .1.3.6.1.2.1.1
rouser plain noauth .1.3.6.1.2.1.1
sysName switch3.city.example
sysDescr City Hall access switch
sysLocation 市役所3階
sysContact netops@city.example
CONF
    export SNMP_PERSISTENT_DIR=$work/snmp MIBS=
    server_bg snmpd -f -C -c "$work/snmpd.conf" -Lo -I '-smux,lmSensors,diskio'
    sleep 1
}

ask() { client timeout 5 "$@" >/dev/null 2>&1 || true; }

case_v1()
{
    ask snmpget -v1 -c public "$server_ip" .1.3.6.1.2.1.1.1.0 .1.3.6.1.2.1.1.3.0 .1.3.6.1.2.1.1.5.0
    ask snmpget -v1 -c public "$server_ip" .1.3.6.1.2.1.1.99.0
    ask snmpset -v1 -c public "$server_ip" .1.3.6.1.2.1.1.6.0 s elsewhere
    ask snmpget -v1 -c wrong -t 1 -r 1 "$server_ip" .1.3.6.1.2.1.1.1.0
}
case_v2c()
{
    ask snmpbulkwalk -v2c -c public -Cr5 "$server_ip" .1.3.6.1.2.1.1
    ask snmpgetnext -v2c -c public "udp6:[$server_ip6]" .1.3.6.1.2.1.1.6
    ask snmpset -v2c -c s3cret "$server_ip" .1.3.6.1.2.1.1.4.0 i 5
    ask snmpget -v2c -c public "$server_ip" .1.3.6.1.2.1.99.1.0
}
case_v3()
{
    ask snmpget -v3 -u reader -l authPriv -a SHA -A readers-pass -x AES -X readers-key "$server_ip" .1.3.6.1.2.1.1.1.0
    ask snmpget -v3 -u signer -l authNoPriv -a MD5 -A signers-pass "$server_ip" .1.3.6.1.2.1.1.5.0
    ask snmpget -v3 -u plain -l noAuthNoPriv "$server_ip" .1.3.6.1.2.1.1.2.0
    ask snmpget -v3 -u stranger -l authNoPriv -a MD5 -A strangers-pass "$server_ip" .1.3.6.1.2.1.1.5.0
}
case_traps()
{
    ask snmptrap -v1 -c public "$server_ip" .1.3.6.1.4.1.8072.3.2.10 10.30.1.10 6 17 4711 .1.3.6.1.2.1.1.5.0 s pc10
    ask snmptrap -v1 -c public "$server_ip" .1.3.6.1.4.1.8072.3.2.10 10.30.1.10 2 0 4711
    ask snmptrap -v2c -c public "$server_ip" 4711 .1.3.6.1.6.3.1.1.5.5
    ask snmpinform -r 0 -v2c -c public "$server_ip" 4711 .1.3.6.1.6.3.1.1.5.4 .1.3.6.1.2.1.2.2.1.1.2 i 2
    ask snmptrap -v3 -e 0x8000000001020304 -u trapper -l authNoPriv -a SHA -A trap-pass-1 "$server_ip" 4711 .1.3.6.1.6.3.1.1.5.1
}
