# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# TFTP: tftpd-hpa with curl and tftp-hpa, with options and without.

versions() { dpkg-query -W tftpd-hpa tftp-hpa curl; }

servers()
{
    mkdir -p "$work/tftp"
    head -c 1300 /dev/zero | tr '\0' 'x' >"$work/tftp/firmware.bin"
    printf 'hostname sw1\n' >"$work/tftp/startup-config"
    : >"$work/tftp/upload.cfg"
    chmod -R a+rwX "$work/tftp"
    server_bg /usr/sbin/in.tftpd -L -s -u nobody -a "$server_ip:69" "$work/tftp"
    sleep 0.5
}

get() { client timeout 10 curl -s -o /dev/null "$@" || true; }

case_read() { get --tftp-no-options "tftp://$server_ip/firmware.bin"; }
case_options() { get --tftp-blksize 1024 "tftp://$server_ip/firmware.bin"; }
case_missing() { get "tftp://$server_ip/none.bin"; }
case_write()
{
    printf 'hostname sw2\n' >"$work/up"
    get -T "$work/up" "tftp://$server_ip/upload.cfg"
}
case_netascii() { client timeout 10 sh -c "cd $work; printf 'mode netascii\nget startup-config\nquit\n' | tftp $server_ip" >/dev/null || true; }
