# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# SMB: Samba's smbd and smbclient; log-ons good and bad, shares listed, files fetched, stored,
# renamed and deleted, over SMB 3.1.1, encrypted, over 2.1 and over NT1, also with a NetBIOS session.

versions() { dpkg-query -W samba smbclient; }

servers()
{
    mkdir -p "$work/smb/private" "$work/smb/run" "$work/smb/state" "$work/smb/cache" "$work/smb/lock" \
        "$work/share" "$work/secret" "$work/www"
    /usr/bin/python3 "$here/content.py" "$work/www"
    cp "$work/www/form.pdf" "$work/share/form.pdf"
    printf 'Minutes of the council\n' >"$work/share/minutes.txt"
    chmod -R a+rwX "$work/share" "$work/secret"
    cat >"$work/smb.conf" <<EOF
[global]
    workgroup = CITYHALL
    netbios name = FILES
    server string = file server
    server min protocol = NT1
    ntlm auth = ntlmv2-only
    map to guest = never
    guest account = nobody
    private dir = $work/smb/private
    pid directory = $work/smb/run
    state directory = $work/smb/state
    cache directory = $work/smb/cache
    lock directory = $work/smb/lock
    ncalrpc dir = $work/smb/ncalrpc
    passdb backend = smbpasswd:$work/smb/private/smbpasswd
    log file = $work/smb/log
    load printers = no
    printing = bsd
    disable spoolss = yes
    interfaces = eth0
    bind interfaces only = yes
[public]
    path = $work/share
    read only = no
    force user = root
[secret]
    path = $work/secret
    valid users = nobody
EOF
    printf 'secret\nsecret\n' | smbpasswd -c "$work/smb.conf" -s -a root >/dev/null 2>&1
    server_bg smbd -F --no-process-group -s "$work/smb.conf"
    wait_tcp 445
    wait_tcp 139
}

# A name of the client's own, and none of this machine's configuration.
talk()  # SHARE COMMANDS OPTIONS...
{
    local share=$1 commands=$2
    shift 2
    ( cd "$work" && client smbclient -s /dev/null --option='netbios name=PC10' "//$server_ip/$share" -U 'CITYHALL\root%secret' \
        --option='client min protocol=NT1' -c "$commands" "$@" >>"$work/client.log" 2>&1 || true )
}

case_files() { talk public 'ls; get form.pdf; put www/form.pdf copy.pdf; rename copy.pdf old.pdf; del old.pdf; mkdir minutes; rmdir minutes' -m SMB3_11; }
case_smb2() { talk public 'get minutes.txt; put minutes.txt new.txt; more nothing.txt; del new.txt' -m SMB2_10; }
case_refused() { talk public ls -U 'CITYHALL\root%wrong' -m SMB3; talk secret ls -m SMB3; talk nothere ls -m SMB3; }
case_encrypted() { talk public 'get minutes.txt' -m SMB3_11 --client-protection=encrypt; }
case_signed() { talk public 'ls' -m SMB3_02 --client-protection=sign; }
case_shares()
{
    client smbclient -s /dev/null --option='netbios name=PC10' -L "//$server_ip" -U 'CITYHALL\root%secret' -m SMB3 >>"$work/client.log" 2>&1 || true
}
case_nt1() { talk public 'ls; get form.pdf; put www/form.pdf copy.pdf; rename copy.pdf old.pdf; del old.pdf; mkdir minutes; rmdir minutes; more nothing.txt' -m NT1; }
case_nt1_netbios() { talk public 'get minutes.txt' -m NT1 -p 139; }
case_nt1_refused() { talk public ls -U 'CITYHALL\root%wrong' -m NT1; }
case_nt1_shares()
{
    client smbclient -s /dev/null --option='netbios name=PC10' --option='client min protocol=NT1' -L "//$server_ip" -U 'CITYHALL\root%secret' -m NT1 >>"$work/client.log" 2>&1 || true
}
case_rpc()
{
    client rpcclient -s /dev/null --option='netbios name=PC10' "$server_ip" -U 'CITYHALL\root%secret' -c 'srvinfo; enumdomusers; netshareenum; lsaquery' \
        >>"$work/client.log" 2>&1 || true
}
