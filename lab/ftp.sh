# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# FTP: vsftpd with curl and lftp, active, passive and extended, over IPv4 and IPv6, and under TLS.

versions() { dpkg-query -W vsftpd lftp curl; }

servers()
{
    mkdir -p "$work/ftp/pub" "$work/empty" "$work/in"
    printf 'minutes of the city council\n' >"$work/ftp/pub/minutes.txt"
    head -c 3000 /dev/zero | tr '\0' 'x' >"$work/ftp/pub/form.bin"
    mkdir -p "$work/ftp/upload"
    chown -R ftp "$work/ftp/upload" && chmod 777 "$work/ftp/upload"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -subj '/O=Sample City/CN=files.city.example' -days 365 2>/dev/null
    vsftpd_conf NO >"$work/vsftpd.conf"
    vsftpd_conf YES | sed 's/^listen_port=.*/listen_port=2121/' >"$work/vsftpd-tls.conf"
    server_bg /usr/sbin/vsftpd "$work/vsftpd.conf"
    server_bg /usr/sbin/vsftpd "$work/vsftpd-tls.conf"
    wait_tcp 21
    wait_tcp 2121
}

vsftpd_conf()  # TLS: YES or NO
{
    cat <<CONF
listen=NO
listen_ipv6=YES
listen_port=21
background=NO
anonymous_enable=YES
anon_root=$work/ftp
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_umask=022
write_enable=YES
local_enable=NO
secure_chroot_dir=$work/empty
ftpd_banner=files.city.example FTP
seccomp_sandbox=NO
port_enable=YES
connect_from_port_20=NO
pasv_min_port=40000
pasv_max_port=40100
ssl_enable=$1
allow_anon_ssl=YES
rsa_cert_file=$work/cert.pem
rsa_private_key_file=$work/key.pem
CONF
}

get() { client timeout 10 curl -s -o /dev/null "$@" || true; }

case_passive() { get --disable-epsv "ftp://$server_ip/pub/minutes.txt"; }
case_extended() { get "ftp://$server_ip/pub/form.bin"; }
case_active() { get -P - --disable-eprt "ftp://$server_ip/pub/minutes.txt"; }
case_ipv6() { get "ftp://[$server_ip6]/pub/minutes.txt"; get -P - "ftp://[$server_ip6]/pub/minutes.txt"; }
case_list() { get "ftp://$server_ip/pub/"; get -l "ftp://$server_ip/pub/"; }
case_upload()
{
    printf 'report of the day\n' >"$work/in/report.txt"
    get -T "$work/in/report.txt" "ftp://$server_ip/upload/report.txt"
    get -T "$work/in/report.txt" -a "ftp://$server_ip/upload/report.txt"
}
case_refused() { get "ftp://clerk:secret@$server_ip/pub/minutes.txt"; get "ftp://$server_ip/pub/none.txt"; }
case_tls() { get -k --ssl-reqd "ftp://$server_ip:2121/pub/minutes.txt"; }
case_lftp() { client timeout 10 lftp -e 'set net:timeout 5; set ftp:ssl-allow no; cd pub; get minutes.txt -o /dev/null; mirror . '"$work/mirror"'; bye' "ftp://$server_ip" >/dev/null 2>&1 || true; }
case_commands()
{
    { for line in 'SYST' 'USER ftp' 'PASS clerk@city.example' 'FEAT' 'PWD' 'CWD pub' 'CDUP' 'SIZE pub/form.bin' 'MDTM pub/form.bin' 'TYPE I' 'NOSUCH x' \
          'CWD upload' 'MKD new' 'RNFR new' 'RNTO old' 'RMD old' 'EPSV 9' 'PORT 10,30,1,99,0,80' 'EPRT |1|10.30.1.10|99999|' 'STAT' 'REIN' 'QUIT'; do
          sleep 0.1
          printf '%s\r\n' "$line"
      done
      sleep 0.3; } | client nc -q 1 "$server_ip" 21 >/dev/null
}
